// What every engine says when it refuses. Engines decide when; the words are the same.

import { ClavigerError } from '../domain/errors.ts'
import type { OwnerText } from '../domain/owner.ts'

const NAME_HINT = 'Choose another name.'
const OUTCOME_UNKNOWN = 'The database was lost while it was storing this; it may have been stored.'
const CONTENDED = 'Others were changing the same at the same time.'

/** `conflict`: the owner already has a credential of that name. */
export function credentialNameTaken(owner: OwnerText, name: string, cause?: unknown): ClavigerError {
  return new ClavigerError('conflict', `${owner} already has a credential named ${name}.`, {
    hint: NAME_HINT,
    cause,
  })
}

/** `conflict`: the organization already has a live token of that name. */
export function tokenNameTaken(name: string, cause?: unknown): ClavigerError {
  return new ClavigerError('conflict', `There already is a token named ${name}.`, { hint: NAME_HINT, cause })
}

/** `conflict`: the organization already has an agent of that name. */
export function agentNameTaken(name: string, cause?: unknown): ClavigerError {
  return new ClavigerError('conflict', `There already is an agent named ${name}.`, { hint: NAME_HINT, cause })
}

/** `conflict`: the organization already has a worker of that name, enrolled or waiting for it. */
export function workerNameTaken(name: string, cause?: unknown): ClavigerError {
  return new ClavigerError('conflict', `There already is a worker named ${name}.`, {
    hint: `${NAME_HINT} Or end that one first: claviger admin worker revoke ${name}`,
    cause,
  })
}

/** `conflict`: the organization already has a channel of that name. */
export function channelNameTaken(name: string, cause?: unknown): ClavigerError {
  return new ClavigerError('conflict', `There already is a channel named ${name}.`, {
    hint: NAME_HINT,
    cause,
  })
}

/** `conflict`: a row with this key exists. */
export function alreadyThere(cause?: Error): ClavigerError {
  return new ClavigerError('conflict', 'There is one like this already.', withCause(cause))
}

/** `not_found`: the row this one belongs to was deleted. */
export function parentGone(cause?: Error): ClavigerError {
  return new ClavigerError('not_found', 'What this belongs to does not exist any more.', withCause(cause))
}

/** `unavailable`: the store was closed before this was asked. */
export function storeClosed(): ClavigerError {
  return new ClavigerError('unavailable', 'The database is closed.', { hint: 'Start the server again.' })
}

/** `unavailable`: the connection was lost while the database was committing. Nobody can say what it has stored. */
export function outcomeUnknown(detail: string): ClavigerError {
  return new ClavigerError('unavailable', OUTCOME_UNKNOWN, {
    hint: 'Look whether it is there before you try again.',
    detail,
  })
}

/** Whether this is what `outcomeUnknown` made: the unit may have been stored. */
export function isOutcomeUnknown(thrown: unknown): boolean {
  return thrown instanceof ClavigerError && thrown.message === OUTCOME_UNKNOWN
}

/** `unavailable`: another server was in the way of this unit, and the database took it back. It can be run again. */
export function contended(detail: string): ClavigerError {
  return new ClavigerError('unavailable', CONTENDED, { hint: 'Nothing was stored. Try again.', detail })
}

/** Whether this is what `contended` made. */
export function isContended(thrown: unknown): boolean {
  return thrown instanceof ClavigerError && thrown.message === CONTENDED
}

/** `internal`: a unit's groups were kept and used after it. */
export function unitEnded(): ClavigerError {
  return new ClavigerError('internal', 'A unit of the store was used after its end.')
}

/** Whether this is a ClavigerError of code `conflict`. */
export function isConflict(thrown: unknown): boolean {
  return thrown instanceof ClavigerError && thrown.code === 'conflict'
}

function withCause(cause: Error | undefined) {
  return cause === undefined ? {} : { cause, detail: cause.message }
}
