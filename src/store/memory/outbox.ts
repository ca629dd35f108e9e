// Webhooks, events and deliveries, in memory.

import type {
  DeliveryRow,
  DeliveryStore,
  EventRow,
  OutboxStore,
  WebhookRow,
  WebhookStore,
} from '../outbox-group.ts'
import { alreadyThere } from '../refusals.ts'
import { pageOf } from './credentials.ts'
import { keyOf, type Tables } from './tables.ts'

/** The group of webhooks over these tables. */
export function webhookGroup({ webhooks, deliveries }: Tables): WebhookStore {
  const get = (organizationId: string, id: string) => {
    const row = webhooks.get(id)
    return row?.organizationId === organizationId ? row : undefined
  }
  return {
    insert: async (row) => {
      webhooks.add(row.id, row)
    },
    get: async (organizationId, id) => get(organizationId, id),
    list: async (organizationId) => webhooks.find((row) => row.organizationId === organizationId).sort(byId),
    remove: async (organizationId, id) => {
      if (get(organizationId, id) === undefined) return false
      for (const row of deliveries.find(({ webhookId }) => webhookId === id))
        deliveries.remove(deliveryKey(row))
      return webhooks.remove(id)
    },
  }
}

/** The group of events over these tables. */
export function outboxGroup({ events, deliveries }: Tables): OutboxStore {
  const of = (eventId: string) => deliveries.find((row) => row.eventId === eventId)
  const toldBefore = ({ organizationId, once }: EventRow) =>
    once !== null &&
    events.find((row) => row.organizationId === organizationId && row.once === once).length > 0
  return {
    insert: async (row, webhookIds) => {
      if (events.get(row.id)) throw alreadyThere()
      if (toldBefore(row)) return false
      events.add(row.id, row)
      for (const webhookId of webhookIds) {
        const delivery = newDelivery(row, webhookId, row.createdAt)
        deliveries.add(deliveryKey(delivery), delivery)
      }
      return true
    },
    get: async (organizationId, id) => {
      const row = events.get(id)
      return row?.organizationId === organizationId ? row : undefined
    },
    list: async (organizationId, { undelivered = false }, page) =>
      pageOf(
        events.find(
          (row) =>
            row.organizationId === organizationId &&
            (!undelivered || of(row.id).some(({ deliveredAt }) => deliveredAt === null)),
        ),
        page,
      ),
    listDeliveries: async (eventIds) =>
      deliveries
        .find(({ eventId }) => eventIds.includes(eventId))
        .sort((a, b) => compare(a.eventId, b.eventId) || compare(a.webhookId, b.webhookId)),
    prune: async (createdBefore, limit) => {
      const over = events
        .find(({ id, createdAt }) => createdAt < createdBefore && of(id).every((row) => row.nextAt === null))
        .sort(byId)
        .slice(0, limit)
      for (const { id } of over) {
        for (const row of of(id)) deliveries.remove(deliveryKey(row))
        events.remove(id)
      }
      return over.length
    },
  }
}

/** The group of deliveries over these tables. */
export function deliveryGroup({ deliveries }: Tables): DeliveryStore {
  return {
    due: async (now, limit) =>
      deliveries
        .find(({ nextAt }) => nextAt !== null && nextAt <= now)
        .sort((a, b) => (a.nextAt ?? 0) - (b.nextAt ?? 0) || compare(a.eventId, b.eventId))
        .slice(0, limit),
    claim: async (seen, until) => {
      const row = deliveries.get(deliveryKey(seen))
      if (row === undefined || row.attempts !== seen.attempts || row.nextAt === null) return false
      deliveries.put(deliveryKey(row), { ...row, attempts: row.attempts + 1, nextAt: until })
      return true
    },
    settle: async (claimed, { nextAt, lastStatus, deliveredAt, gaveUpAt }) => {
      const row = deliveries.get(deliveryKey(claimed))
      if (row?.attempts !== claimed.attempts) return false
      deliveries.put(deliveryKey(row), { ...row, nextAt, lastStatus, deliveredAt, gaveUpAt })
      return true
    },
    postpone: async (webhookId, now, until) => {
      const due = deliveries.find(
        (row) => row.webhookId === webhookId && row.nextAt !== null && row.nextAt <= now,
      )
      for (const row of due) deliveries.put(deliveryKey(row), { ...row, nextAt: until })
    },
    again: async (event, webhookIds, at) => {
      for (const webhookId of webhookIds) {
        const fresh = newDelivery(event, webhookId, at)
        const before = deliveries.get(deliveryKey(fresh))
        const attempts = (before?.attempts ?? -1) + 1
        deliveries.put(deliveryKey(fresh), { ...fresh, attempts })
      }
    },
    counts: async () => ({
      waiting: deliveries.find(({ nextAt }) => nextAt !== null).length,
      givenUp: deliveries.find(({ gaveUpAt }) => gaveUpAt !== null).length,
    }),
  }
}

/** A delivery that nobody has tried. */
function newDelivery(
  { id, organizationId }: Pick<EventRow, 'id' | 'organizationId'>,
  webhookId: string,
  at: number,
): DeliveryRow {
  return {
    ...{ eventId: id, webhookId, organizationId, attempts: 0, since: at, nextAt: at, lastStatus: '' },
    ...{ deliveredAt: null, gaveUpAt: null },
  }
}

function deliveryKey({ eventId, webhookId }: Pick<DeliveryRow, 'eventId' | 'webhookId'>): string {
  return keyOf(eventId, webhookId)
}

function byId(a: Pick<WebhookRow, 'id'>, b: Pick<WebhookRow, 'id'>): number {
  return compare(a.id, b.id)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
