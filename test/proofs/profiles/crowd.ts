// Proof: however many want a login of the files of profiles that has ended, its provider is asked once. A round is a crowd of
// processes, of the main agent and of two that read through to it, and then as many calls in one process. In every other
// round the processes are all there before it answers; else they come as they come.

import { count, type ProofOptions, type ProofResult } from '../proof.ts'
import { inTime } from '../waiting.ts'
import { type LocalGround, type Machine, prepareProfiles } from './ground.ts'

const AGENTS = ['main', 'a', 'b'] as const

// For a call that is held until those who come last are there.
const PATIENT = { renewTimeout: '120', renewLease: '240' }

interface Totals {
  processes: number
  calls: number
  served: number
  refreshes: number
  readonly failures: string[]
}

export function proveCrowd(size: number): (options: ProofOptions) => Promise<ProofResult> {
  return async ({ rounds, log }) => {
    const totals: Totals = { processes: 0, calls: 0, served: 0, refreshes: 0, failures: [] }
    const ground = await prepareProfiles()
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const where = `round ${round}, ${size} processes`
        if (round % 2 === 1) await heldUntilAllAre(ground, size, totals, where)
        else await asTheyCome(ground, size, totals, where)
        await inOne(ground, size, totals, `round ${round}, ${size} calls of one process`)
        log(`profiles: crowd ${round} of ${rounds}`)
      }
    } finally {
      await ground.close()
    }
    return resultOf(rounds, size, totals)
  }
}

async function heldUntilAllAre(
  ground: LocalGround,
  size: number,
  totals: Totals,
  where: string,
): Promise<void> {
  const { oauth } = ground.sandbox
  const machine = ground.machine({}, PATIENT)
  oauth.resetCounters()
  oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 })
  const { all, asked } = crowdOf(machine, size)
  await Promise.all(all.map(({ ready }) => ready))
  await inTime(oauth.untilHeld(), 'a call that hangs')
  oauth.release()
  totals.processes += size
  check(ground, machine, totals, where, (await asked).flat())
  await machine.end()
}

async function asTheyCome(ground: LocalGround, size: number, totals: Totals, where: string): Promise<void> {
  const { oauth } = ground.sandbox
  const machine = ground.machine()
  oauth.resetCounters()
  oauth.teach({ kind: 'delay', ms: 250, at: 'after-commit' }, { times: 1 })
  const { asked } = crowdOf(machine, size)
  totals.processes += size
  check(ground, machine, totals, where, (await asked).flat())
  await machine.end()
}

// So many processes, each of which wants it as soon as it is ready.
function crowdOf(machine: Machine, size: number) {
  const all = Array.from({ length: size }, (_, i) => machine.launch(AGENTS[i % AGENTS.length]))
  const asked = Promise.all(
    all.map(async (one) => {
      await one.ready
      return one.ask()
    }),
  )
  asked.catch(() => undefined)
  return { all, asked }
}

async function inOne(ground: LocalGround, size: number, totals: Totals, where: string): Promise<void> {
  const { oauth } = ground.sandbox
  const machine = ground.machine()
  oauth.resetCounters()
  // So that some come before the answer, and some after it.
  oauth.teach({ kind: 'delay', ms: 250, at: 'after-commit' }, { times: 1 })
  const one = machine.launch()
  await one.ready
  check(ground, machine, totals, where, await one.ask(size, 500))
  await machine.end()
}

function check(
  { sandbox }: LocalGround,
  machine: Machine,
  totals: Totals,
  where: string,
  answers: Awaited<ReturnType<ReturnType<Machine['launch']>['ask']>>,
): void {
  const { tokenCalls } = sandbox.oauth.counters()
  totals.calls += answers.length
  totals.refreshes += tokenCalls
  totals.served += answers.filter(({ access }) => access === machine.latest()).length
  if (tokenCalls !== 1) totals.failures.push(`${where}: ${tokenCalls} calls of the provider`)
  if (machine.reuses() > 0) totals.failures.push(`${where}: a token was sent twice`)
  for (const { access, error } of answers)
    if (access !== machine.latest()) totals.failures.push(`${where}: ${error || 'an older token'}`)
}

function resultOf(rounds: number, size: number, totals: Totals): ProofResult {
  return {
    what: `${size} processes of three agents, and ${size} calls of one process, want a login in a file of profiles that has ended`,
    rounds,
    figures: [
      count('processes', totals.processes),
      count('calls', totals.calls),
      count('served with the new token', totals.served),
      count('calls of the provider', totals.refreshes),
    ],
    failures: totals.failures,
  }
}
