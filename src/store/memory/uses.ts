// What becomes of credentials, in memory.

import { addUsage } from '../../domain/runs/conversation.ts'
import { parentGone } from '../refusals.ts'
import type { OwnedCount, Use, UseStore } from '../runs/use-group.ts'
import { keyOf, type Tables } from './tables.ts'

/** The group over these tables. */
export function useGroup(tables: Tables): UseStore {
  const { credentials, leases, runLeases, attachments, attempts, lastUses, daysOfUse } = tables
  const useOf = (organizationId: string, id: string, now: number): Use => {
    const serving = runLeases.find(({ credential, endedAt }) => credential?.id === id && endedAt === null)
    return {
      lastUsedAt: lastUses.get(id) ?? null,
      leases: leases.find((row) => row.credentialId === id && row.endedAt === null && row.expiresAt > now)
        .length,
      runs: new Set(serving.map(({ runId }) => runId)).size,
      agents: attachments.find((row) => row.credentialId === id && row.organizationId === organizationId)
        .length,
    }
  }
  return {
    note: async (id, at) => {
      if (credentials.get(id) === undefined) throw parentGone()
      lastUses.put(id, Math.max(lastUses.get(id) ?? at, at))
    },
    addTurn: async (credentialId, { day, turns, usage }) => {
      if (credentials.get(credentialId) === undefined) return
      const key = keyOf(credentialId, day)
      const before = daysOfUse.get(key)
      const sum = before === undefined ? usage : addUsage(before.usage, usage)
      daysOfUse.put(key, { credentialId, day, turns: (before?.turns ?? 0) + turns, usage: sum })
    },
    of: async (organizationId, ids, now) =>
      Object.fromEntries(ids.map((id) => [id, useOf(organizationId, id, now)])),
    days: async (credentialId, from) =>
      daysOfUse
        .find((row) => row.credentialId === credentialId && row.day >= from)
        .sort((a, b) => a.day - b.day)
        .map(({ day, turns, usage }) => ({ day, turns, usage })),
    served: async (organizationId, credentialId, { limit }) =>
      runLeases
        .find((row) => row.organizationId === organizationId && row.credential?.id === credentialId)
        .sort((a, b) => b.startedAt - a.startedAt || (a.leaseId < b.leaseId ? 1 : -1))
        .slice(0, limit),
    renewals: async (credentialId, { after, limit }) =>
      attempts
        .find((row) => row.credentialId === credentialId && (after === undefined || row.id < after))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    owned: async (organizationId) => {
      const counts = new Map<string, OwnedCount>()
      for (const { owner, harness, state } of credentials.find(
        (row) => row.organizationId === organizationId,
      )) {
        const key = keyOf(owner, harness, state)
        counts.set(key, { owner, harness, state, count: (counts.get(key)?.count ?? 0) + 1 })
      }
      return [...counts.values()]
    },
  }
}
