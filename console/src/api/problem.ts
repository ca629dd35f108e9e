// What a person reads of anything that was thrown: the API's own sentence and hint.

import { shownOf } from '../../../src/client/problem.ts'

export interface Shown {
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  /** Seconds until it can be tried again. */
  readonly retryAfter?: number | undefined
}

export function problemOf(thrown: unknown): Shown {
  const shown = shownOf(thrown)
  if (shown === null)
    return { code: 'internal', message: 'Something went wrong in this page.', hint: 'Load it again.' }
  // The client's own words are for terminals: where the server is, is no setting here.
  if (shown.code === 'unreachable' && !navigator.onLine)
    return { code: shown.code, message: 'This device is offline.', hint: 'Try again when it has a network.' }
  if (shown.code === 'unreachable')
    return { code: shown.code, message: 'The server does not answer.', hint: 'Try again in a moment.' }
  return shown
}

/** Whether it was said that there is no such thing: it was deleted, or is not theirs to see. */
export function isGone(thrown: unknown): boolean {
  return problemOf(thrown).code === 'not_found'
}

/** Whether nobody is signed in any more. */
export function isSignedOut(thrown: unknown): boolean {
  return problemOf(thrown).code === 'unauthenticated'
}
