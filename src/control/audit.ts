// Reading the audit log.

import type { Control } from './use-case.ts'
import { rfc3339 } from './views.ts'
import type { Workshop } from './workshop.ts'

export function auditUseCases({ store }: Workshop): Pick<Control, 'audit.list'> {
  return {
    async 'audit.list'(caller, { after, limit }) {
      const entries = await store.audit.list(caller.organizationId, {
        limit,
        ...(after !== undefined && { after }),
      })
      const next = entries.length < limit ? null : (entries.at(-1)?.id ?? null)
      return {
        next,
        entries: entries.map(({ id, at, action, outcome, requestId, ...entry }) => ({
          id,
          at: rfc3339(at),
          actor: { kind: entry.actorKind, id: entry.actorId, name: entry.actorName },
          action,
          object: { kind: entry.objectKind, id: entry.objectId, name: entry.objectName },
          outcome,
          details: { ...entry.details },
          requestId,
        })),
      }
    },
  }
}
