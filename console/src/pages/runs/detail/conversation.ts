// What is shown of a conversation, made of its events one after the other. What has not changed stays the same object, so
// that it is not drawn again.

import type { Output, Request } from '../../../../../src/api/schemas.ts'

export type Run = Output<'runs.read'>
export type Message = Run['messages'][number]
type Said = Extract<Request<'runs.report'>['items'][number], { is: 'event' }>['event']
type FailureKind = Extract<Said, { kind: 'turn-failed' }>['failure']['kind']

/** As `runs.events` tells it. */
export interface News {
  readonly position: number
  readonly at: string
  readonly event:
    | Said
    | { readonly kind: 'state'; readonly state: Run['state']; readonly reason: string }
    | {
        readonly kind: 'message'
        readonly id: string
        readonly state: Message['state']
        readonly reason: string
      }
    | { readonly kind: 'credential'; readonly credential: Run['credential']; readonly reason: string }
}

/** One thing in the flow. */
export type Entry = { readonly position: number; readonly at: string } & (
  | {
      readonly kind: 'message'
      readonly id: string
      readonly state: Message['state']
      readonly reason: string
    }
  | { readonly kind: 'text' | 'reasoning' | 'notice' | 'retry' | 'failure'; readonly text: string }
  | {
      readonly kind: 'tool'
      readonly call: string
      readonly name: string
      readonly input: string
      /** Null while it is used. */
      readonly result: { readonly failed: boolean; readonly output: string } | null
    }
  | {
      readonly kind: 'credential'
      readonly credential: Run['credential']
      readonly reason: string
      /** As against what served before; after a restart or a nap it may be the same again. */
      readonly became: 'first' | 'same' | 'switched'
    }
  | { readonly kind: 'state'; readonly state: Run['state']; readonly reason: string }
)

export interface Conversation {
  readonly entries: readonly Entry[]
  /** Position of the last event that is known. */
  readonly last: number
  /** Position of the last one after which the run answers otherwise when it is read. */
  readonly noteworthy: number
  readonly state: (Pick<Run, 'state' | 'reason'> & { readonly position: number }) | null
  readonly model: string | null
}

export const NOTHING_SAID: Conversation = { entries: [], last: 0, noteworthy: 0, state: null, model: null }

// How these are healed is shown, not what the provider said of them.
const HEALED: readonly FailureKind[] = ['authentication', 'quota', 'billing', 'organization']

// What people want to find again when they scroll back.
const TOLD_STATES: readonly Run['state'][] = [
  ...(['reauthenticating', 'waiting_for_credentials', 'hibernated'] as const),
  ...(['failed', 'cancelled', 'done'] as const),
]

/** The conversation after these events. Those that are known are passed over. */
export function withNews(conversation: Conversation, news: readonly News[]): Conversation {
  const fresh = news.filter(({ position }) => position > conversation.last)
  if (fresh.length === 0) return conversation
  const entries = [...conversation.entries]
  let { last, noteworthy, state, model } = conversation
  for (const one of fresh) {
    const { position, event } = one
    take(entries, one)
    last = Math.max(last, position)
    if (event.kind === 'state') state = { state: event.state, reason: event.reason, position }
    if (event.kind === 'session') model = event.model ?? model
    if (['state', 'message', 'credential', 'turn-done', 'turn-failed'].includes(event.kind))
      noteworthy = position
  }
  return { entries, last, noteworthy, state, model }
}

function take(entries: Entry[], { position, at, event }: News): void {
  const add = (entry: EntryBody) => entries.push({ position, at, ...entry } as Entry)
  switch (event.kind) {
    case 'notice':
      // Every process of the program says it again.
      if (!entries.some((one) => one.kind === 'notice' && one.text === event.text))
        add({ kind: 'notice', text: event.text })
      break
    case 'text':
    case 'reasoning':
      add({ kind: event.kind, text: event.text })
      break
    case 'tool':
      add({ kind: 'tool', call: event.call, name: event.name, input: event.input, result: null })
      break
    case 'tool-result':
      finishTool(entries, event)
      break
    case 'retry':
      // Only how often it has tried by now is worth a line.
      if (entries.at(-1)?.kind === 'retry') entries.pop()
      if (!HEALED.includes(event.failure.kind)) add(failureOf(event))
      break
    case 'turn-failed':
      if (!HEALED.includes(event.failure.kind)) add(failureOf(event))
      break
    case 'message':
      moveMessage(entries, { position, at, ...event })
      break
    case 'credential': {
      const before = entries.findLast((one) => one.kind === 'credential')
      const isSame = before?.credential?.id === event.credential?.id
      const became = before === undefined ? 'first' : isSame ? 'same' : 'switched'
      add({ kind: 'credential', credential: event.credential, reason: event.reason, became })
      break
    }
    case 'state':
      if (TOLD_STATES.includes(event.state)) add({ kind: 'state', state: event.state, reason: event.reason })
      break
    default:
  }
}

type WithoutPlace<E> = E extends Entry ? Omit<E, 'position' | 'at'> : never
type EntryBody = WithoutPlace<Entry>

function failureOf(event: Extract<Said, { kind: 'retry' | 'turn-failed' }>): EntryBody {
  const { text } = event.failure
  if (event.kind === 'turn-failed') return { kind: 'failure', text }
  const of = event.of === null ? '' : ` of ${event.of}`
  return { kind: 'retry', text: `It tries again (${event.attempt}${of}): ${text}` }
}

function finishTool(
  entries: Entry[],
  { call, failed, output }: Extract<Said, { kind: 'tool-result' }>,
): void {
  const place = entries.findLastIndex(
    (one) => one.kind === 'tool' && one.call === call && one.result === null,
  )
  const tool = entries[place]
  if (tool?.kind === 'tool') entries[place] = { ...tool, result: { failed, output } }
}

// What waits in the queue is shown there; in the flow a message stands where the program got it.
function moveMessage(entries: Entry[], message: Extract<Entry, { kind: 'message' }>): void {
  const place = entries.findLastIndex((one) => one.kind === 'message' && one.id === message.id)
  const known = entries[place]
  if (message.state === 'queued') {
    if (known !== undefined) entries.splice(place, 1)
    return
  }
  if (known === undefined) entries.push(message)
  else entries[place] = { ...message, position: known.position, at: known.at }
}
