// Who sets the password of an account counts on which organizations it opens: on Postgres another server may add one.

import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openIdentity } from '../../test/support/identity.ts'
import { startPostgres } from '../../test/support/postgres.ts'

it('an account joins nothing on another server while a unit looks at it', async () => {
  await using cleanups = new AsyncDisposableStack()
  const server = await startPostgres()
  cleanups.defer(() => server.close())
  const url = await server.createDatabase()
  const [one, two] = [await openIdentity(url), await openIdentity(url)]
  for (const { store } of [one, two]) cleanups.defer(() => store.close())
  const { organization } = await one.identity.bootstrap()
  const bob = { email: 'bob@example.test', name: 'Bob', role: 'member', teams: [] } as const
  await one.change((people) => people.addMember(organization.id, bob))
  const other = await one.change((people) => people.createOrganization({ name: 'Globex', slug: 'globex' }))
  const order: string[] = []
  let joining: Promise<unknown> = Promise.resolve()
  await one.change(async (people) => {
    await people.account(bob.email)
    joining = two.change((others) => others.addMember(other.id, bob)).then(() => order.push('joined'))
    // Long enough for the other to be done, if it did not wait.
    await setTimeout(300)
    expect((await people.account(bob.email))?.organizations).toEqual([organization.id])
    order.push('looked')
  })
  await joining
  expect(order).toEqual(['looked', 'joined'])
})
