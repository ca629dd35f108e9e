// Invitations and terminals that wait to be let in, in memory.

import type { DeviceLoginRow, DeviceLoginStore, InvitationRow, InvitationStore } from '../people-groups.ts'
import { alreadyThere } from '../refusals.ts'
import { pageOf } from './credentials.ts'
import type { Tables } from './tables.ts'

export function invitationGroup({ invitations }: Tables): InvitationStore {
  const byDigest = (digest: string) => invitations.find((row) => row.digest === digest)[0]
  const open = (row: InvitationRow | undefined): row is InvitationRow =>
    row !== undefined && row.usedAt === null && row.revokedAt === null
  return {
    insert: async (row) => {
      if (byDigest(row.digest)) throw alreadyThere()
      invitations.add(row.id, row)
    },
    findByDigest: async (digest) => byDigest(digest),
    use: async (id, now) => {
      const row = invitations.get(id)
      if (!open(row) || row.expiresAt <= now) return false
      invitations.put(id, { ...row, usedAt: now })
      return true
    },
    ofEmail: async (email, now) =>
      invitations
        .find((row) => row.email === email && open(row) && row.expiresAt > now)
        .sort((a, b) => (a.id < b.id ? 1 : -1)),
    list: async (organizationId, now) =>
      pageOf(
        invitations.find((row) => row.organizationId === organizationId && open(row) && row.expiresAt > now),
        { limit: Number.POSITIVE_INFINITY },
      ),
    revoke: async (organizationId, id, at) => {
      const row = invitations.get(id)
      if (!open(row) || row.organizationId !== organizationId) return false
      invitations.put(id, { ...row, revokedAt: at })
      return true
    },
  }
}

export function deviceLoginGroup({ deviceLogins }: Tables): DeviceLoginStore {
  const one = (fits: (row: DeviceLoginRow) => boolean) => deviceLogins.find(fits)[0]
  return {
    insert: async (row) => {
      if (one(({ digest, userCode }) => digest === row.digest || userCode === row.userCode))
        throw alreadyThere()
      deviceLogins.add(row.id, row)
    },
    findByDigest: async (digest) => one((row) => row.digest === digest),
    findByUserCode: async (userCode) => one((row) => row.userCode === userCode),
    decide: async (id, decision) => {
      const row = deviceLogins.get(id)
      if (row?.state !== 'pending' || row.expiresAt <= decision.decidedAt) return false
      deviceLogins.put(id, { ...row, ...decision })
      return true
    },
    claim: async (id, now) => {
      const row = deviceLogins.get(id)
      if (row?.state !== 'approved' || row.expiresAt <= now) return false
      deviceLogins.put(id, { ...row, state: 'claimed' })
      return true
    },
    prune: async (expiredBefore) => {
      for (const { id } of deviceLogins.find((row) => row.expiresAt < expiredBefore)) deviceLogins.remove(id)
    },
  }
}
