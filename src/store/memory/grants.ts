// Grants and the tries to renew them, in memory.

import type { AttemptRow, AttemptStore, GrantRow, GrantStore, GrantTwin } from '../grant-groups.ts'
import { alreadyThere, parentGone } from '../refusals.ts'
import type { Tables } from './tables.ts'

/** The group of grants over these tables. */
export function grantGroup({ credentials, grants }: Tables): GrantStore {
  return {
    insert: async (row) => {
      if (grants.get(row.credentialId)) throw alreadyThere()
      if (!credentials.get(row.credentialId)) throw parentGone()
      grants.add(row.credentialId, row)
    },
    get: async (credentialId) => grants.get(credentialId),
    update: async (credentialId, seen, { grant, dueAt, account, digest }) => {
      const row = grants.get(credentialId)
      if (row?.revision !== seen) return false
      grants.put(credentialId, {
        ...row,
        ...{ grant, dueAt, account: account ?? row.account, digest: digest ?? row.digest },
        revision: seen + 1,
      })
      return true
    },
    due: async (now, limit) =>
      grants
        .find(({ dueAt }) => dueAt !== null && dueAt <= now)
        .sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0) || byCredential(a, b))
        .slice(0, limit),
    list: async (organizationId, ids) =>
      grants
        .find((row) => row.organizationId === organizationId && (ids?.includes(row.credentialId) ?? true))
        .sort(byCredential),
    twins: async (row) => grants.find(isOther(row)).flatMap(asTwin(row)).sort(byCredential),
  }
}

/** The group of attempts over these tables. */
export function attemptGroup({ credentials, attempts }: Tables): AttemptStore {
  return {
    insert: async (row) => {
      if (attempts.get(row.id)) throw alreadyThere()
      if (!credentials.get(row.credentialId)) throw parentGone()
      attempts.add(row.id, row)
    },
    get: async (id) => attempts.get(id),
    beat: async (id) => {
      const row = attempts.get(id)
      if (row) attempts.put(id, { ...row, beat: row.beat + 1 })
    },
    end: async (id, from, { state, endedAt, answer = null, revokeAt = null, revokeTries = 0 }) => {
      const row = attempts.get(id)
      if (row === undefined || !from.includes(row.state)) return false
      attempts.put(id, { ...row, state, endedAt, answer, revokeAt, revokeTries })
      return true
    },
    kept: async (limit, of) =>
      attempts
        .find(({ answer, credentialId }) => answer !== null && (of === undefined || credentialId === of))
        .sort(byStart)
        .slice(0, limit),
    leftovers: async (now, limit) =>
      attempts
        .find(({ revokeAt }) => revokeAt !== null && revokeAt <= now)
        .sort((a, b) => (a.revokeAt ?? 0) - (b.revokeAt ?? 0) || (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    prune: async (endedBefore) => {
      const over = attempts.find(
        ({ answer, endedAt }) => answer === null && endedAt !== null && endedAt < endedBefore,
      )
      for (const { id } of over) attempts.remove(id)
      return over.length
    },
  }
}

type Login = Parameters<GrantStore['twins']>[0]

function isOther({ credentialId }: Login): (row: GrantRow) => boolean {
  return (row) => row.credentialId !== credentialId
}

function asTwin({ organizationId, account, digest }: Login): (other: GrantRow) => GrantTwin[] {
  return (other) => {
    const sameToken = digest !== '' && other.digest === digest
    const sameAccount = account !== '' && other.account === account && other.organizationId === organizationId
    if (!sameToken && !sameAccount) return []
    return [{ credentialId: other.credentialId, organizationId: other.organizationId, sameToken }]
  }
}

function byCredential<Row extends Pick<GrantRow, 'credentialId'>>(a: Row, b: Row): number {
  return a.credentialId < b.credentialId ? -1 : 1
}

function byStart(a: AttemptRow, b: AttemptRow): number {
  return a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)
}
