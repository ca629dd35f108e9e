// What organizations are told of by webhooks: the names of events, and what each says. Names stay what they are: programs
// of others look for them.

import type { OwnerText } from '../owner.ts'

export const EVENT_NAMES = [
  'grant.refresh_failing',
  'grant.recovered',
  'grant.login_needed',
  'grant.ends_soon',
  'grant.orphan_found',
  'grant.duplicate_found',
  'grant.quarantined',
] as const

export type EventName = (typeof EVENT_NAMES)[number]

/** Sent when somebody asks whether a webhook works; it is about no credential and is kept nowhere. */
export const TEST_EVENT = 'webhook.test'

/** The credential an event is about, as it was then. No value of it. */
export interface EventSubject {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly owner: OwnerText
  readonly suffix: string
}

/** What is sent, but for the organization. */
export interface EventFacts {
  readonly name: EventName | typeof TEST_EVENT
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly organizationId: string
  readonly subject: EventSubject | null
  /** One clause or sentence for people; ours. */
  readonly reason: string
  /** Where somebody who is signed in does something about it; null: nowhere. Never a link that lets anybody in. */
  readonly link: string | null
}

/** The body of a webhook, the same bytes each time it is sent: {type, timestamp, data}. */
export function eventBody({ name, createdAt, organizationId, subject, reason, link }: EventFacts): string {
  return JSON.stringify({
    type: name,
    timestamp: new Date(createdAt).toISOString(),
    data: {
      organization: organizationId,
      credential: subject,
      reason,
      ...(link !== null && { link }),
    },
  })
}
