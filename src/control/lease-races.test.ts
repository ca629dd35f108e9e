// What another server changes while a lease is decided: the lease is of what is there when it is stored, or is refused.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHouse, fakeKey, type House } from '../../test/support/house.ts'
import { usePostgres } from '../../test/support/use-postgres.ts'
import { openSqlStore, type SqlStore } from '../store/sql/sql-store.ts'
import type { Store } from '../store/store.ts'

const server = usePostgres()
let stores: SqlStore[]
let one: House
let two: House
/** Done once by the other server, after the next lease was decided and before it is stored. */
let meanwhile: (() => Promise<unknown>) | undefined

beforeAll(async () => {
  const url = await server.createDatabase()
  stores = [await openSqlStore({ url }), await openSqlStore({ url })]
  const key = randomBytes(32)
  const [first, second] = stores
  if (!first || !second) throw new Error('there are two')
  one = createHouse(interrupted(first.store), key)
  two = createHouse(second.store, key)
  await one.ask('ada', 'agents.create', { name: 'nightly' })
})

afterAll(async () => {
  for (const { close } of stores) await close()
})

function interrupted(store: Store): Store {
  return {
    ...store,
    additively: (work) =>
      store.additively((unit) =>
        work({
          ...unit,
          leases: {
            insert: async (row) => {
              await unit.leases.insert(row)
              const interruption = meanwhile
              meanwhile = undefined
              await interruption?.()
            },
          },
        }),
      ),
  }
}

const agent = () =>
  one.caller('bob', { kind: 'agent', id: 'nightly', name: 'nightly', agent: 'nightly', teams: [] })

async function lease(who: 'bob' | 'agent' = 'bob') {
  const { credential } = await one.ask(who === 'agent' ? agent() : 'bob', 'leases.create', {
    harness: 'claude',
  })
  return {
    name: credential?.name,
    key: credential?.fields['key']?.expose(),
    generation: credential?.generation,
  }
}

// Asked for before as well: what a server remembers must not matter.
async function given(name: string): Promise<string> {
  const id = await one.give('ada', 'org', name)
  await lease()
  return id
}

describe('a lease that is decided while another server', () => {
  it('deletes the credential is refused, and nothing is opened', async () => {
    const id = await given('deleted')
    const opened = one.opened()
    meanwhile = () => two.ask('ada', 'credentials.delete', { id })
    await expect(lease()).rejects.toMatchObject({ code: 'no_credential' })
    expect(one.opened()).toBe(opened)
    const leases = (await one.audit()).filter(
      ({ action, objectId }) => action === 'lease.create' && objectId === id,
    )
    expect(leases).toHaveLength(1)
  })

  it('stores a new value is of the new one', async () => {
    const id = await given('rotated')
    meanwhile = () => two.ask('ada', 'credentials.update', { id, fields: { key: fakeKey('second') } })
    expect(await lease()).toEqual({ name: 'rotated', key: fakeKey('second'), generation: 2 })
    expect(await lease()).toMatchObject({ key: fakeKey('second') })
    await two.ask('ada', 'credentials.delete', { id })
  })

  it('moves the credential to somebody else is refused', async () => {
    const id = await given('moved')
    meanwhile = () => two.ask('ada', 'credentials.move', { id, owner: 'me' })
    await expect(lease()).rejects.toMatchObject({ code: 'no_credential' })
    await two.ask('ada', 'credentials.delete', { id })
  })

  it('switches the harness off is refused, and that is in the audit', async () => {
    const id = await given('switched-off')
    meanwhile = () => two.ask('ada', 'harnesses.set', { harness: 'claude', enabled: false })
    await expect(lease()).rejects.toMatchObject({ code: 'forbidden' })
    const refused = (await one.audit()).filter(({ outcome }) => outcome === 'refused')
    expect(refused).toMatchObject([{ action: 'lease.create', objectKind: 'harness' }])
    await two.ask('ada', 'harnesses.set', { harness: 'claude', enabled: true })
    expect(await lease()).toMatchObject({ name: 'switched-off' })
    await two.ask('ada', 'credentials.delete', { id })
  })

  it('detaches the credential from the agent is refused', async () => {
    const id = await one.give('ada', 'org', 'attached')
    await one.ask('ada', 'agents.attach', { agent: 'nightly', credential: id })
    expect(await lease('agent')).toMatchObject({ name: 'attached' })
    meanwhile = () => two.ask('ada', 'agents.detach', { agent: 'nightly', credential: id })
    await expect(lease('agent')).rejects.toMatchObject({ code: 'no_credential' })
    await two.ask('ada', 'credentials.delete', { id })
  })
})
