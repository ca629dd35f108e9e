// Proof: a process without a server that is stopped in the middle of its call, for longer than others wait for it, neither
// keeps them from the login nor overwrites what they have when it goes on. A round is one with a provider that forgives,
// and one with a provider that does not.

import { setTimeout as sleep } from 'node:timers/promises'
import { count, type ProofOptions, type ProofResult } from '../proof.ts'
import { isDone, servedBy } from './asking.ts'
import { type LocalGround, type Machine, prepareProfiles } from './ground.ts'

// A lease that is over before anybody else may go on: dead + grace.
const SHORT = { renewTimeout: '1', renewLease: '2', renewDead: '1', renewGrace: '2' }
const PATIENCE_MS = 20_000

interface Totals {
  stopped: number
  calls: number
  orphans: number
  refused: number
  winners: number
  readonly failures: string[]
}

type Rotation = 'latest-wins' | 'strict'

export async function provePauses({ rounds, log }: ProofOptions): Promise<ProofResult> {
  const totals: Totals = { stopped: 0, calls: 0, orphans: 0, refused: 0, winners: 0, failures: [] }
  const ground = await prepareProfiles(SHORT)
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const rotation of ['latest-wins', 'strict'] as const)
        await stopped(ground, rotation, totals, (what) =>
          totals.failures.push(`round ${round}, ${rotation}: ${what}`),
        )
      log(`profiles: pauses, round ${round} of ${rounds}`)
    }
  } finally {
    await ground.close()
  }
  return resultOf(rounds, totals)
}

// One that forgives gives the other new tokens, and those of the sleeper are dead: they must not win when it wakes up. One
// that does not revokes the login: then the sleeper's answer is all there is, and is not dropped.
async function stopped(
  ground: LocalGround,
  rotation: Rotation,
  totals: Totals,
  fail: (what: string) => void,
): Promise<void> {
  const { oauth } = ground.sandbox
  const machine = ground.machine({ rotation, graceMs: 600_000 })
  oauth.resetCounters()
  oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 })
  const sleeper = machine.launch()
  await sleeper.ready
  await oauth.untilHeld()
  sleeper.signal('SIGSTOP')
  oauth.release()
  const other = machine.launch('a')
  const served = await servedBy(other, PATIENCE_MS)
  if (!isDone(served)) fail(`nobody was served while one slept: ${served.error}`)
  if (served.needsLogin) totals.refused += 1
  sleeper.signal('SIGCONT')
  const states = await settled(machine)
  const after = (await Promise.all([sleeper.ask(), other.ask()])).flat()
  totals.stopped += 1
  totals.calls += oauth.counters().tokenCalls
  if (oauth.counters().tokenCalls !== 2) fail(`${oauth.counters().tokenCalls} calls, not one and one retry`)
  if (states.includes('orphan')) totals.orphans += 1
  else if (rotation === 'latest-wins') fail(`the sleeper's answer is no orphan: ${states}`)
  if (rotation === 'strict') totals.winners += 1
  const all = [...after.map(({ access }) => access), machine.stored()]
  if (all.some((access) => access !== machine.latest()))
    fail(`not everybody has the tokens that live: ${states}`)
  await machine.end()
}

// Until no attempt is open.
async function settled(machine: Machine): Promise<string[]> {
  const started = performance.now()
  for (;;) {
    const states = machine.attempts()
    const isOpen = states.includes('sent') || states.includes('given_up')
    if (!isOpen || performance.now() - started > PATIENCE_MS) return states
    await sleep(50)
  }
}

function resultOf(rounds: number, totals: Totals): ProofResult {
  return {
    what: 'Processes without a server that are stopped (SIGSTOP) between call and answer, for longer than their lease',
    rounds,
    figures: [
      count('processes stopped', totals.stopped),
      count('calls of the provider', totals.calls),
      count('answers that came too late and were set aside', totals.orphans),
      count('retries that were refused', totals.refused),
      count('answers that came late and won', totals.winners),
    ],
    failures: totals.failures,
  }
}
