// Waiting for a credential: a machine may be started before anybody has stored one, and a provider may be down when it is.
// It is tried again, less and less often, until something serves.

import { isPassing } from '../client/problem.ts'
import { ClavigerError, type ErrorCode } from '../domain/errors.ts'
import type { LeaseSource } from './lease-source.ts'
import { pause } from './worker/waiting.ts'

const SHORTEST_PAUSE = 2_000
const LONGEST_PAUSE = 30_000

// What somebody may change meanwhile, without anything being different here.
const MAY_CHANGE: readonly ErrorCode[] = ['no_credential', 'needs_login']

export interface Patience {
  /** Milliseconds; null: until something serves. */
  readonly limit: number | null
  /** Hears why nothing serves, once for each reason. */
  readonly say: (line: string, error: ClavigerError) => void
  readonly clock?: PatienceClock
}

/** How time passes. */
export interface PatienceClock {
  /** Milliseconds since anything. */
  now(): number
  /** Resolves early when it is aborted. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>
}

const CLOCK: PatienceClock = { now: () => performance.now(), pause }

/** The same leases, for whoever would rather wait than be told that nothing serves. */
export function waitingLeases(leases: LeaseSource, patience: Patience): LeaseSource {
  return {
    ...leases,
    acquire: (request, signal) => untilServed(() => leases.acquire(request, signal), patience, signal),
  }
}

/**
 * Tries until something serves. Throws what waiting does not help against at once, the last reason when it is
 * interrupted, and `no_credential` with it when the limit is over.
 */
export async function untilServed<T>(
  attempt: () => Promise<T>,
  { limit, say, clock = CLOCK }: Patience,
  signal: AbortSignal,
): Promise<T> {
  const end = limit === null ? Number.POSITIVE_INFINITY : clock.now() + limit
  let said = ''
  for (let wait = SHORTEST_PAUSE; ; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
    try {
      return await attempt()
    } catch (error) {
      if (!mayChange(error) || signal.aborted) throw error
      const left = end - clock.now()
      if (left <= 0) throw waitedEnough(error)
      const { message, hint } = error
      if (message !== said)
        say(`waiting_for_credentials: ${[message, hint].filter(Boolean).join(' ')}`, error)
      said = message
      await clock.pause(Math.min(wait, left), signal)
    }
  }
}

function mayChange(error: unknown): error is ClavigerError {
  return error instanceof ClavigerError && (MAY_CHANGE.includes(error.code) || isPassing(error))
}

function waitedEnough({ message, hint, cause }: ClavigerError): ClavigerError {
  return new ClavigerError('no_credential', `It was waited for long enough. ${message}`, {
    ...(hint !== undefined && { hint }),
    cause,
  })
}
