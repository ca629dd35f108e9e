// From an answer that is no success to the error it stands for.

import { PROBLEM_TYPE } from '../api/operations.ts'
import { codeOfStatus } from '../api/status.ts'
import { ClavigerError, type ErrorCode, isErrorCode, missingOf } from '../domain/errors.ts'
import type { Answer } from './exchange.ts'

/** The server's own error when it sent a problem document, else one that says something else answered. */
export function problemOf({ status, contentType, text }: Answer, server: string): ClavigerError {
  const { code, message, hint, retryAfter, ...rest } =
    (contentType.startsWith(PROBLEM_TYPE) && parse(text)) || {}
  const missing = missingOf(rest['missing'])
  if (isErrorCode(code) && typeof message === 'string') {
    return new ClavigerError(code, message, {
      ...(typeof hint === 'string' && { hint }),
      ...(typeof retryAfter === 'number' && { retryAfter }),
      ...(missing !== undefined && { missing }),
    })
  }
  return notOurs(status, server)
}

/** The error for an answer Claviger does not give. */
export function notOurs(status: number, server: string): ClavigerError {
  return new ClavigerError(
    status >= 200 && status < 300 ? 'unavailable' : codeOfStatus(status),
    `${server} answered ${status}, which is not how Claviger answers.`,
    {
      hint: 'Check CLAVIGER_SERVER: something else may be listening there.',
    },
  )
}

/** The error for no answer at all. */
export function unreachable(server: string, cause: unknown): ClavigerError {
  const message = isLate(cause) ? `${server} did not answer in time.` : `${server} cannot be reached.`
  const hint =
    'Start it with: claviger serve. If it runs elsewhere, check its address: --server, or CLAVIGER_SERVER.'
  return new ClavigerError('unreachable', message, { hint, cause })
}

/** What a call rejected with, as it can be shown; null for anything else that was thrown. */
export function shownOf(
  thrown: unknown,
): Pick<ClavigerError, 'code' | 'message' | 'hint' | 'retryAfter'> | null {
  return thrown instanceof ClavigerError ? thrown : null
}

/** Whether this is what a call rejects with that took too long. */
export function isLate(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'TimeoutError'
}

/** The object in a JSON text; null when it is not JSON or no object. */
export function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

// The server is away, or busy, or something before it is. Nothing else is different the next time.
const PASSING: readonly ErrorCode[] = [
  ...(['unreachable', 'unavailable', 'upstream', 'rate_limited', 'storage_full', 'internal'] as const),
]

/** Whether the same may be answered otherwise in a while. */
export function isPassing(error: unknown): boolean {
  return error instanceof ClavigerError && PASSING.includes(error.code)
}
