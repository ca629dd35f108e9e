// When a platform wants to be asked again, as the head of its answer says.

import type { UpstreamResponse } from '../lib/outgoing.ts'

// Seconds. Where it does not say, and at most.
const A_WHILE = 60
const LONGEST = 3600

/**
 * Seconds until then. `resetAt`: when there are calls again where it has counted them, in milliseconds since 1970; null: it
 * has not said.
 */
export function waitIn(headers: UpstreamResponse['headers'], resetAt: number | null): number {
  const after = Number(headers['retry-after'])
  // By its own clock, from which ours may differ.
  const until = ((resetAt ?? Number.NaN) - Date.parse(headers.date ?? '')) / 1000
  const wait = [after, until].find((seconds) => seconds > 0) ?? A_WHILE
  return Math.min(Math.ceil(wait), LONGEST)
}
