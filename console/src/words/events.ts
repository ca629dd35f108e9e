// What webhooks are told of, as people say it. The kinds are the API's: one that is missing here is no program.

import type { Output } from '../../../src/api/schemas.ts'

export type EventKind = Output<'events.list'>['events'][number]['type']

const WORDS: Readonly<Record<EventKind, string>> = {
  'grant.login_needed': 'A login is over',
  'grant.refresh_failing': 'A login cannot be renewed',
  'grant.recovered': 'A login works again',
  'grant.ends_soon': 'A login ends soon',
  'grant.quarantined': 'A login is held back after the database went back',
  'grant.orphan_found': 'A renewal was answered twice',
  'grant.duplicate_found': 'A login is stored twice',
}

export const EVENT_KINDS: readonly EventKind[] = Object.keys(WORDS) as EventKind[]

export function eventWords(kind: EventKind): string {
  return WORDS[kind]
}
