// Proof: kill -9 of a helper at any step of a renewal by a plugin costs no key whose answer had been written down, and the
// next helper has it within seconds.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { takeTurn } from '../../../src/profiles/processes/turn.ts'
import { count, type ProofOptions, type ProofResult } from '../proof.ts'
import { type Random, seededRandom } from '../random.ts'
import { until } from '../waiting.ts'
import { type Gateway, type Hold, type PluginMachine, startGateway } from './gateway.ts'
import { isJournaled } from './steps.ts'

const WITHIN_MS = 20_000
const NEEDS_LOGIN = 5

interface Step {
  readonly name: string
  readonly hold: Hold
  /** From the held call on: resolves at the moment of the kill, with what is to be done right after it. */
  reached(gateway: Gateway, machine: PluginMachine, random: Random): Promise<(() => void) | undefined>
  /** How many renewals the provider may have been asked for by the time the next helper was served. */
  readonly calls: readonly [number, number]
  /** The answer cannot have been seen by anybody but the plugin: one more try, and a new login where that is refused. */
  readonly mayBeLost: boolean
}

const STEPS: readonly Step[] = [
  {
    name: 'the plugin was asked; its provider has changed nothing yet',
    ...{ hold: 'before-renewal', calls: [2, 2], mayBeLost: false },
    reached: async () => undefined,
  },
  {
    name: 'its provider has renewed; the plugin has not heard of it',
    ...{ hold: 'after-renewal', calls: [2, 2], mayBeLost: true },
    reached: async () => undefined,
  },
  {
    name: 'the answer arrives, at a random moment of the next 20 ms',
    ...{ hold: 'after-renewal', calls: [1, 2], mayBeLost: true },
    async reached(gateway, _, random) {
      gateway.release()
      const end = performance.now() + random.below(2_000) / 100
      while (performance.now() < end) await nextTurn()
      return undefined
    },
  },
  {
    name: 'the plugin has written its answer',
    ...{ hold: 'after-renewal', calls: [1, 2], mayBeLost: true },
    // Who has the answer ends the plugin: it may not come to saying so.
    async reached(gateway, { place }) {
      let isSaid = false
      void gateway.untilSaid().then(() => {
        isSaid = true
      })
      gateway.release()
      await until(() => isSaid || isJournaled(place, '"answer"'), 'an answer of the plugin')
      return undefined
    },
  },
  {
    name: 'the answer is in the journal, and nowhere else',
    ...{ hold: 'after-renewal', calls: [1, 1], mayBeLost: false },
    // Whoever has the turn keeps it from the files.
    async reached(gateway, machine) {
      const leave = await takeTurn(machine.place)
      await journaled(gateway, machine, '"answer"')
      return leave
    },
  },
  {
    name: 'committed, nobody has heard of it',
    ...{ hold: 'after-renewal', calls: [1, 1], mayBeLost: false },
    async reached(gateway, machine) {
      await journaled(gateway, machine, '"reached"')
      return undefined
    },
  },
]

async function journaled(gateway: Gateway, { place }: PluginMachine, word: string): Promise<void> {
  gateway.release()
  await until(() => isJournaled(place, word), `${word} in a journal`)
}

interface Tally {
  readonly step: string
  rounds: number
  calls: number
  journaled: number
  signIns: number
  /** Milliseconds until the next helper was served. */
  readonly served: number[]
}

