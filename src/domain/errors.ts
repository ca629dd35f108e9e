// The one error of the product: a closed list of codes, a sentence for the person and what to type next.
// It does not know HTTP (src/api/status.ts) or exit codes (src/cli/exit-codes.ts). Whatever a message repeats, a key
// somebody put in a wrong place is not in it: messages reach terminals, answers and logs.

import { counted } from './counted.ts'
import { withoutKeys } from './secret.ts'

export const ERROR_CODES = [
  'invalid', // the request or a value is malformed
  'unauthenticated', // no token, or one that is unknown, expired or revoked
  'forbidden', // known, but not allowed
  'not_found',
  'conflict', // taken, changed meanwhile, or in use
  'too_large',
  'needs_login', // the credential's owner must sign in
  'no_credential', // nothing fits
  'rejected', // the provider refuses the credential
  'rate_limited',
  'upstream', // a provider answered badly or not at all
  'unreachable', // the server cannot be reached
  'unavailable', // the server cannot do this now (database, key)
  'storage_full',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** What the same request can be sent again with, for programs that can ask their person for it. */
export const MISSING = ['second-factor'] as const

export type Missing = (typeof MISSING)[number]

export interface ErrorOptions {
  /** What the person can type or do next. Shown. */
  readonly hint?: string
  /** For the operator's log only; never sent to a caller. Must not hold a secret. */
  readonly detail?: string
  readonly cause?: unknown
  /** Whole seconds until it can be tried again. */
  readonly retryAfter?: number
  readonly missing?: Missing
  /** What the log says instead of the message, where that names something which is not the operator's to read. */
  readonly logged?: string
}

/** Any failure the product expects. `message` and `hint` may be shown; `detail` is for logs. */
export class ClavigerError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly detail: string | undefined
  readonly retryAfter: number | undefined
  readonly missing: Missing | undefined
  readonly logged: string | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(withoutKeys(message), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ClavigerError'
    this.code = code
    this.hint = options.hint === undefined ? undefined : withoutKeys(options.hint)
    this.logged = options.logged
    this.detail = options.detail === undefined ? undefined : withoutKeys(options.detail)
    this.retryAfter = options.retryAfter
    this.missing = options.missing
  }
}

/** What went wrong and what to do, where there is one place for both. */
export function inOneLine({ message, hint }: Pick<ClavigerError, 'message' | 'hint'>): string {
  return hint === undefined ? message : `${message} ${hint}`
}

/** The error for what was tried too often; it can be tried again in so many milliseconds. */
export function rateLimited(waitMs: number): ClavigerError {
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
  const hint = `Try again in ${counted(retryAfter, 'second')}.`
  return new ClavigerError('rate_limited', 'This was tried too often.', { hint, retryAfter })
}

/** True for a text that is one of the closed list of codes. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return ERROR_CODES.some((code) => code === text)
}

/** What is missing, of a text that may name it. */
export function missingOf(text: unknown): Missing | undefined {
  return MISSING.find((one) => one === text)
}

/** Turns anything thrown into a ClavigerError; what we did not expect becomes a bland `internal`. */
export function asClavigerError(thrown: unknown): ClavigerError {
  if (thrown instanceof ClavigerError) return thrown
  const detail =
    thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : 'a value that is not an Error'
  return new ClavigerError('internal', 'Something went wrong inside Claviger.', {
    hint: 'See the log of the server for the request id.',
    detail,
    cause: thrown,
  })
}
