// The part of the conformance suite about what somebody has.

import { describe, expect, it } from 'vitest'
import type { Holder } from '../people-groups.ts'
import type { LeaseRow } from '../store.ts'
import { type CurrentStore, credentialRow, leaseRow } from './rows.ts'

const BOB: Holder = { organizationId: 'org-a', kind: 'person', id: 'bob' }

/** Registers the tests of `holdings`. */
export function describeHoldings(store: CurrentStore): void {
  const lease = async (changed: Partial<LeaseRow> = {}) => {
    const held = { holderKind: 'person', holderId: 'bob', expiresAt: 2000 }
    const row = leaseRow({ ...held, ...changed })
    await store().leases.insert(row)
    return row
  }

  describe('holdings', () => {
    it('counts and ends what one holder runs, and nobody else’s', async () => {
      const mine = await lease()
      await lease({ credentialId: null })
      const expired = await lease({ expiresAt: 1500 })
      const ended = await lease()
      await store().leases.end(ended.id, 1200, 'released')
      const others = [
        await lease({ organizationId: 'org-b' }),
        await lease({ holderKind: 'agent' }),
        await lease({ holderId: 'bobby' }),
      ]
      expect(await store().holdings.countRunning(BOB, 1499)).toBe(3)
      expect(await store().holdings.countRunning(BOB, 1500)).toBe(2)
      expect(await store().holdings.endRunning(BOB, 1500, 'left')).toBe(2)
      expect(await store().holdings.endRunning(BOB, 1500, 'again')).toBe(0)
      expect(await store().holdings.countRunning(BOB, 1500)).toBe(0)
      expect(await store().leases.lookUp(mine.id)).toEqual({ ...mine, endedAt: 1500, endReason: 'left' })
      expect((await store().leases.lookUp(ended.id))?.endReason).toBe('released')
      for (const row of [expired, ...others]) expect(await store().leases.lookUp(row.id)).toEqual(row)
    })

    it('ends what one holder runs on one credential', async () => {
      const on = await lease({ credentialId: 'c-1' })
      const left = [
        await lease({ credentialId: 'c-2' }),
        await lease({ credentialId: null }),
        await lease({ credentialId: 'c-1', holderId: 'bobby' }),
      ]
      expect(await store().holdings.endRunning(BOB, 1500, 'taken away', 'c-1')).toBe(1)
      expect((await store().leases.lookUp(on.id))?.endReason).toBe('taken away')
      for (const row of left) expect(await store().leases.lookUp(row.id)).toEqual(row)
    })

    it('counts credentials by owner, of one kind and one organization', async () => {
      const owned = async (owner: string, organizationId = 'org-a') =>
        store().credentials.insert(credentialRow({ owner, organizationId }))
      for (const owner of ['user:bob', 'user:bob', 'user:Ada', 'user:zoë', 'users:x', 'use', 'org']) {
        await owned(owner)
      }
      await owned('team:platform')
      await owned('agent:nightly')
      await owned('user:eve', 'org-b')
      expect(await store().holdings.countOwned('org-a', 'user')).toEqual({
        'user:bob': 2,
        'user:Ada': 1,
        'user:zoë': 1,
      })
      expect(await store().holdings.countOwned('org-a', 'team')).toEqual({ 'team:platform': 1 })
      expect(await store().holdings.countOwned('org-a', 'agent')).toEqual({ 'agent:nightly': 1 })
      expect(await store().holdings.countOwned('org-c', 'user')).toEqual({})
    })
  })
}
