// Proof: kill -9 at any step of a renewal of a process without a server costs no login whose answer had arrived, and whoever
// wants the login next, or is waiting for it, has it within seconds.

import { MAIN_AGENT, placeOf } from '../../../src/profiles/place.ts'
import { count, type ProofOptions, type ProofResult } from '../proof.ts'
import { type Random, seededRandom } from '../random.ts'
import { inTime } from '../waiting.ts'
import { isDone, type Served, servedBy } from './asking.ts'
import { type LocalGround, type Machine, prepareProfiles } from './ground.ts'
import { isJournaled, STEPS, type Step } from './steps.ts'

const AGENTS = [MAIN_AGENT, 'a', 'b']
const SERVED_WITHIN_MS = 12_000

interface Tally {
  readonly step: string
  rounds: number
  calls: number
  journaled: number
  signIns: number
  /** Milliseconds until the next process was served, and until one that was waiting was. */
  readonly next: number[]
  readonly waiting: number[]
}

interface Totals {
  readonly tallies: Tally[]
  readonly failures: string[]
}

/** A round is one kill at every step, and one more at a step of them while another process waits. */
export async function proveKills({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const tallies = STEPS.map(
    ({ name }): Tally => ({
      ...{ step: name, rounds: 0, calls: 0, journaled: 0, signIns: 0 },
      ...{ next: [], waiting: [] },
    }),
  )
  const totals: Totals = { tallies, failures: [] }
  const random = seededRandom(seed)
  const ground = await prepareProfiles()
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const step of STEPS) {
        await killAt({ ground, step, random, totals, waits: false }, round)
        log(`profiles: kills, round ${round} of ${rounds}, ${step.name}`)
      }
      await killAt({ ground, step: random.pick(STEPS), random, totals, waits: true }, round)
      log(`profiles: kills, round ${round} of ${rounds}`)
    }
  } finally {
    await ground.close()
  }
  return resultOf(rounds, totals)
}

interface Kill {
  readonly ground: LocalGround
  readonly step: Step
  readonly random: Random
  readonly totals: Totals
  /** Another process waits for the login meanwhile. */
  readonly waits: boolean
}

async function killAt({ ground, step, random, totals, waits }: Kill, round: number): Promise<void> {
  const { oauth } = ground.sandbox
  // A provider that forgives in every other round, and one that never does.
  const isStrict = round % 2 === 1
  const machine = ground.machine(isStrict ? {} : { rotation: 'grace', graceMs: 60_000 })
  oauth.resetCounters()
  oauth.teach({ kind: 'hang', at: step.hangs }, { times: 1 })
  const [first, second] = [random.pick(AGENTS), random.pick(AGENTS)]
  const victim = machine.launch(first, step.endsAt)
  await inTime(oauth.untilHeld(), 'a call that hangs')
  const other = waits ? machine.launch(second) : null
  await other?.ready
  const waiting = other === null ? null : servedBy(other, SERVED_WITHIN_MS)
  waiting?.catch(() => undefined)
  const place = placeOf(machine.main.stateDirectory, first)
  await step.reached({ ground, victim, place, random })
  victim.signal('SIGKILL')
  await victim.ended
  const died = performance.now()
  oauth.clearFaults()
  oauth.release({ drop: true })
  const wasJournaled = isJournaled(place, '"answer"')
  const served = await (waiting ?? servedBy(machine.launch(second), SERVED_WITHIN_MS))
  const took = performance.now() - died
  const where = `${step.name}${waits ? ', another waits' : ''}, round ${round}`
  const tally = totals.tallies.find((one) => one.step === step.name)
  if (tally === undefined) return
  tally.rounds += 1
  tally.calls += oauth.counters().tokenCalls
  if (wasJournaled) tally.journaled += 1
  if (isDone(served)) (waits ? tally.waiting : tally.next).push(took)
  if (served.needsLogin) tally.signIns += 1
  const calls = oauth.counters().tokenCalls
  for (const what of faults({ machine, step, served, wasJournaled, isStrict, calls }))
    totals.failures.push(`${where}: ${what}`)
  await machine.end()
}

interface Seen {
  readonly machine: Machine
  readonly step: Step
  readonly served: Served
  readonly wasJournaled: boolean
  readonly isStrict: boolean
  readonly calls: number
}

function faults({ machine, step, served, wasJournaled, isStrict, calls }: Seen): string[] {
  if (!isDone(served)) return [`the next was not served: ${served.error}`]
  const [least, most] = wasJournaled ? [1, 1] : step.calls
  const many = calls < least || calls > most ? [`${calls} calls of the provider`] : []
  if (!served.needsLogin) {
    const isLatest = served.access === machine.latest() && machine.stored() === machine.latest()
    return isLatest ? many : [...many, 'an older token was handed out, or is in the file']
  }
  if (wasJournaled) return [...many, 'lost: an answer that was in the journal']
  if (!isStrict) return [...many, 'lost: a login whose provider forgives']
  return step.mayBeLost ? many : [...many, 'lost: a login whose token was not used up']
}

function resultOf(rounds: number, { tallies, failures }: Totals): ProofResult {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((all, one) => all + of(one), 0)
  const seconds = (times: readonly number[]) =>
    times.length === 0 ? '–' : `${(Math.max(...times) / 1_000).toFixed(2)} s`
  const figure = (name: string, of: (tally: Tally) => number) => count(name, sum(of))
  return {
    what: 'kill -9 of a process without a server at each step of a renewal',
    rounds,
    figures: [
      figure('processes killed', (tally) => tally.rounds),
      figure('of them while another waited', (tally) => tally.waiting.length),
      figure('calls of the provider', (tally) => tally.calls),
      figure('answers in a journal when their process died', (tally) => tally.journaled),
      count('of them lost', failures.filter((line) => line.includes('lost: an answer')).length),
      figure(
        'logins to make anew: the answer was lost and the provider forgives nothing',
        (tally) => tally.signIns,
      ),
    ],
    details: {
      headings: [
        'killed when',
        'rounds',
        'calls',
        'in a journal',
        'new logins',
        'next served',
        'waiting served',
      ],
      rows: tallies.map((tally) => [
        ...[tally.step, String(tally.rounds), String(tally.calls), String(tally.journaled)],
        ...[String(tally.signIns), seconds(tally.next), seconds(tally.waiting)],
      ]),
    },
    failures,
  }
}
