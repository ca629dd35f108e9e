// The part of the conformance suite about removing what nobody needs any more.

import { describe, expect, it } from 'vitest'
import type { LeaseRow } from '../store.ts'
import { type CurrentStore, leaseRow } from './rows.ts'

/** Registers the tests of `upkeep`. */
export function describeUpkeep(store: CurrentStore): void {
  const insert = async (changed: Partial<LeaseRow>) => {
    const row = leaseRow(changed)
    await store().leases.insert(row)
    return row.id
  }
  const left = async (ids: readonly string[]) => {
    const rows = await Promise.all(ids.map((id) => store().leases.lookUp(id)))
    return ids.filter((_, place) => rows[place] !== undefined)
  }

  describe('upkeep', () => {
    it('removes leases of all organizations that were over before a time, and no others', async () => {
      const gone = [
        await insert({ createdAt: 100, expiresAt: 400 }),
        await insert({
          createdAt: 100,
          expiresAt: 900,
          endedAt: 499,
          endReason: 'done',
          organizationId: 'org-b',
        }),
        await insert({ createdAt: 100, expiresAt: 499, credentialId: null }),
      ]
      const kept = [
        await insert({ createdAt: 100, expiresAt: 500 }),
        await insert({ createdAt: 100, expiresAt: 300, endedAt: 500, endReason: 'late' }),
        await insert({ createdAt: 100, expiresAt: 8_640_000_000_000_000 }),
      ]
      expect(await store().upkeep.pruneLeases(500, { limit: 100 })).toEqual({ removed: 3, next: null })
      expect(await left([...gone, ...kept])).toEqual(kept)
      expect(await store().upkeep.pruneLeases(500, { limit: 100 })).toEqual({ removed: 0, next: null })
    })

    it('goes on page by page, past those that still run, and stops where leases are younger', async () => {
      const running = await insert({ createdAt: 100, expiresAt: 900 })
      const old = [
        await insert({ createdAt: 110, expiresAt: 200 }),
        await insert({ createdAt: 120, expiresAt: 200 }),
      ]
      const young = [
        await insert({ createdAt: 600, expiresAt: 700 }),
        await insert({ createdAt: 610, expiresAt: 700 }),
      ]
      const first = await store().upkeep.pruneLeases(500, { limit: 2 })
      expect(first).toEqual({ removed: 1, next: old[0] })
      const second = await store().upkeep.pruneLeases(500, { limit: 2, after: first.next ?? '' })
      expect(second).toEqual({ removed: 1, next: null })
      expect(await left([running, ...old, ...young])).toEqual([running, ...young])
    })
  })
}
