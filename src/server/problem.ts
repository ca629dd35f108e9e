// Error answers: RFC 9457 problem documents. What we did not expect is bland outside and complete in the log.

import { PROBLEM_TYPE } from '../api/operations.ts'
import type { Problem } from '../api/schemas.ts'
import { STATUS_OF } from '../api/status.ts'
import type { ClavigerError } from '../domain/errors.ts'

/** The answer for an error, with the request id people can quote. */
export function problemResponse(error: ClavigerError, requestId: string): Response {
  const status = STATUS_OF[error.code]
  const body: Problem = {
    type: 'about:blank',
    title: error.code.replaceAll('_', ' '),
    status,
    code: error.code,
    message: error.message,
    ...(error.hint !== undefined && { hint: error.hint }),
    requestId,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    ...(error.missing !== undefined && { missing: error.missing }),
  }
  const headers = {
    'content-type': PROBLEM_TYPE,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
  }
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer realm="claviger"' } : {}
  const wait = error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }
  return new Response(JSON.stringify(body), { status, headers: { ...headers, ...challenge, ...wait } })
}
