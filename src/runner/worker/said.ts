// What a worker says of a run, as the server takes it. One item that is refused would end the run, and a program may say anything:
// texts are cut, and what cannot be kept is left out.

import type { ConversationEvent, Failure } from '../../domain/runs/conversation.ts'
import { SAID_AT_MOST as MOST } from '../../domain/runs/limits.ts'
import type { MessageState, ReportedState } from '../../domain/runs/run.ts'

/** One thing to say. Times and numbers are added when it is taken down. */
export type Said =
  | { readonly is: 'event'; readonly event: ConversationEvent; readonly lease?: string }
  | { readonly is: 'state'; readonly state: ReportedState; readonly reason?: string; readonly until?: string }
  | {
      readonly is: 'message'
      readonly message: string
      readonly state: MessageState
      readonly reason?: string
    }

/** The same, cut where it is too long. */
export function fitting(said: Said): Said {
  if (said.is === 'event') return { ...said, event: fittingEvent(said.event) }
  return said.reason === undefined ? said : { ...said, reason: cut(said.reason, MOST.reason) }
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
      return { ...event, text: cut(event.text, MOST.output) }
    case 'tool':
      return {
        ...{ kind: 'tool', call: cut(event.call, MOST.word), name: cut(event.name, MOST.toolName) },
        input: cut(event.input, MOST.output),
      }
    case 'tool-result':
      return { ...event, call: cut(event.call, MOST.word), output: cut(event.output, MOST.output) }
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

// Postgres keeps no NUL in a text, and a text that was cut may end in half a character.
function cut(text: string, most: number): string {
  const kept = text.replaceAll('\u0000', '\uFFFD')
  return kept.length <= most ? kept : `${kept.slice(0, most - 1).toWellFormed()}…`
}
