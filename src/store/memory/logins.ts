// Sign-ins under way, in memory.

import type { LoginAttemptRow, LoginAttemptStore } from '../login-groups.ts'
import type { Tables } from './tables.ts'

export function loginAttemptGroup({ loginAttempts }: Tables): LoginAttemptStore {
  const pending = (id: string): LoginAttemptRow | undefined => {
    const row = loginAttempts.get(id)
    return row?.state === 'pending' ? row : undefined
  }
  return {
    insert: async (row) => {
      loginAttempts.add(row.id, row)
    },
    get: async (organizationId, id) => {
      const row = loginAttempts.get(id)
      return row?.organizationId === organizationId ? row : undefined
    },
    claim: async (id, { claim, at, staleBefore }) => {
      const row = pending(id)
      if (row === undefined || row.expiresAt <= at) return false
      if (row.claim !== null && (row.claimedAt ?? 0) >= staleBefore) return false
      loginAttempts.put(id, { ...row, claim, claimedAt: at })
      return true
    },
    release: async (id, claim) => {
      const row = pending(id)
      if (row?.claim === claim) loginAttempts.put(id, { ...row, claim: null })
    },
    end: async (id, claim, end) => {
      const row = pending(id)
      if (row === undefined || (claim !== null && row.claim !== claim)) return false
      loginAttempts.put(id, { ...row, ...end, claim: null, sealed: null })
      return true
    },
    prune: async (expiredBefore) => {
      for (const { id } of loginAttempts.find((row) => row.expiresAt < expiredBefore))
        loginAttempts.remove(id)
    },
  }
}
