// Webhooks over SQL.

import type { Kysely } from 'kysely'
import type { WebhookRow, WebhookStore } from '../../../outbox-group.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'url',
  'description',
  'events',
  'wrapped_key as wrappedKey',
  'secret',
  'created_at as createdAt',
  'created_by as createdBy',
] as const

/** The result makes the group for a connection. */
export function webhookGroup(database: Kysely<Database>): (execute: Execute) => WebhookStore {
  const select = database.selectFrom('webhook').select(COLUMNS)
  return (execute) => ({
    insert: async (row) => {
      const query = database.insertInto('webhook').values({
        id: row.id,
        organization_id: row.organizationId,
        url: row.url,
        description: row.description,
        events: row.events === null ? null : JSON.stringify(row.events),
        wrapped_key: row.wrappedKey,
        secret: row.secret,
        created_at: row.createdAt,
        created_by: row.createdBy,
      })
      await execute(query.compile())
    },
    get: async (organizationId, id) => {
      const query = select.where('organization_id', '=', organizationId).where('id', '=', id)
      return (await execute(query.compile())).rows.map(toRow)[0]
    },
    list: async (organizationId) => {
      const query = select.where('organization_id', '=', organizationId).orderBy('id')
      return (await execute(query.compile())).rows.map(toRow)
    },
    remove: async (organizationId, id) => {
      const query = database
        .deleteFrom('webhook')
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
      if ((await execute(query.compile())).numAffectedRows !== 1n) return false
      await execute(database.deleteFrom('event_delivery').where('webhook_id', '=', id).compile())
      return true
    },
  })
}

type Selected = Omit<WebhookRow, 'events'> & { readonly events: string | null }

function toRow({ events, ...row }: Selected): WebhookRow {
  return { ...row, events: events === null ? null : JSON.parse(events) }
}
