// The audit over SQL: rows are added and read, never changed.

import type { Kysely } from 'kysely'
import type { AuditEntry } from '../../../domain/audit.ts'
import type { AuditStore } from '../../store.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'at',
  'actor_kind as actorKind',
  'actor_id as actorId',
  'actor_name as actorName',
  'action',
  'object_kind as objectKind',
  'object_id as objectId',
  'object_name as objectName',
  'outcome',
  'details',
  'request_id as requestId',
] as const

type StoredEntry = Omit<AuditEntry, 'details'> & { readonly details: string }

/** Prepares the statements once; the result makes the group for a connection. */
export function auditGroup(database: Kysely<Database>): (execute: Execute) => AuditStore {
  const append = prepare((marker: Markers<StoredEntry>) =>
    database.insertInto('audit').values({
      id: marker('id'),
      organization_id: marker('organizationId'),
      at: marker('at'),
      actor_kind: marker('actorKind'),
      actor_id: marker('actorId'),
      actor_name: marker('actorName'),
      action: marker('action'),
      object_kind: marker('objectKind'),
      object_id: marker('objectId'),
      object_name: marker('objectName'),
      outcome: marker('outcome'),
      details: marker('details'),
      request_id: marker('requestId'),
    }),
  )
  return (execute) => ({
    append: async (entry) => {
      await execute(append({ ...entry, details: JSON.stringify(entry.details) }))
    },
    list: async (organizationId, page) => {
      let query = database.selectFrom('audit').select(COLUMNS).where('organization_id', '=', organizationId)
      if (page.after !== undefined) query = query.where('id', '>', page.after)
      const { rows } = await execute(query.orderBy('id').limit(page.limit).compile())
      return rows.map((row) => ({ ...row, details: JSON.parse(row.details) }))
    },
  })
}
