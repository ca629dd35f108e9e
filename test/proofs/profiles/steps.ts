// The steps of a renewal of a process without a server at which it is killed, and how each is recognized from outside; where
// it cannot be, the process kills itself right there (test/support/local-driver.ts).

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AgentPlace } from '../../../src/profiles/place.ts'
import type { Random } from '../random.ts'
import { inTime, until } from '../waiting.ts'
import { type LocalGround, type LocalProcess, textIn } from './ground.ts'

export interface Step {
  readonly name: string
  /** Where the provider holds the call. */
  readonly hangs: 'before-commit' | 'after-commit'
  /** The file at which the process ends by itself. */
  readonly endsAt?: string
  /** From the held call on: resolves at the moment of the kill. Throws when the step does not come. */
  reached(round: StepRound): Promise<void>
  /** How many calls its provider may have seen by the time the next caller was served. */
  readonly calls: readonly [number, number]
  /** The answer cannot have been seen by anybody: then one retry, and a new login where that is refused. */
  readonly mayBeLost: boolean
}

export interface StepRound {
  readonly ground: LocalGround
  readonly victim: LocalProcess
  readonly place: AgentPlace
  readonly random: Random
}

export const STEPS: readonly Step[] = [
  {
    name: 'sent; the provider has changed nothing yet',
    ...{ hangs: 'before-commit', calls: [2, 2], mayBeLost: false },
    reached: async () => undefined,
  },
  {
    name: 'the provider has rotated; its answer is not on the wire',
    ...{ hangs: 'after-commit', calls: [2, 2], mayBeLost: true },
    reached: async () => undefined,
  },
  {
    name: 'the answer arrives, at a random moment of the next 20 ms',
    ...{ hangs: 'after-commit', calls: [1, 2], mayBeLost: true },
    async reached({ ground, random }) {
      ground.sandbox.oauth.release()
      const end = performance.now() + random.below(2_000) / 100
      while (performance.now() < end) await nextTurn()
    },
  },
  {
    name: 'the answer is in the journal',
    ...{ hangs: 'after-commit', calls: [1, 1], mayBeLost: false },
    reached: ({ ground, place }) => released(ground, '"answer"', place),
  },
  ownEnd('what is to be in both files is written down, neither has it', 'auth-profiles.pending.json'),
  ownEnd('the profiles have it, the ledger does not', 'auth-profiles.json'),
  ownEnd('both have it, and the third file is there still', 'auth-profiles.ledger.json'),
  {
    name: 'committed, nobody has heard of it',
    ...{ hangs: 'after-commit', calls: [1, 1], mayBeLost: false },
    reached: ({ ground, place }) => released(ground, '"reached"', place),
  },
]

function ownEnd(name: string, endsAt: string): Step {
  return {
    ...{ name, endsAt, hangs: 'after-commit', calls: [1, 1], mayBeLost: false },
    async reached({ ground, victim }) {
      ground.sandbox.oauth.release()
      await inTime(victim.ended, 'a process that ended by itself')
    },
  }
}

/** Whether a journal of this agent says this word. */
export function isJournaled({ renewals }: AgentPlace, word: string): boolean {
  const journals = readdirSync(renewals).filter((name) => name.endsWith('.journal'))
  return journals.some((name) => textIn(join(renewals, name)).includes(word))
}

async function released({ sandbox }: LocalGround, word: string, place: AgentPlace): Promise<void> {
  sandbox.oauth.release()
  await until(() => isJournaled(place, word), `${word} in the journal`)
}
