// Proof: SIGKILL at any step of a renewal costs no login whose answer had arrived. One round: a login that has ended, a
// server that renews it and is killed at this step, the server again on its disk, and a caller who wants the login.

import { count, type ProofOptions, type ProofResult } from '../proof.ts'
import { type Random, seededRandom } from '../random.ts'
import { launchServer, startServer } from '../server-process.ts'
import { attemptsOf } from './attempts.ts'
import { askUntilServed, type EngineName, type Ground, journalLines, prepareGround } from './ground.ts'
import { STEPS, type Step } from './steps.ts'

const SERVED_WITHIN_MS = 5_000

interface Tally {
  readonly engine: EngineName
  readonly step: string
  rounds: number
  calls: number
  /** Answers that were in the journal when the server died. */
  journaled: number
  signIns: number
  readonly served: number[]
}

interface Totals {
  readonly tallies: Tally[]
  twice: number
  readonly failures: string[]
}

/** A round is one kill at every step, on both engines. */
export async function prove({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const totals: Totals = { tallies: [], twice: 0, failures: [] }
  for (const engine of ['sqlite', 'postgres'] as const) {
    const ground = await prepareGround(engine, 1)
    try {
      const random = seededRandom(seed)
      for (const step of STEPS) {
        const tally = { engine, step: step.name, rounds: 0, calls: 0, journaled: 0, signIns: 0, served: [] }
        totals.tallies.push(tally)
        for (let round = 1; round <= rounds; round += 1) {
          await killAt({ ground, step, tally, totals, random }, round)
          log(`renewals: ${engine}, ${step.name}, round ${round} of ${rounds}`)
        }
      }
      totals.twice += await successorsTwice(ground, totals)
    } finally {
      await ground.close()
    }
  }
  return resultOf(rounds, totals)
}

interface Round {
  readonly ground: Ground
  readonly step: Step
  readonly tally: Tally
  readonly totals: Totals
  readonly random: Random
}

async function killAt({ ground, step, tally, totals, random }: Round, round: number): Promise<void> {
  const { sandbox, starts } = ground
  const [start] = starts
  if (start === undefined) return
  // A provider that forgives in every other round, and one that never does.
  const isStrict = round % 2 === 1
  const { id, login } = await ground.login(-60_000, isStrict ? {} : { rotation: 'grace', graceMs: 60_000 })
  sandbox.oauth.resetCounters()
  step.prepare(ground)
  const victim = launchServer(start)
  try {
    await step.reached(ground, start, random)
  } finally {
    await victim.kill()
  }
  sandbox.oauth.clearFaults()
  sandbox.oauth.release({ drop: true })
  const wasJournaled = journalLines(start).some((line) => line.includes('"answer"') && line.includes(id))
  const server = await startServer(start)
  try {
    const asked = await askUntilServed(server, start, id, SERVED_WITHIN_MS)
    const seen = sandbox.oauth.logins().find((one) => one.id === login)
    const calls = sandbox.oauth.counters().tokenCalls
    tally.rounds += 1
    tally.calls += calls
    if (wasJournaled) tally.journaled += 1
    const where = `${tally.engine}, ${step.name}, round ${round}`
    const fail = (what: string) => totals.failures.push(`${where}: ${what}`)
    if (asked === null) return void fail('the next caller was not served')
    tally.served.push(asked.took)
    const [least, most] = wasJournaled ? [1, 1] : step.calls
    if (calls < least || calls > most) fail(`${calls} calls of the provider`)
    if (asked.status < 300) {
      if (asked.access !== seen?.accessToken) fail('an older token was handed out')
      return
    }
    tally.signIns += 1
    if (wasJournaled) fail('lost: an answer that was in the journal')
    else if (!isStrict) fail('lost: a login whose provider forgives')
    else if (!step.mayBeLost) fail('lost: a login whose token was not used up')
  } finally {
    await server.kill()
  }
}

// At most one committed successor of each generation.
async function successorsTwice(ground: Ground, { failures }: Totals): Promise<number> {
  const committed = new Map<string, number>()
  for (const { credentialId, generation, state } of await attemptsOf(ground)) {
    if (state !== 'committed') continue
    const key = `${credentialId} ${generation}`
    committed.set(key, (committed.get(key) ?? 0) + 1)
  }
  if (committed.size === 0) failures.push('No renewal was committed, so nothing was shown.')
  const twice = [...committed].filter(([, times]) => times > 1)
  failures.push(...twice.map(([key]) => `two committed successors: ${key}`))
  return twice.length
}

function resultOf(rounds: number, { tallies, twice, failures }: Totals): ProofResult {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((all, one) => all + of(one), 0)
  const served = tallies.flatMap((tally) => tally.served)
  const seconds = (times: readonly number[]) =>
    times.length === 0 ? '–' : `${(Math.max(...times) / 1_000).toFixed(2)} s`
  return {
    what: 'kill -9 of a server at each step of a renewal, on both engines',
    rounds,
    figures: [
      count(
        'servers killed',
        sum((tally) => tally.rounds),
      ),
      count(
        'calls of the provider',
        sum((tally) => tally.calls),
      ),
      count('generations with two committed successors', twice),
      count(
        'answers in the journal when the server died',
        sum((tally) => tally.journaled),
      ),
      count('of them lost', failures.filter((line) => line.includes('lost: an answer')).length),
      count(
        'logins to make anew: the answer was lost and the provider forgives nothing',
        sum((tally) => tally.signIns),
      ),
      { name: 'longest from the restart to the next caller served', value: seconds(served) },
    ],
    details: {
      headings: [
        'engine',
        'killed when',
        'rounds',
        'calls',
        'in the journal',
        'new logins',
        'served after, at most',
      ],
      rows: tallies.map((tally) => [
        ...[tally.engine, tally.step, String(tally.rounds), String(tally.calls)],
        ...[String(tally.journaled), String(tally.signIns), seconds(tally.served)],
      ]),
    },
    failures,
  }
}
