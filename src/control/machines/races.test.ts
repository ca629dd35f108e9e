// What two servers on one Postgres do to the same agent at the same moment: whatever comes first, nothing is left behind
// that refers to what is gone, and nothing personal is attached.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHouse, type House } from '../../../test/support/house.ts'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import { openSqlStore, type SqlStore } from '../../store/sql/sql-store.ts'

const ROUNDS = 15

const server = usePostgres()
let stores: SqlStore[]
let one: House
let two: House

beforeAll(async () => {
  const url = await server.createDatabase()
  stores = [await openSqlStore({ url }), await openSqlStore({ url })]
  const key = randomBytes(32)
  const [first, second] = stores.map(({ store }) => createHouse(store, key))
  if (!first || !second) throw new Error('there are two')
  one = first
  two = second
})

afterAll(async () => {
  for (const { close } of stores) await close()
})

it('a credential moved to a person while it is attached is one or the other', async () => {
  await one.ask('ada', 'agents.create', { name: 'nightly' })
  const outcomes: string[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = await one.give('ada', 'org', `moving-${round}`)
    const done = await Promise.allSettled([
      one.ask('ada', 'agents.attach', { agent: 'nightly', credential: id }),
      two.ask('ada', 'credentials.move', { id, owner: 'me' }),
    ])
    for (const outcome of done) {
      if (outcome.status === 'rejected') expect(['conflict', 'invalid']).toContain(outcome.reason.code)
    }
    const { owner } = await one.ask('ada', 'credentials.get', { id })
    const attached = await one.ports.store.attachments.has('org-acme', 'nightly', id)
    outcomes.push(`${owner} ${attached}`)
  }
  expect(outcomes).not.toContain('user:ada true')
  expect(outcomes).toHaveLength(ROUNDS)
})

it('an agent that is deleted while others refer to it leaves nothing that does', async () => {
  const { store } = one.ports
  let deleted = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const agent = `agent-${round}`
    await one.ask('ada', 'agents.create', { name: agent })
    const expected = await one.ask('ada', 'workers.enrol', { name: `expected-${round}`, agent })
    const referring = [
      // Not in every round: an agent that owns something stays.
      ...(round % 3 === 0 ? [two.give('ada', `agent:${agent}`, 'own')] : []),
      two.ask('ada', 'agents.token', { agent, name: `token-${round}`, expiresInSeconds: null }),
      two.ask('ada', 'workers.enrol', { name: `new-${round}`, agent }),
      two.visit('workers.join', { code: expected.code.expose() }),
    ]
    const deleting = one.ask('ada', 'agents.delete', { agent }).then(
      () => true,
      () => false,
    )
    await Promise.allSettled(referring)
    const isGone = await deleting
    if (!isGone) continue
    deleted += 1
    expect(await store.agents.get('org-acme', agent)).toBeUndefined()
    expect(await store.credentials.list('org-acme', { owners: [`agent:${agent}`] }, { limit: 9 })).toEqual([])
    const workers = (await store.workers.list('org-acme')).filter((row) => row.agent === agent)
    expect(workers.filter((row) => row.revokedAt === null)).toEqual([])
    const ids = [agent, ...workers.map((row) => row.id)]
    const tokens = (await store.tokens.list('org-acme')).filter((row) => ids.includes(row.holderId))
    expect(tokens.filter((row) => row.revokedAt === null)).toEqual([])
  }
  expect(deleted).toBeGreaterThan(ROUNDS / 3)
})
