// How long a token or a code lives, as people type it.

import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { durationSeconds } from '../text.ts'

export interface LifetimeOptions {
  readonly expiresIn?: string
  /** False with --no-expiry; commander gives true when neither was said. */
  readonly expiry: boolean
}

// What the server takes.
const SHORTEST_SECONDS = 60
const LONGEST_SECONDS = 3650 * 86_400

/** The seconds a token lives; null: for ever. Oz's rule: it is always said, never assumed. Throws `invalid`. */
export function lifeOf({ expiresIn, expiry }: LifetimeOptions): number | null {
  if ((expiresIn === undefined) === expiry) {
    throw new ClavigerError('invalid', 'Say how long the token lives.', {
      hint: 'Give --expires-in 30d (or 12h, 90m), or --no-expiry; not both.',
    })
  }
  if (expiresIn === undefined) return null
  const seconds = secondsOf(expiresIn)
  if (seconds >= SHORTEST_SECONDS && seconds <= LONGEST_SECONDS) return seconds
  throw new ClavigerError('invalid', 'A token lives for at least 60 seconds and at most 3650 days.', {
    hint: 'Give for example --expires-in 30d, or --no-expiry.',
  })
}

/** A duration such as `30d` in seconds. Throws `invalid`. */
export function secondsOf(text: string): number {
  const seconds = durationSeconds(text)
  if (seconds !== null) return seconds
  throw new ClavigerError('invalid', `"${printable(text)}" is not a duration.`, {
    hint: 'Write it like 30d, 12h, 90m or 3600s.',
  })
}
