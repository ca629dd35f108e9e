// The outbox as people see it: what was told, what became of it, and telling it again.

import type { Output } from '../../api/schemas.ts'
import type { DeliveryRow, EventRow } from '../../store/outbox-group.ts'
import { absent } from '../guard.ts'
import type { Control } from '../use-case.ts'
import { rfc3339, rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { wantedBy } from './tell.ts'

type EventView = Output<'events.list'>['events'][number]

export function createEventUseCases({
  guard,
  store,
  now,
}: Workshop): Pick<Control, 'events.list' | 'events.replay'> {
  return {
    async 'events.list'(caller, { after, limit, order, state }) {
      const page = { limit, newest: order === 'newest', ...(after !== undefined && { after }) }
      const filter = { undelivered: state === 'undelivered' }
      const rows = await store.outbox.list(caller.organizationId, filter, page)
      const deliveries = await store.outbox.listDeliveries(rows.map(({ id }) => id))
      const byEvent = Map.groupBy(deliveries, ({ eventId }) => eventId)
      const next = rows.length < limit ? null : (rows.at(-1)?.id ?? null)
      return { next, events: rows.map((row) => eventView(row, byEvent.get(row.id) ?? [])) }
    },
    'events.replay': (caller, { id }) =>
      guard.perform(caller, async (unit, authorize) => {
        const row = await unit.outbox.get(caller.organizationId, id)
        if (row === undefined) throw absent('event', id)
        const object = { kind: 'event', id, name: row.name }
        await authorize({ action: 'event.replay', needs: { general: 'manageSettings' }, object })
        const webhooks = wantedBy(await unit.webhooks.list(caller.organizationId), row.name)
        await unit.deliveries.again(row, webhooks, now())
        return { webhooks: webhooks.length }
      }),
  }
}

function eventView(row: EventRow, deliveries: readonly DeliveryRow[]): EventView {
  const { id, name, subject, reason, link, createdAt } = row
  return {
    ...{ id, type: name, createdAt: rfc3339(createdAt), credential: { ...subject }, reason, link },
    deliveries: deliveries.map(deliveryView),
  }
}

function deliveryView(row: DeliveryRow): EventView['deliveries'][number] {
  const { webhookId, attempts, lastStatus, nextAt, deliveredAt, gaveUpAt } = row
  return {
    ...{ webhook: webhookId, attempts, lastStatus, state: stateOf(row) },
    nextAt: rfc3339OrNull(nextAt),
    deliveredAt: rfc3339OrNull(deliveredAt),
    gaveUpAt: rfc3339OrNull(gaveUpAt),
  }
}

function stateOf({ deliveredAt, gaveUpAt }: DeliveryRow): EventView['deliveries'][number]['state'] {
  if (deliveredAt !== null) return 'delivered'
  return gaveUpAt === null ? 'waiting' : 'given-up'
}
