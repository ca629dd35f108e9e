// What a worker says, as the server takes it. One item that is refused would end the run, and a program may say anything:
// texts are cut, and what cannot be kept is left out.

import type { ConversationEvent, Failure } from '../../domain/runs/conversation.ts'
import { SAID_AT_MOST as MOST } from '../../domain/runs/limits.ts'
import type { Item, Said } from './said.ts'

/** The same, cut where it is too long. */
export function fitting(said: Said): Said {
  if (said.is === 'event') return { ...said, event: fittingEvent(said.event) }
  return said.reason === undefined ? said : { ...said, reason: cut(said.reason, MOST.reason) }
}

/** The same with half of its text, for who finds it too large; null when there is nothing to leave out. */
export function halved(item: Item): Item | null {
  if (item.is !== 'event') return null
  const { event } = item
  switch (event.kind) {
    case 'text':
    case 'reasoning':
    case 'notice': {
      const text = half(event.text)
      return text === null ? null : { ...item, event: { ...event, text } }
    }
    case 'tool': {
      const input = half(event.input)
      return input === null ? null : { ...item, event: { ...event, input } }
    }
    case 'tool-result': {
      const output = half(event.output)
      return output === null ? null : { ...item, event: { ...event, output } }
    }
    default:
      return null
  }
}

// Less than this was not what is too large.
const SHORTEST = 1_000

function half(text: string): string | null {
  return text.length < SHORTEST ? null : cut(text, Math.ceil(text.length / 2))
}

function fittingEvent(event: ConversationEvent): ConversationEvent {
  switch (event.kind) {
    case 'session': {
      const session = cut(event.session, MOST.session)
      if (session === '') return { kind: 'unknown', name: 'session without a name' }
      return { ...event, session, model: cutOrNull(event.model) }
    }
    case 'text':
    case 'reasoning':
      return { ...event, text: cutLong(event.text) }
    case 'tool':
      return {
        ...{ kind: 'tool', call: cut(event.call, MOST.word), name: cut(event.name, MOST.toolName) },
        input: cutLong(event.input),
      }
    case 'tool-result':
      return { ...event, call: cut(event.call, MOST.word), output: cutLong(event.output) }
    case 'notice':
      return { ...event, text: cut(event.text, MOST.notice) }
    case 'unknown':
      return { ...event, name: cut(event.name, MOST.word) }
    case 'retry':
    case 'turn-failed':
      return { ...event, failure: fittingFailure(event.failure) }
    case 'turn-done':
      return event
  }
}

function fittingFailure({ kind, status, code, text, resetsAt }: Failure): Failure {
  return {
    ...{ kind, code: cutOrNull(code), text: cut(text, MOST.failure) },
    ...{ status: wholeOrNull(status), resetsAt: wholeOrNull(resetsAt) },
  }
}

function wholeOrNull(value: number | null): number | null {
  return Number.isSafeInteger(value) ? value : null
}

function cutOrNull(word: string | null): string | null {
  return word === null ? null : cut(word, MOST.word)
}

// What counts at the server is a request, in bytes; a character may be six of them in JSON.
const MOST_BYTES = 600_000
const MOST_OF_A_CHARACTER = 6

function cutLong(text: string): string {
  const kept = cut(text, MOST.output)
  if (kept.length * MOST_OF_A_CHARACTER <= MOST_BYTES) return kept
  const bytes = Buffer.byteLength(JSON.stringify(kept))
  return bytes <= MOST_BYTES ? kept : cut(kept, fittingLength(kept))
}

// As many of its characters as are that large at the most.
function fittingLength(text: string): number {
  let [low, high] = [0, text.length]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (Buffer.byteLength(JSON.stringify(text.slice(0, middle))) <= MOST_BYTES) low = middle
    else high = middle - 1
  }
  return low
}

// Postgres keeps no NUL in a text, and a text that was cut may end in half a character.
function cut(text: string, most: number): string {
  const kept = text.replaceAll('\u0000', '\uFFFD')
  return kept.length <= most ? kept : `${kept.slice(0, most - 1).toWellFormed()}…`
}
