// What a proof is: something hostile done to the real program a counted number of times, and figures of what came of it.
// A proof does not print, does not assert and does not know who runs it.

/** One figure of a result, for people: `lost` → `0`. */
export interface Figure {
  readonly name: string
  readonly value: string
}

export interface ProofResult {
  /** What was done, as a short sentence without a full stop. */
  readonly what: string
  /** How many times it was done. */
  readonly rounds: number
  readonly figures: readonly Figure[]
  /** A table that says more, where one figure would hide it. */
  readonly details?: { readonly headings: readonly string[]; readonly rows: readonly (readonly string[])[] }
  /** Everything that should not have happened, a line each; empty for a proof that holds. */
  readonly failures: readonly string[]
}

export interface ProofOptions {
  /** How many times; what one time is, each proof says. */
  readonly rounds: number
  /** The same seed makes the same choices; only the timing of processes differs. */
  readonly seed: number
  /** A line about progress. */
  readonly log: (line: string) => void
}

export type Prove = (options: ProofOptions) => Promise<ProofResult>

/** A figure that is a whole number, with thousands set apart. */
export function count(name: string, value: number): Figure {
  return { name, value: value.toLocaleString('en-US') }
}

/** A figure that is a mean of times in milliseconds. */
export function mean(name: string, times: readonly number[]): Figure {
  const sum = times.reduce((all, one) => all + one, 0)
  return { name, value: times.length === 0 ? '–' : `${Math.round(sum / times.length)} ms` }
}
