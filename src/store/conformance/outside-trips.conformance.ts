// The part of the conformance suite about browsers that were sent to an identity provider.

import { describe, expect, it } from 'vitest'
import type { OutsideTripRow } from '../people-groups.ts'
import { type CurrentStore, invitationRow, outsideTripRow } from './rows.ts'

/** Registers the tests of `outsideTrips`, and of finding invitations by e-mail. */
export function describeOutsideTrips(store: CurrentStore): void {
  const insert = async (changed: Partial<OutsideTripRow> = {}) => {
    const row = outsideTripRow(changed)
    await store().outsideTrips.insert(row)
    return row
  }

  describe('outside trips', () => {
    it('are found by the digest of their state, and taken once', async () => {
      const linking = { organizationId: 'org-a', personId: 'person-1', sessionId: 'ses-1' }
      const [row, link] = [await insert(), await insert({ linking, returnTo: '/a?b="c"' })]
      expect(await store().outsideTrips.findByDigest(row.digest)).toEqual(row)
      expect(await store().outsideTrips.findByDigest(link.digest)).toEqual(link)
      const takes = Array.from({ length: 8 }, () =>
        store().atomically((unit) => unit.outsideTrips.take(row.id)),
      )
      expect((await Promise.all(takes)).filter(Boolean)).toHaveLength(1)
      expect(await store().outsideTrips.findByDigest(row.digest)).toBeUndefined()
      expect(await store().outsideTrips.findByDigest(link.digest)).toEqual(link)
    })

    it('are forgotten when they expired before a time', async () => {
      const [old, kept] = [await insert({ expiresAt: 1999 }), await insert({ expiresAt: 2000 })]
      await store().outsideTrips.prune(2000)
      expect(await store().outsideTrips.findByDigest(old.digest)).toBeUndefined()
      expect(await store().outsideTrips.findByDigest(kept.digest)).toEqual(kept)
    })
  })

  it('invitations are found by e-mail, newest first, of every organization, while they can be used', async () => {
    const rows = ['org-a', 'org-b', 'org-a', 'org-a', 'org-a'].map((organizationId) =>
      invitationRow({ organizationId }),
    )
    for (const row of rows) await store().invitations.insert(row)
    await store().invitations.insert(invitationRow({ email: 'other@example.test' }))
    const [first, second, used, revoked, late] = rows
    await store().invitations.use(used?.id ?? '', 1100)
    await store().invitations.revoke('org-a', revoked?.id ?? '', 1100)
    expect(await store().invitations.ofEmail('bob@example.test', 1999)).toEqual([late, second, first])
    expect(await store().invitations.ofEmail('bob@example.test', 2000)).toEqual([])
  })
}
