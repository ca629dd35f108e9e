// Sending what is due. A try is claimed, and its audit entry written, in one unit, before the secret is opened and anything
// is sent; of several servers one wins. One that dies in the middle leaves the claim, which ends by itself: then the event
// is sent again, under the same id.

import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { eventBody } from '../../domain/telling/events.ts'
import { nextTry, verdictOn } from '../../domain/telling/retry.ts'
import type { Log } from '../../lib/log.ts'
import type { WebhookSender } from '../../providers/webhook-sender.ts'
import type { DeliveryEnd, DeliveryRow, EventRow, WebhookRow } from '../../store/outbox-group.ts'
import type { StoreGroups } from '../../store/store.ts'
import { upkeep } from '../grants/tools.ts'
import type { Act, Guard } from '../guard.ts'
import type { Ports } from '../use-case.ts'
import { sealedSecret, webhookObject } from './sealed-webhook.ts'

/** For so long a try is its server's, in milliseconds: much longer than a call may take. */
export const CLAIM = 60_000

// Deliveries that are looked at in one round; those to different webhooks go out at the same time.
const BATCH = 50

export interface SendingPorts extends Pick<Ports, 'store' | 'now' | 'server'> {
  readonly guard: Guard
  readonly sender: WebhookSender
  /** From 0 to 1. */
  readonly chance: () => number
  readonly log: Log
}

/** One round over what is due. Rejects when the database cannot be used. */
export async function sendDue(ports: SendingPorts, signal: AbortSignal): Promise<void> {
  const due = await ports.store.deliveries.due(ports.now(), BATCH)
  const queues = Map.groupBy(due, ({ webhookId }) => webhookId)
  await Promise.all([...queues.values()].map((queue) => sendInTurn(ports, queue, signal)))
}

async function sendInTurn(
  ports: SendingPorts,
  queue: readonly DeliveryRow[],
  signal: AbortSignal,
): Promise<void> {
  for (const delivery of queue) {
    if (signal.aborted) return
    const again = await sendOne(ports, delivery)
    if (again === null) continue
    // Whoever does not answer is asked once, not once for every event: others wait behind it.
    await ports.store.deliveries.postpone(delivery.webhookId, ports.now(), again)
    return
  }
}

// When to try again; null: it is over, or somebody else's.
async function sendOne(ports: SendingPorts, delivery: DeliveryRow): Promise<number | null> {
  const claimed = { ...delivery, attempts: delivery.attempts + 1 }
  const status = await claimAndSend(ports, delivery)
  if (status === null) return null
  const end = endOf(ports, delivery, status)
  const settled = await ports.store.deliveries.settle(claimed, end)
  if (settled && end.gaveUpAt !== null) {
    const { eventId, webhookId, attempts } = claimed
    ports.log.warn({ event: eventId, webhook: webhookId, attempts, status }, 'an event was given up')
  }
  return end.nextAt
}

function endOf({ now, chance }: SendingPorts, { since }: DeliveryRow, lastStatus: string): DeliveryEnd {
  const verdict = verdictOn(lastStatus)
  const at = now()
  if (verdict === 'delivered') return { nextAt: null, lastStatus, deliveredAt: at, gaveUpAt: null }
  const nextAt = verdict === 'never' ? null : nextTry({ since, now: at, chance: chance() })
  return { nextAt, lastStatus, deliveredAt: null, gaveUpAt: nextAt === null ? at : null }
}

interface Claimed {
  readonly event: EventRow
  readonly webhook: WebhookRow
}

async function claimAndSend(ports: SendingPorts, delivery: DeliveryRow): Promise<string | null> {
  try {
    const { result, opened } = await ports.guard.release(
      upkeep(ports, delivery.organizationId),
      async (unit, authorize) => {
        const claimed = await claim(ports, unit, delivery)
        await authorize(deliverAct(claimed))
        return { result: claimed, open: [sealedSecret(claimed.webhook)] }
      },
    )
    return await send(ports, result, opened[0]?.['secret'])
  } catch (thrown) {
    if (thrown instanceof NothingToSend) return null
    // What does not open is no matter of the receiver: it is said, and tried again for as long as anything is.
    if (!(thrown instanceof ClavigerError)) throw thrown
    ports.log.warn({ webhook: delivery.webhookId, detail: thrown.logged }, 'an event could not be sent')
    return 'not-sent'
  }
}

async function claim({ now }: SendingPorts, unit: StoreGroups, delivery: DeliveryRow): Promise<Claimed> {
  const { organizationId, webhookId, eventId } = delivery
  const webhook = await unit.webhooks.get(organizationId, webhookId)
  const event = await unit.outbox.get(organizationId, eventId)
  if (webhook === undefined || event === undefined) throw new NothingToSend('It is gone.')
  if (!(await unit.deliveries.claim(delivery, now() + CLAIM))) throw new NothingToSend('Another was faster.')
  return { event, webhook }
}

class NothingToSend extends Error {}

function deliverAct({ event, webhook }: Claimed): Act {
  return {
    action: 'webhook.deliver',
    needs: { upkeep: true },
    object: webhookObject(webhook),
    details: { event: event.id, type: event.name, credential: event.subject.id },
  }
}

async function send(
  { sender, now }: SendingPorts,
  { event, webhook }: Claimed,
  secret: Secret | undefined,
): Promise<string> {
  if (secret === undefined) throw new ClavigerError('internal', 'A webhook has no secret.')
  const message = { url: webhook.url, secret, id: event.id, at: now() }
  return sender.send({ ...message, body: eventBody(event) })
}
