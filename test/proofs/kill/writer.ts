// One writer: acts one after another until the server is gone, and writes down what was answered.

import { ClavigerError } from '../../../src/domain/errors.ts'
import type { Call } from '../connection.ts'
import type { Random } from '../random.ts'
import { type Act, nextAct, type Owners } from './acts.ts'
import type { Known } from './known.ts'

/** What became of the acts of one round. */
export interface Outcomes {
  readonly acknowledged: Act[]
  /** No answer came: they may have happened or not. */
  readonly unanswered: Act[]
  /** Refused because the name was taken: they must not have happened. */
  readonly refused: Act[]
  readonly failures: string[]
}

export interface WriterOptions {
  readonly name: string
  readonly known: Known
  readonly random: Random
  readonly owners: Owners
  readonly call: Call
}

export function noOutcomes(): Outcomes {
  return { acknowledged: [], unanswered: [], refused: [], failures: [] }
}

/** Writes until a call is left without an answer. What is acknowledged is known at once. */
export async function writeUntilGone(options: WriterOptions, outcomes: Outcomes): Promise<void> {
  const { name, known, random, owners, call } = options
  for (let i = 1; ; i += 1) {
    const act = nextAct(`${name}_${String(i).padStart(4, '0')}`, known, random, owners)
    try {
      const made = await act.send(call)
      act.apply(made)
      outcomes.acknowledged.push(act)
    } catch (thrown) {
      if (!(thrown instanceof ClavigerError) || thrown.code === 'unreachable') {
        outcomes.unanswered.push(act)
        return
      }
      if (thrown.code === 'conflict') outcomes.refused.push(act)
      else outcomes.failures.push(`${act.rows.at(-1)} was answered ${thrown.code}: ${thrown.message}`)
    }
  }
}
