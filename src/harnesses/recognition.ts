// What reading the lines of both programs has in common: whole lines to objects, texts within their limit, and what a word
// or a status says about a failure. It does not know either program.

import { ClavigerError } from '../domain/errors.ts'
import { isKnownWord, kindOf } from '../domain/resolution/verdicts.ts'
import type { ConversationEvent, Failure, FailureKind } from '../domain/runs/conversation.ts'
import { FAILURE_CODE, MAX_LINE, MAX_TEXT, type ProcessEnd } from './conversing.ts'
import { isObject, type JsonObject } from './json-file.ts'

const MAX_NAME = 100
const MAX_MEANINGFUL = 8 * 1024
// A program that prints plain text where it should not says what it has to say at the beginning.
const MAX_PLAIN_TEXT = 2000

/** The object of a line, or the events that stand for a line that is none. */
export function parseLine(
  line: string,
): { readonly object: JsonObject } | { readonly events: readonly ConversationEvent[] } {
  if (line.length > MAX_LINE) return { events: [unknown(`a line of more than ${MAX_LINE} characters`)] }
  if (line.trim() === '') return { events: [] }
  try {
    const object: unknown = JSON.parse(line)
    return isObject(object) ? { object } : { events: [unknown('a line that is no object')] }
  } catch {
    return { events: [{ kind: 'notice', text: clipped(line.trim(), MAX_PLAIN_TEXT) }] }
  }
}

export function notice(text: string): ConversationEvent {
  return { kind: 'notice', text: clipped(text) }
}

export function unknown(name: string): ConversationEvent {
  return { kind: 'unknown', name: clipped(name, MAX_NAME) }
}

/** The text as far as it is kept, and how much is not. */
export function clipped(text: string, limit = MAX_TEXT): string {
  if (text.length <= limit) return text
  // Never through the middle of a character.
  const end = /[\uD800-\uDBFF]/.test(text.charAt(limit - 1)) ? limit - 1 : limit
  return `${text.slice(0, end)}… (${text.length - end} more characters)`
}

export function textIn(object: JsonObject, key: string): string {
  const value = object[key]
  return typeof value === 'string' ? value : ''
}

/** A count of tokens or tries; 0 for whatever is none. */
export function countIn(object: JsonObject, key: string): number {
  const value = object[key]
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}

export function objectsIn(object: JsonObject, key: string): readonly JsonObject[] {
  const value = object[key]
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function objectIn(object: JsonObject, key: string): JsonObject {
  const value = object[key]
  return isObject(value) ? value : {}
}

/** An HTTP status; null for whatever is none. */
export function statusOf(value: unknown): number | null {
  const status = typeof value === 'string' ? Number(value) : value
  return typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 599
    ? status
    : null
}

const NOT_ABOUT_THE_CREDENTIAL: Readonly<Record<string, FailureKind>> = {
  overloaded: 'overload',
  overloaded_error: 'overload',
  invalid_request: 'request',
  invalid_request_error: 'request',
  model_not_found: 'request',
  max_output_tokens: 'request',
}

/** What a word of a program or a provider says; null: nothing, or we do not know it. */
export function kindOfWord(word: string): FailureKind | null {
  if (!isKnownWord(word)) return null
  const kind = kindOf({ code: word })
  return kind === 'other' ? (NOT_ABOUT_THE_CREDENTIAL[word] ?? null) : kind
}

/** What an HTTP status alone says; null: nothing. */
export function kindOfStatus(status: number | null): FailureKind | null {
  if (status === null) return null
  const kind = kindOf({ status })
  if (kind !== 'other') return kind
  if (status >= 500) return 'overload'
  return status >= 400 ? 'request' : null
}

/** A known text, and what it means. Null: the program's own word stands. */
export interface KnownText {
  readonly pattern: RegExp
  readonly kind: FailureKind
  readonly code?: string
}

/** As much of a text as is looked through for what it means. */
export function beginning(text: string): string {
  return text.slice(0, MAX_MEANINGFUL)
}

/** The first of the known texts that is in `text`. */
export function knownText(texts: readonly KnownText[], text: string): KnownText | undefined {
  return texts.find(({ pattern }) => pattern.test(text))
}

/** A failure without a status that is known. */
export function plainFailure(kind: FailureKind, code: string | null, text: string): Failure {
  return { kind, status: null, code, text: clipped(text), resetsAt: null }
}

/** The failure of a turn whose process is gone: what it said last, or else that it is gone. */
export function deathOf(title: string, { exitCode, signal }: ProcessEnd, said: Failure): Failure {
  if (said.kind !== 'program' || said.code !== null) return said
  const how = signal ?? `exit ${exitCode ?? 'unknown'}`
  const why = said.text === '' ? '.' : `: ${said.text}`
  return plainFailure('program', FAILURE_CODE.died, `${title} ended before the turn was over (${how})${why}`)
}

/** A session id as an argument of a program. Throws `invalid` for what could be taken for something else. */
export function checkedSessionId(id: string): string {
  if (/^[0-9A-Za-z][\w-]{0,199}$/.test(id)) return id
  throw new ClavigerError('invalid', 'That is not the id of a session.', {
    hint: 'Begin a new session instead.',
  })
}

/** A time in milliseconds since 1970 as a program tells it; null for what is no date at all. */
export function timeOf(time: number | null): number | null {
  return time !== null && time > 0 && !Number.isNaN(new Date(time).getTime()) ? time : null
}
