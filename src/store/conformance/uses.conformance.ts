// The part of the conformance suite about what becomes of credentials.

import { describe, expect, it } from 'vitest'
import { agentRow, attemptRow, type CurrentStore, credentialRow, leaseRow } from './rows.ts'

const USAGE = { input: 10, cachedInput: 4, output: 3 }

export function describeUses(store: CurrentStore): void {
  const credential = async (changed = {}) => {
    const row = credentialRow(changed)
    await store().credentials.insert(row)
    return row.id
  }
  const useOf = async (id: string, now = 1500) => (await store().uses.of('org-a', [id], now))[id]

  describe('what becomes of credentials', () => {
    it('is when each was last used, which only grows', async () => {
      const [one, two] = [await credential(), await credential()]
      await store().uses.note(one, 2000)
      await store().uses.note(one, 1000)
      const none = { lastUsedAt: null, leases: 0, runs: 0, agents: 0 }
      expect(await store().uses.of('org-a', [one, two], 1500)).toEqual({
        [one]: { ...none, lastUsedAt: 2000 },
        [two]: none,
      })
      expect(await store().uses.of('org-a', [], 1500)).toEqual({})
      await expect(store().uses.note('none', 1000)).rejects.toMatchObject({ code: 'not_found' })
    })

    it('is what uses it at that moment', async () => {
      const id = await credential()
      for (const changed of [{}, {}, { endedAt: 1100, endReason: 'over' }, { expiresAt: 1200 }])
        await store().leases.insert(leaseRow({ credentialId: id, expiresAt: 9000, ...changed }))
      await store().agents.insert(agentRow({ name: 'nightly' }))
      await store().attachments.attach({
        ...{ organizationId: 'org-a', agent: 'nightly', credentialId: id },
        ...{ attachedAt: 1000, attachedBy: 'ada' },
      })
      expect(await useOf(id)).toMatchObject({ leases: 2, agents: 1 })
      expect(await useOf(id, 9000)).toMatchObject({ leases: 0 })
    })

    it('is what turns have used of it, day by day; turns at the same time all count', async () => {
      const id = await credential()
      const turn = { turns: 1, usage: USAGE }
      await Promise.all(Array.from({ length: 5 }, () => store().uses.addTurn(id, { day: 20_001, ...turn })))
      await store().uses.addTurn(id, { day: 20_000, ...turn })
      await store().uses.addTurn('none', { day: 20_000, ...turn })
      expect(await store().uses.days(id, 0)).toEqual([
        { day: 20_000, ...turn },
        { day: 20_001, turns: 5, usage: { input: 50, cachedInput: 20, output: 15 } },
      ])
      expect(await store().uses.days(id, 20_001)).toHaveLength(1)
      await store().credentials.delete('org-a', id)
      expect(await store().uses.days(id, 0)).toEqual([])
    })

    it('is the tries to renew it, page after page', async () => {
      const [id, other] = [await credential(), await credential()]
      const rows = [1, 2, 3].map((i) =>
        attemptRow(id, { id: `try_${i}`, generation: i, state: 'committed', endedAt: 2000 }),
      )
      for (const row of rows) await store().attempts.insert(row)
      await store().attempts.insert(attemptRow(other, { id: 'try_9' }))
      const [first, second, third] = rows
      expect(await store().uses.renewals(id, { limit: 2 })).toEqual([third, second])
      expect(await store().uses.renewals(id, { after: 'try_2', limit: 2 })).toEqual([first])
    })

    it('is how many there are, by owner, harness and state', async () => {
      for (const name of ['a', 'b']) await credential({ owner: 'org', name })
      await credential({ owner: 'org', name: 'c', state: 'needs_login' })
      await credential({ owner: 'team:web', name: 'a', harness: 'codex', type: 'codex/api-key' })
      await credential({ organizationId: 'org-b' })
      const counts = await store().uses.owned('org-a')
      const sorted = counts.map(({ owner, harness, state, count }) =>
        [owner, harness, state, count].join(' '),
      )
      expect(sorted.sort()).toEqual(['org claude needs_login 1', 'org claude ok 2', 'team:web codex ok 1'])
    })
  })
}
