import { describe, expect, it, vi } from 'vitest'
import { createHouse, type House } from '../../../test/support/house.ts'
import { workerOf } from '../../../test/support/runs.ts'

const DAY = 24 * 3_600_000

async function listed(house: House, who: 'ada' | 'bob', request: object = {}) {
  return (await house.ask(who, 'credentials.list', request)).credentials
}

describe('what is shown of a credential beside its row', () => {
  it('is when it was last used and what uses it now', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    expect(await house.ask('bob', 'credentials.get', { id })).toMatchObject({
      ...{ lastUsedAt: null, usedBy: { leases: 0, runs: 0, agents: 0 }, account: null, endsAt: null },
      ...{ position: null, may: { manage: true, use: true }, users: { runs: [], agents: [] } },
    })
    const run = await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'Do it.' })
    const worker = await workerOf(house)
    const [claimed] = await worker.claim()
    if (claimed === undefined) throw new Error('nothing was claimed')
    await worker.lease(claimed)
    const usedAt = new Date(house.clock.now).toISOString()
    await vi.waitFor(async () => expect((await listed(house, 'bob'))[0]?.lastUsedAt).toBe(usedAt))
    expect(await house.ask('bob', 'credentials.get', { id })).toMatchObject({
      usedBy: { leases: 1, runs: 1, agents: 0 },
      users: { runs: [{ id: run.id, title: 'Do it.', state: 'booting', for: 'bob@example.test' }] },
    })
    house.clock.now += 30_000
    await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect((await listed(house, 'bob'))[0]).toMatchObject({ lastUsedAt: usedAt, usedBy: { leases: 2 } })
  })

  it('is the end that nobody can move, said or estimated', async () => {
    const house = createHouse()
    const storedAt = house.clock.now
    await house.give('bob', 'me', 'yearly', {
      ...{ type: 'claude/setup-token', fields: { token: `sk-ant-oat01-${'x'.repeat(40)}` } },
      acceptNotice: true,
    })
    expect((await listed(house, 'bob'))[0]).toMatchObject({
      ...{ endsAt: new Date(storedAt + 365 * DAY).toISOString(), endsEstimated: true },
    })
  })

  it('is not shown to who sees name and type only, and nothing is found by it', async () => {
    const house = createHouse()
    const id = await house.give('ada', 'org', 'orgs', { description: 'of the old account' })
    await house.ask('ada', 'leases.create', { harness: 'claude' })
    const keys = Object.keys((await listed(house, 'bob'))[0] ?? {}).sort()
    const shown = ['harness', 'id', 'may', 'name', 'owner', 'state', 'stateReason', 'stateUntil', 'type']
    expect(keys).toEqual(shown)
    expect(Object.keys(await house.ask('bob', 'credentials.get', { id })).sort()).toEqual(shown)
    expect(await listed(house, 'bob', { search: 'OLD acc' })).toEqual([])
    expect(await listed(house, 'bob', { search: 'RGS' })).toHaveLength(1)
    expect(await listed(house, 'ada', { search: 'OLD acc' })).toHaveLength(1)
    expect(await listed(house, 'ada', { search: '%' })).toEqual([])
  })
})
