// Error code ↔ HTTP status, one table used both ways: the server writes it, the client reads it back.

import type { ErrorCode } from '../domain/errors.ts'

export const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  no_credential: 422,
  rejected: 424,
  needs_login: 428,
  rate_limited: 429,
  internal: 500,
  upstream: 502,
  unavailable: 503,
  unreachable: 504,
  storage_full: 507,
}

/** The code for a status that came without a problem document of ours, for example from a proxy in between. */
export function codeOfStatus(status: number): ErrorCode {
  const exact = Object.entries(STATUS_OF).find(([, value]) => value === status)
  if (exact) return exact[0] as ErrorCode
  return status >= 500 ? 'unavailable' : 'invalid'
}
