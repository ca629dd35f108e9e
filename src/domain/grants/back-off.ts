// How long to leave a provider in peace after it did not answer.

const FIRST = 1_000
const LONGEST = 5 * 60_000
// Whatever a provider asks for: it may be a mistake, and somebody waits.
const LONGEST_ASKED = 15 * 60_000

/**
 * Milliseconds until the next try after so many failures in a row before this one. `chance`, from 0 to 1, spreads those
 * that failed together; what the provider asked for is kept to.
 */
export function backOff(failures: number, chance: number, askedMs: number | null): number {
  const whole = Math.min(FIRST * 2 ** failures, LONGEST)
  const wait = Math.round(whole * (0.5 + chance / 2))
  return Math.max(wait, Math.ceil(Math.min(askedMs ?? 0, LONGEST_ASKED)))
}
