// What somebody has, in memory.

import type { Holder, HoldingStore } from '../people-groups.ts'
import type { Tables } from './tables.ts'

/** The group of holdings over these tables. */
export function holdingGroup({ leases, credentials }: Tables): HoldingStore {
  const running = ({ organizationId, kind, id }: Holder, now: number) =>
    leases.find(
      (row) =>
        row.organizationId === organizationId &&
        row.holderKind === kind &&
        row.holderId === id &&
        row.endedAt === null &&
        row.expiresAt > now,
    )
  return {
    countRunning: async (holder, now) => running(holder, now).length,
    endRunning: async (holder, at, reason, credentialId) => {
      const found = running(holder, at).filter(
        (row) => credentialId === undefined || row.credentialId === credentialId,
      )
      for (const row of found) leases.put(row.id, { ...row, endedAt: at, endReason: reason })
      return found.length
    },
    countOwned: async (organizationId, kind) => {
      const owned = credentials.find(
        (row) => row.organizationId === organizationId && row.owner.startsWith(`${kind}:`),
      )
      const byOwner = Object.groupBy(owned, ({ owner }) => owner)
      return Object.fromEntries(Object.entries(byOwner).map(([owner, rows]) => [owner, rows?.length ?? 0]))
    },
  }
}
