// The groups of what organizations are told: their webhooks, the events, and what became of sending each to each. Part of
// the port, beside store.ts.

import type { EventName, EventSubject } from '../domain/telling/events.ts'

export interface WebhookRow {
  readonly id: string
  readonly organizationId: string
  readonly url: string
  readonly description: string
  /** Those it wants; null: all, also those that there will be. */
  readonly events: readonly EventName[] | null
  /** The data key, wrapped by the master key; re-keying finds it through DataKeyStore. */
  readonly wrappedKey: Uint8Array
  /** What it is signed with, sealed. */
  readonly secret: Uint8Array
  readonly createdAt: number
  readonly createdBy: string
}

/** What the data key of a webhook is bound to: its address too, so that a signature goes nowhere else. */
export function webhookPlace({ id, organizationId, url }: Pick<WebhookRow, 'id' | 'organizationId' | 'url'>) {
  return { id, organizationId, owner: 'org', type: 'webhook', name: url, version: 1 } as const
}

export interface WebhookStore {
  insert(row: WebhookRow): Promise<void>
  get(organizationId: string, id: string): Promise<WebhookRow | undefined>
  /** Oldest first. */
  list(organizationId: string): Promise<WebhookRow[]>
  /** With what was still to be sent to it. False when there was none. */
  remove(organizationId: string, id: string): Promise<boolean>
}

export interface EventRow {
  readonly id: string
  readonly organizationId: string
  readonly name: EventName
  readonly subject: EventSubject
  readonly reason: string
  readonly link: string | null
  /** What must be told only once in the organization; null: it may be told again. */
  readonly once: string | null
  readonly createdAt: number
}

/** A page of events by id; ids are ordered by time. */
export interface EventPage {
  /** Return rows after this id, in the order that is asked for. */
  readonly after?: string
  /** At most this many rows. */
  readonly limit: number
  /** The newest first; without it the oldest. */
  readonly newest?: boolean
}

/** Events are never changed. They outlive their credential. */
export interface OutboxStore {
  /** With a delivery to each of these webhooks, due at once. False, and nothing is stored, when it was told before. */
  insert(row: EventRow, webhookIds: readonly string[]): Promise<boolean>
  get(organizationId: string, id: string): Promise<EventRow | undefined>
  /** `undelivered`: those that some webhook has not taken. */
  list(
    organizationId: string,
    filter: { readonly undelivered?: boolean },
    page: EventPage,
  ): Promise<EventRow[]>
  /** What became of these, oldest first, by webhook. */
  listDeliveries(eventIds: readonly string[]): Promise<DeliveryRow[]>
  /** Forgets events from before this time with nothing left to be sent, at most so many. Returns how many. */
  prune(createdBefore: number, limit: number): Promise<number>
}

/** One event to one webhook. */
export interface DeliveryRow {
  readonly eventId: string
  readonly webhookId: string
  readonly organizationId: string
  /** Counts the tries, and is the fence: what a try came to counts only while no other has begun. */
  readonly attempts: number
  /** When it was due for the first time, or since it was asked for again. */
  readonly since: number
  /** When it is tried next: while a try is under way, when another may begin; null: not again. */
  readonly nextAt: number | null
  /** What the last try came to: a status of HTTP, or a word; empty before the first. */
  readonly lastStatus: string
  readonly deliveredAt: number | null
  readonly gaveUpAt: number | null
}

export type DeliveryEnd = Pick<DeliveryRow, 'nextAt' | 'lastStatus' | 'deliveredAt' | 'gaveUpAt'>

export interface DeliveryStore {
  /** Those to be tried by now, over all organizations, the longest due first. */
  due(now: number, limit: number): Promise<DeliveryRow[]>
  /** Begins a try: counts it, and moves the next to `until`. False when somebody else has, or there is nothing to send. */
  claim(seen: DeliveryRow, until: number): Promise<boolean>
  /** Ends the try of this number. False when another has begun since, or it is gone. */
  settle(claimed: Pick<DeliveryRow, 'eventId' | 'webhookId' | 'attempts'>, end: DeliveryEnd): Promise<boolean>
  /** Moves what is due to a webhook by `now` to `until`: it does not answer. */
  postpone(webhookId: string, now: number, until: number): Promise<void>
  /** Sends an event to these webhooks, whatever became of it before. */
  again(
    event: Pick<EventRow, 'id' | 'organizationId'>,
    webhookIds: readonly string[],
    at: number,
  ): Promise<void>
  /** Over all organizations. */
  counts(): Promise<{ readonly waiting: number; readonly givenUp: number }>
}
