// Proofs as tests: a few rounds each with a fixed seed; the counts that mean something are those of `npm run prove`. They
// take long, so that they are shared out among files, which run at the same time.

import { expect, test } from 'vitest'
import type { ProofResult, Prove } from './proof.ts'

export const LIMIT_MS = 600_000
export const options = (rounds: number) => ({ rounds, seed: 20_260_101, log: () => undefined })

/** Name, proof, rounds. */
export function testProofs(proofs: readonly (readonly [string, Prove, number])[]): void {
  test.each(proofs)('%s', { timeout: LIMIT_MS }, async (_, prove, rounds) => {
    const result = await prove(options(rounds))
    expect(result.failures).toEqual([])
    expect(result.rounds).toBe(rounds)
  })
}

export function linesOf({ failures }: ProofResult): string {
  return failures.join('\n')
}
