// Error code → exit code of the command line. The meaning of the numbers is part of the contract (docs and scripts).

import { constants } from 'node:os'
import type { ErrorCode } from '../domain/errors.ts'

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notSignedIn: 3,
  notAllowed: 4,
  needsLogin: 5,
  /** EX_CONFIG of sysexits: nothing fits, so nothing was started. */
  noCredential: 78,
} as const

/** As a shell says it of a program that a signal has ended: 130 for Ctrl-C. */
export function exitOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

export const EXIT_CODE_OF: Readonly<Record<ErrorCode, number>> = {
  invalid: EXIT.usage,
  too_large: EXIT.usage,
  unauthenticated: EXIT.notSignedIn,
  forbidden: EXIT.notAllowed,
  needs_login: EXIT.needsLogin,
  no_credential: EXIT.noCredential,
  not_found: EXIT.failed,
  conflict: EXIT.failed,
  rejected: EXIT.failed,
  rate_limited: EXIT.failed,
  upstream: EXIT.failed,
  unreachable: EXIT.failed,
  unavailable: EXIT.failed,
  storage_full: EXIT.failed,
  internal: EXIT.failed,
}
