// `claviger admin events`: what the organization was told, and what became of it.

import type { Output } from '../../api/schemas.ts'
import { counted } from '../../domain/counted.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { relativeTime } from '../text.ts'
import { wholeNumber } from '../usage.ts'

export interface ListEventsOptions {
  readonly undelivered?: boolean
  readonly after?: string
  readonly limit?: string
}

type Event = Output<'events.list'>['events'][number]

export async function list(
  context: Context,
  { undelivered, after, limit }: ListEventsOptions,
): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('events.list', {
    ...(undelivered === true && { state: 'undelivered' as const }),
    ...(after !== undefined && { after }),
    ...(limit !== undefined && { limit: String(wholeNumber('--limit', limit)) }),
  })
  const now = Date.now()
  const rows = () => answer.events.map((event) => row(event, now))
  const headings = ['ID', 'EVENT', 'WHEN', 'CREDENTIAL', 'SENT', 'WHY']
  context.ui.table(answer, headings, rows, 'There are no events.')
  if (answer.next !== null) context.ui.note(`More: claviger admin events list --after ${answer.next}`)
  return EXIT.ok
}

export async function replay(context: Context, _: unknown, [id = '']: readonly string[]): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('events.replay', { id })
  context.ui.answer(answer, () => [
    answer.webhooks === 0
      ? 'There is no webhook that wants it.'
      : `Sending it again to ${counted(answer.webhooks, 'webhook')}.`,
  ])
  return EXIT.ok
}

/** What became of an event, in a few words: the worst of its deliveries. */
export function sentInWords({ deliveries }: Pick<Event, 'deliveries'>): string {
  const last = (state: string) => deliveries.find((delivery) => delivery.state === state)
  const [lost, waiting] = [last('given-up'), last('waiting')]
  if (lost) return `given up (${lost.lastStatus})`
  if (waiting) return waiting.lastStatus === '' ? 'waiting' : `waiting (${waiting.lastStatus})`
  return deliveries.length === 0 ? 'to nobody' : 'yes'
}

function row(event: Event, now: number): string[] {
  const { id, type, createdAt, credential, reason } = event
  return [
    ...[id, type, relativeTime(createdAt, now), `${credential.name} of ${credential.owner}`],
    ...[sentInWords(event), reason],
  ]
}
