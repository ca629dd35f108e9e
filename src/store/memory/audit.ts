// The audit in memory: as on every engine, an entry gets its place when its unit is kept.

import { chained, chainStart, detailsText } from '../../domain/audit/chain.ts'
import type { AuditEntry } from '../../domain/audit/entry.ts'
import type { AuditFilter } from '../../domain/audit/filter.ts'
import { sha256 } from '../../lib/digest.ts'
import type { AuditStore } from '../store.ts'
import { keyOf, type Tables } from './tables.ts'

/** The group over these tables; what is appended is given to `leave`. */
export function auditGroup({ audit, auditHeads }: Tables, leave: (entry: AuditEntry) => void): AuditStore {
  return {
    append: async (entry) => leave(structuredClone(entry)),
    list: async (organizationId, { after = 0, limit }) =>
      audit
        .find((entry) => entry.organizationId === organizationId && entry.position > after)
        .toSorted((a, b) => a.position - b.position)
        .slice(0, limit),
    search: async (organizationId, filter, { after, upTo, newest, limit }) =>
      audit
        .find(
          (entry) =>
            entry.organizationId === organizationId &&
            entry.position > after &&
            entry.position <= upTo &&
            fits(entry, filter),
        )
        .toSorted((a, b) => (newest ? b.position - a.position : a.position - b.position))
        .slice(0, limit),
    head: async (organizationId) => auditHeads.get(organizationId) ?? chainStart(sha256, organizationId),
    heads: async () => {
      const organizations = new Set(audit.find(() => true).map((entry) => entry.organizationId))
      return Object.fromEntries(
        [...organizations].map((id) => [id, auditHeads.get(id) ?? chainStart(sha256, id)]),
      )
    },
  }
}

/** Writes what a unit has appended. */
export function writeAudit({ audit, auditHeads }: Tables, entries: readonly AuditEntry[]): void {
  for (const entry of entries) {
    const head = auditHeads.get(entry.organizationId) ?? chainStart(sha256, entry.organizationId)
    const next = chained(sha256, head, entry)
    audit.add(keyOf(entry.organizationId, next.position), next)
    auditHeads.put(entry.organizationId, { position: next.position, hash: next.hash })
  }
}

function fits(entry: AuditEntry, filter: AuditFilter): boolean {
  const { actor, action, object, objectKind, outcome, from, to, text } = filter
  const has = (whole: string, part: string) => whole.toLowerCase().includes(part.toLowerCase())
  const words = `${entry.actorName} ${entry.action} ${entry.objectName} ${detailsText(entry.details)}`
  return (
    (actor === undefined || entry.actorId === actor || has(entry.actorName, actor)) &&
    (action === undefined ||
      (action.endsWith('.') ? entry.action.startsWith(action) : entry.action === action)) &&
    (object === undefined || entry.objectId === object || has(entry.objectName, object)) &&
    (objectKind === undefined || entry.objectKind === objectKind) &&
    (outcome === undefined || entry.outcome === outcome) &&
    (from === undefined || entry.at >= from) &&
    (to === undefined || entry.at <= to) &&
    (text === undefined || has(words, text))
  )
}
