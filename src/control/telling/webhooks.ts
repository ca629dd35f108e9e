// Where an organization wants to be told. The secret is made here, shown once, and sealed.

import type { Output } from '../../api/schemas.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { eventBody, TEST_EVENT } from '../../domain/telling/events.ts'
import { verdictOn } from '../../domain/telling/retry.ts'
import { newId } from '../../lib/id.ts'
import type { WebhookRow } from '../../store/outbox-group.ts'
import type { StoreGroups } from '../../store/store.ts'
import { type Act, absent } from '../guard.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { sealedSecret, sealSecret, webhookObject } from './sealed-webhook.ts'

type WebhookUseCases = Pick<
  Control,
  'webhooks.create' | 'webhooks.list' | 'webhooks.remove' | 'webhooks.test'
>

// Every event is sent to each.
const MOST = 20

export function createWebhookUseCases(workshop: Workshop): WebhookUseCases {
  const { guard, store, now, random, vault, webhooks: sender } = workshop
  return {
    async 'webhooks.create'(caller, { url, description, events }) {
      sender.check(url)
      const secret = new Secret(`whsec_${Buffer.from(random(32)).toString('base64')}`)
      const { organizationId } = caller
      const place = { id: newId('whk'), organizationId, url }
      const facts = { description, events: events ?? null, createdAt: now(), createdBy: caller.name }
      const row = await guard.perform(caller, async (unit, authorize) => {
        await authorize(act('webhook.create', place))
        if ((await unit.webhooks.list(organizationId)).length >= MOST) throw tooMany()
        const sealed = { ...place, ...facts, ...sealSecret(vault, place, secret) }
        await unit.webhooks.insert(sealed)
        return sealed
      })
      return { ...webhookView(row), secret }
    },
    async 'webhooks.list'(caller) {
      return { webhooks: (await store.webhooks.list(caller.organizationId)).map(webhookView) }
    },
    'webhooks.remove': (caller, { id }) =>
      guard.perform(caller, async (unit, authorize) => {
        const row = await find(unit, caller.organizationId, id)
        await authorize(act('webhook.remove', row))
        await unit.webhooks.remove(caller.organizationId, id)
        return { id }
      }),
    async 'webhooks.test'(caller, { id }) {
      const { result: row, opened } = await guard.release(caller, async (unit, authorize) => {
        const found = await find(unit, caller.organizationId, id)
        await authorize(act('webhook.test', found))
        return { result: found, open: [sealedSecret(found)] }
      })
      const secret = opened[0]?.['secret']
      if (secret === undefined) throw new ClavigerError('internal', 'A webhook has no secret.')
      const at = now()
      const body = eventBody({
        ...{ name: TEST_EVENT, createdAt: at, organizationId: row.organizationId, subject: null, link: null },
        reason: `${caller.name} asked whether this webhook works.`,
      })
      const status = await sender.send({ url: row.url, secret, id: newId('evt'), at, body })
      return { delivered: verdictOn(status) === 'delivered', status }
    },
  }
}

async function find(
  unit: Pick<StoreGroups, 'webhooks'>,
  organizationId: string,
  id: string,
): Promise<WebhookRow> {
  const row = await unit.webhooks.get(organizationId, id)
  if (row === undefined) throw absent('webhook', id)
  return row
}

function act(action: string, row: Pick<WebhookRow, 'id' | 'url'>): Act {
  return { action, needs: { general: 'manageSettings' }, object: webhookObject(row) }
}

function tooMany(): ClavigerError {
  return new ClavigerError('conflict', `The organization has ${MOST} webhooks, and there may be no more.`, {
    hint: 'Remove one: claviger admin webhook list, then claviger admin webhook remove ID',
  })
}

function webhookView(row: WebhookRow): Output<'webhooks.list'>['webhooks'][number] {
  const { id, url, description, events, createdAt, createdBy } = row
  return {
    ...{ id, url, description, createdBy, createdAt: rfc3339(createdAt) },
    events: events === null ? null : [...events],
  }
}
