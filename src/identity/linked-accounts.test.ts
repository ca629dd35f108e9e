// Accounts of identity providers on the real engines, and a database that an earlier program made.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { errorOf } from '../../test/support/house.ts'
import { openIdentity } from '../../test/support/identity.ts'
import { usePostgres } from '../../test/support/use-postgres.ts'

const server = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(url: string) {
  const opened = await openIdentity(url)
  cleanups.push(() => opened.store.close())
  const { organization, owner } = await opened.identity.bootstrap()
  const added = await opened.change((people) =>
    people.addMember(organization.id, { email: 'bob@example.test', name: 'Bob', role: 'member', teams: [] }),
  )
  return { ...opened, owner: owner.id, bob: added.id }
}

const GITHUB = { provider: 'github', accountId: '42', name: 'bob' }
const LINEAR = { provider: 'linear', accountId: '42', name: 'Bob "the" 漢字' }

describe.each(['sqlite', 'postgres'] as const)('linked accounts on %s', (engine) => {
  const newUrl = async () => (engine === 'sqlite' ? 'sqlite::memory:' : server.createDatabase())

  it('are of one person each, known by provider and id, and no password', async () => {
    const { identity, change, owner, bob } = await open(await newUrl())
    const before = Date.now() - 1000
    for (const account of [GITHUB, LINEAR]) await change((people) => people.linkAccount(bob, account))
    expect(await identity.linkedPerson('github', '42')).toBe(bob)
    expect(await identity.linkedPerson('github', '43')).toBeNull()
    expect(await identity.linkedPerson('credential', bob)).toBeNull()
    const linked = await identity.linkedAccounts(bob)
    expect(linked).toMatchObject([GITHUB, LINEAR])
    for (const { linkedAt } of linked) expect(linkedAt).toBeGreaterThan(before)
    expect(await identity.hasPassword(bob)).toBe(false)
    const again = change((people) => people.linkAccount(owner, GITHUB))
    expect(await errorOf(again)).toMatchObject({
      code: 'conflict',
      message: 'This account is linked already.',
    })
    expect(await identity.linkedAccounts(owner)).toEqual([])
  })

  it('have an id: without one everybody would have the same', async () => {
    const { identity, change, bob } = await open(await newUrl())
    const nameless = change((people) => people.linkAccount(bob, { ...GITHUB, accountId: '' }))
    expect(await errorOf(nameless)).toMatchObject({ code: 'invalid' })
    expect(await identity.linkedPerson('github', '')).toBeNull()
  })

  it('are seen with the account, and unlinked one by one or all, the password left alone', async () => {
    const { identity, change, bob } = await open(await newUrl())
    await change((people) => people.setPassword(bob, 'a hash'))
    for (const account of [GITHUB, LINEAR]) await change((people) => people.linkAccount(bob, account))
    const [github, linear] = await identity.linkedAccounts(bob)
    const account = await change((people) => people.account('bob@example.test'))
    expect(account).toMatchObject({ id: bob, hasPassword: true })
    expect(account?.linked.map(({ id }) => id).sort()).toEqual([github?.id, linear?.id].sort())
    expect(await change((people) => people.unlinkAccounts(bob, 'none'))).toBe(false)
    expect(await change((people) => people.unlinkAccounts(bob, github?.id))).toBe(true)
    expect(await identity.linkedAccounts(bob)).toEqual([linear])
    expect(await change((people) => people.unlinkAccounts(bob))).toBe(true)
    expect(await change((people) => people.unlinkAccounts(bob))).toBe(false)
    expect(await identity.hasPassword(bob)).toBe(true)
  })
})

it('an older database gets the column that its table lacks', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'claviger-linked-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  const url = `sqlite:${join(directory, 'old.db')}`
  const { store } = await openIdentity(url)
  await store.close()
  const database = new DatabaseSync(join(directory, 'old.db'))
  database.exec('alter table person_account drop column label')
  database.exec("delete from kysely_migration where name = 'people-0003'")
  database.close()
  const { identity, change, bob } = await open(url)
  await change((people) => people.linkAccount(bob, GITHUB))
  expect(await identity.linkedAccounts(bob)).toMatchObject([GITHUB])
})
