// Events and their deliveries over SQL.

import type { Kysely } from 'kysely'
import type { DeliveryRow, DeliveryStore, EventRow, OutboxStore } from '../../../outbox-group.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const EVENT_COLUMNS = [
  'id',
  'organization_id as organizationId',
  'name',
  'subject',
  'reason',
  'link',
  'once',
  'created_at as createdAt',
] as const

const DELIVERY_COLUMNS = [
  'event_id as eventId',
  'webhook_id as webhookId',
  'organization_id as organizationId',
  'attempts',
  'since',
  'next_at as nextAt',
  'last_status as lastStatus',
  'delivered_at as deliveredAt',
  'gave_up_at as gaveUpAt',
] as const

/** The result makes the group for a connection. */
export function outboxGroup(database: Kysely<Database>): (execute: Execute) => OutboxStore {
  const select = database.selectFrom('told_event').select(EVENT_COLUMNS)
  return (execute) => ({
    insert: async (row, webhookIds) => {
      const query = database
        .insertInto('told_event')
        .values(eventValues(row))
        // A conflict that is thrown would end the unit of what is told.
        .onConflict((conflict) => conflict.columns(['organization_id', 'once']).doNothing())
      if ((await execute(query.compile())).numAffectedRows !== 1n) return false
      if (webhookIds.length > 0) {
        const values = webhookIds.map((webhookId) => deliveryValues(row, webhookId, row.createdAt))
        await execute(database.insertInto('event_delivery').values(values).compile())
      }
      return true
    },
    get: async (organizationId, id) => {
      const query = select.where('organization_id', '=', organizationId).where('id', '=', id)
      return (await execute(query.compile())).rows.map(toEvent)[0]
    },
    list: async (organizationId, { undelivered = false }, { after, limit, newest = false }) => {
      const ordered = select
        .where('organization_id', '=', organizationId)
        .orderBy('id', newest ? 'desc' : 'asc')
        .limit(limit)
      const all = after === undefined ? ordered : ordered.where('id', newest ? '<' : '>', after)
      const query = undelivered
        ? all.where('id', 'in', (nested) =>
            nested
              .selectFrom('event_delivery')
              .select('event_id')
              .where('organization_id', '=', organizationId)
              .where('delivered_at', 'is', null),
          )
        : all
      return (await execute(query.compile())).rows.map(toEvent)
    },
    listDeliveries: async (eventIds) => {
      if (eventIds.length === 0) return []
      const query = database
        .selectFrom('event_delivery')
        .select(DELIVERY_COLUMNS)
        .where('event_id', 'in', eventIds)
        .orderBy('event_id')
        .orderBy('webhook_id')
      return (await execute(query.compile())).rows
    },
    prune: async (createdBefore, limit) => {
      const over = database
        .selectFrom('told_event')
        .select('id')
        .where('created_at', '<', createdBefore)
        .where('id', 'not in', (nested) =>
          nested.selectFrom('event_delivery').select('event_id').where('next_at', 'is not', null),
        )
        .orderBy('id')
        .limit(limit)
      const query = database.deleteFrom('told_event').where('id', 'in', over)
      return Number((await execute(query.compile())).numAffectedRows ?? 0n)
    },
  })
}

/** The result makes the group for a connection. */
export function deliveryGroup(database: Kysely<Database>): (execute: Execute) => DeliveryStore {
  const one = ({ eventId, webhookId, attempts }: Pick<DeliveryRow, 'eventId' | 'webhookId' | 'attempts'>) =>
    database
      .updateTable('event_delivery')
      .where('event_id', '=', eventId)
      .where('webhook_id', '=', webhookId)
      .where('attempts', '=', attempts)
  return (execute) => ({
    due: async (now, limit) => {
      const query = database
        .selectFrom('event_delivery')
        .select(DELIVERY_COLUMNS)
        .where('next_at', '<=', now)
        .orderBy('next_at')
        .orderBy('event_id')
        .limit(limit)
      return (await execute(query.compile())).rows
    },
    claim: async (seen, until) => {
      const query = one(seen)
        .where('next_at', 'is not', null)
        .set({ attempts: seen.attempts + 1, next_at: until })
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    settle: async (claimed, end) => {
      const query = one(claimed).set({
        next_at: end.nextAt,
        last_status: end.lastStatus,
        delivered_at: end.deliveredAt,
        gave_up_at: end.gaveUpAt,
      })
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    postpone: async (webhookId, now, until) => {
      const query = database
        .updateTable('event_delivery')
        .set({ next_at: until })
        .where('webhook_id', '=', webhookId)
        .where('next_at', '<=', now)
      await execute(query.compile())
    },
    again: async (event, webhookIds, at) => {
      if (webhookIds.length === 0) return
      const query = database
        .insertInto('event_delivery')
        .values(webhookIds.map((webhookId) => deliveryValues(event, webhookId, at)))
        .onConflict((conflict) =>
          conflict.columns(['event_id', 'webhook_id']).doUpdateSet((row) => ({
            attempts: row('event_delivery.attempts', '+', 1),
            since: at,
            next_at: at,
            last_status: '',
            delivered_at: null,
            gave_up_at: null,
          })),
        )
      await execute(query.compile())
    },
    counts: async () => {
      const count = async (column: 'next_at' | 'gave_up_at') => {
        const query = database
          .selectFrom('event_delivery')
          .select((row) => row.fn.countAll<number | string>().as('count'))
          .where(column, 'is not', null)
        return Number((await execute(query.compile())).rows[0]?.count ?? 0)
      }
      return { waiting: await count('next_at'), givenUp: await count('gave_up_at') }
    },
  })
}

function eventValues(row: EventRow) {
  return {
    id: row.id,
    organization_id: row.organizationId,
    name: row.name,
    subject: JSON.stringify(row.subject),
    reason: row.reason,
    link: row.link,
    once: row.once,
    created_at: row.createdAt,
  }
}

// Nobody has tried it yet.
function deliveryValues(
  { id, organizationId }: Pick<EventRow, 'id' | 'organizationId'>,
  webhookId: string,
  at: number,
) {
  return {
    event_id: id,
    webhook_id: webhookId,
    organization_id: organizationId,
    attempts: 0,
    since: at,
    next_at: at,
    last_status: '',
    delivered_at: null,
    gave_up_at: null,
  }
}

type Selected = Omit<EventRow, 'subject'> & { readonly subject: string }

function toEvent({ subject, ...row }: Selected): EventRow {
  return { ...row, subject: JSON.parse(subject) }
}
