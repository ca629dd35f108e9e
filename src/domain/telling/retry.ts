// When a webhook that was not taken is sent again: waits that double, for a day.

/** For so long after it was first due an event is sent again; then it is given up. Milliseconds. */
export const TELL_FOR = 24 * 3_600_000

const FIRST_WAIT = 5_000
const LONGEST_WAIT = 2 * 3_600_000

// Part of a wait that is left to chance, so that what failed together does not come back together.
const SPREAD = 0.2

export interface Retry {
  /** When it was due for the first time, or for the first time since somebody asked for it again. */
  readonly since: number
  readonly now: number
  /** From 0 to 1. */
  readonly chance: number
}

/** When to try next, in milliseconds since 1970; null: never, a day is over. It has failed for so long, and waits as long again. */
export function nextTry({ since, now, chance }: Retry): number | null {
  const end = since + TELL_FOR
  if (now >= end) return null
  const wait = Math.min(Math.max(now - since, FIRST_WAIT), LONGEST_WAIT)
  // The last try is at the end of the day, whatever the wait.
  return Math.min(Math.round(now + wait * (1 - SPREAD + 2 * SPREAD * chance)), end)
}

/** What an answer means: `again` is everything that may pass. Nobody is at an address that is gone. */
export function verdictOn(status: string): 'delivered' | 'again' | 'never' {
  if (/^2\d\d$/.test(status)) return 'delivered'
  return status === '410' ? 'never' : 'again'
}
