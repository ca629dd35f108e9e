// What the organization was to be told and some webhook has not taken, for those who may see it.

import type { Client } from '../../client/client.ts'
import { sentInWords } from '../admin/events.ts'
import type { Finding } from './finding.ts'

const SHOWN = 5

// Younger ones are on their way.
const PATIENCE = 60_000

/** None when the caller may not ask, or the server cannot say. */
export async function checkEvents(client: Client): Promise<Finding[]> {
  const answer = await client.call('events.list', { state: 'undelivered', limit: 100 }).catch(() => null)
  const late = (answer?.events ?? []).filter(({ createdAt }) => Date.now() - Date.parse(createdAt) > PATIENCE)
  const shown = late.slice(0, SHOWN).map(
    (event): Finding => ({
      level: 'warn',
      what: 'event',
      said: `${event.type} of ${event.credential.name}: ${sentInWords(event)}`,
      hint: `See whether the webhook works: claviger admin webhook test ID (claviger admin webhook list). Then: claviger admin events replay ${event.id}`,
    }),
  )
  if (late.length <= SHOWN) return shown
  const more = `${late.length - SHOWN}${answer?.next === null ? '' : ' or more'} others were not taken either.`
  const hint = 'See all: claviger admin events list --undelivered'
  return [...shown, { level: 'warn', what: 'event', said: more, hint }]
}