/** A round is one kill at every step. */
export async function provePluginKills({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const tallies = STEPS.map(
    ({ name }): Tally => ({ step: name, rounds: 0, calls: 0, journaled: 0, signIns: 0, served: [] }),
  )
  const failures: string[] = []
  const random = seededRandom(seed)
  const gateway = await startGateway()
  try {
    for (let round = 1; round <= rounds; round += 1)
      for (const [i, step] of STEPS.entries()) {
        const tally = tallies[i]
        if (tally === undefined) continue
        // A provider that forgives in every other round, and one that never does.
        const found = await killAt(gateway, step, { tally, random, isStrict: round % 2 === 1 })
        failures.push(...found.map((what) => `${step.name}, round ${round}: ${what}`))
        log(`plugins: kills, round ${round} of ${rounds}, ${step.name}`)
      }
  } finally {
    await gateway.close()
  }
  return resultOf(rounds, tallies, failures)
}

interface Round {
  readonly tally: Tally
  readonly random: Random
  readonly isStrict: boolean
}

async function killAt(gateway: Gateway, step: Step, { tally, random, isStrict }: Round): Promise<string[]> {
  const machine = gateway.machine(!isStrict)
  gateway.hold(step.hold)
  const victim = machine.helper()
  await Promise.race([
    gateway.untilHeld(),
    victim.ended.then(({ errors }) => Promise.reject(new Error(errors))),
  ])
  const after = await step.reached(gateway, machine, random)
  victim.kill()
  await victim.ended
  after?.()
  const died = performance.now()
  gateway.release({ drop: true })
  const wasJournaled = isJournaled(machine.place, '"answer"')
  const { code, key, errors } = await nextServed(machine)
  const calls = gateway.calls()
  tally.rounds += 1
  tally.calls += calls
  if (wasJournaled) tally.journaled += 1
  if (code === 0) tally.served.push(performance.now() - died)
  if (code === NEEDS_LOGIN) tally.signIns += 1
  const [least, most] = wasJournaled ? [1, 1] : step.calls
  const many = calls < least || calls > most ? [`${calls} calls of the provider`] : []
  if (code === 0) {
    const isLatest = key === machine.latest() && machine.stored() === key
    return isLatest ? many : [...many, 'an older key was handed out, or is in the file']
  }
  if (code !== NEEDS_LOGIN) return [...many, `the next was not served: ${errors}`]
  if (wasJournaled) return [...many, 'lost: an answer that was in the journal']
  if (!isStrict) return [...many, 'lost: a login whose provider forgives']
  return step.mayBeLost ? many : [...many, 'lost: a login whose token was not used up']
}

// Until there is an answer that will stay.
async function nextServed(machine: PluginMachine) {
  const started = performance.now()
  for (;;) {
    const ran = await machine.helper().ended
    const isDone = ran.code === 0 || ran.code === NEEDS_LOGIN
    if (isDone || performance.now() - started > WITHIN_MS) return ran
    await sleep(50)
  }
}

function resultOf(rounds: number, tallies: readonly Tally[], failures: readonly string[]): ProofResult {
  const figure = (name: string, of: (tally: Tally) => number) =>
    count(
      name,
      tallies.reduce((all, one) => all + of(one), 0),
    )
  const seconds = (times: readonly number[]) =>
    times.length === 0 ? '–' : `${(Math.max(...times) / 1_000).toFixed(2)} s`
  return {
    what: 'kill -9 of a process at each step of a renewal by a plugin',
    rounds,
    figures: [
      figure('processes killed', (tally) => tally.rounds),
      figure('calls of the provider', (tally) => tally.calls),
      figure('answers in a journal when their process died', (tally) => tally.journaled),
      count('of them lost', failures.filter((line) => line.includes('lost: an answer')).length),
      figure(
        'logins to make anew: the answer was lost and the provider forgives nothing',
        (tally) => tally.signIns,
      ),
      {
        name: 'longest from the kill to the next one served',
        value: seconds(tallies.flatMap(({ served }) => served)),
      },
    ],
    details: {
      headings: ['killed when', 'rounds', 'calls', 'in a journal', 'new logins', 'served after, at most'],
      rows: tallies.map(({ step, rounds: times, calls, journaled: kept, signIns, served }) => [
        ...[step, String(times), String(calls), String(kept), String(signIns), seconds(served)],
      ]),
    },
    failures,
  }
}
