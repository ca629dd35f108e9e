// Proof: a process without a server that is stopped in the middle of its call, for longer than others wait for it, neither
// keeps them from the login nor overwrites what they have when it goes on. One that is stopped while it has the files keeps
// them: others say who that is and what to type, and change nothing. A round is one of each with a provider that forgives,
// and one with a provider that does not.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LockIsTaken, takeLock } from '../../../src/lib/files/file-lock.ts'
import { count, type ProofOptions, type ProofResult } from '../proof.ts'
import { inTime, until } from '../waiting.ts'
import { isDone, servedBy } from './asking.ts'
import { type LocalGround, type LocalProcess, type Machine, prepareProfiles } from './ground.ts'

// A lease that is over before anybody else may go on: dead + grace.
const SHORT = { renewTimeout: '1', renewLease: '2', renewDead: '1', renewGrace: '2' }
const PATIENCE_MS = 20_000

// Until a moment is found at which it has the files its call must not be over.
const PATIENT = { renewTimeout: '60', renewLease: '120' }

// Others wait 15 seconds for the files; a machine under load adds to that.
const SAID_WITHIN_MS = 60_000

interface Totals {
  stopped: number
  withFiles: number
  named: number
  calls: number
  orphans: number
  refused: number
  winners: number
  readonly failures: string[]
}

type Rotation = 'latest-wins' | 'strict'

export async function provePauses({ rounds, log }: ProofOptions): Promise<ProofResult> {
  const totals: Totals = {
    stopped: 0,
    withFiles: 0,
    named: 0,
    calls: 0,
    orphans: 0,
    refused: 0,
    winners: 0,
    failures: [],
  }
  // Each has a provider of its own, and both go on at the same time: most of a round is waiting.
  const grounds: (readonly [Rotation, LocalGround])[] = []
  try {
    for (const rotation of ['latest-wins', 'strict'] as const)
      grounds.push([rotation, await prepareProfiles(SHORT)])
    await Promise.all(
      grounds.map(async ([rotation, ground]) => {
        for (let round = 1; round <= rounds; round += 1) {
          const fail = (what: string) => totals.failures.push(`round ${round}, ${rotation}: ${what}`)
          await stopped(ground, rotation, totals, fail)
          await stoppedWithFiles(ground, rotation, totals, fail)
          log(`profiles: pauses, ${rotation}, round ${round} of ${rounds}`)
        }
      }),
    )
  } finally {
    for (const [, ground] of grounds.toReversed()) await ground.close()
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
  const sleeper = await stoppedInCall(ground, machine, false)
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

async function stoppedWithFiles(
  ground: LocalGround,
  rotation: Rotation,
  totals: Totals,
  fail: (what: string) => void,
): Promise<void> {
  const { oauth } = ground.sandbox
  const machine = ground.machine({ rotation, graceMs: 600_000 }, PATIENT)
  const sleeper = await stoppedInCall(ground, machine, true)
  const before = machine.stored()
  const said = await inTime(
    machine.launch('a').ready.then(() => 'it was opened', String),
    'a word of who has the files',
    SAID_WITHIN_MS,
  )
  totals.withFiles += 1
  if (said.includes(`Process ${sleeper.pid} has been at`) && said.includes(`kill -CONT ${sleeper.pid}`))
    totals.named += 1
  else fail(`nobody said who has the files: ${said}`)
  if (machine.stored() !== before) fail('the file was changed while another had it')
  if (oauth.counters().tokenCalls !== 1) fail('somebody renewed it while another had the files')
  sleeper.signal('SIGCONT')
  await settled(machine)
  const served = (await Promise.all([sleeper.ask(), machine.launch('b').ask()])).flat()
  totals.calls += oauth.counters().tokenCalls
  for (const { access, error } of served)
    if (access !== machine.latest()) fail(`who had the files went on, and then: ${error || 'an older token'}`)
  if (machine.stored() !== machine.latest()) fail('an older token is in the file')
  await machine.end()
}

/** A process that is stopped while its provider, which has rotated, holds the answer back; it is sent then. */
async function stoppedInCall(
  { sandbox: { oauth } }: LocalGround,
  machine: Machine,
  hasFiles: boolean,
): Promise<LocalProcess> {
  oauth.resetCounters()
  oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 })
  const sleeper = machine.launch()
  await sleeper.ready
  await inTime(oauth.untilHeld(), 'a call that hangs')
  await stop(sleeper, machine, hasFiles)
  oauth.release()
  return sleeper
}

// Stops it at a moment when it has the turn of the files, or when it has not.
async function stop(sleeper: LocalProcess, { main }: Machine, hasFiles: boolean): Promise<void> {
  await until(
    async () => {
      sleeper.signal('SIGSTOP')
      await until(() => isStopped(sleeper), 'a process that is stopped')
      if (isLocked(main.lock) === hasFiles) return true
      sleeper.signal('SIGCONT')
      // Any moment of a heartbeat.
      await sleep(10 * Math.random())
      return false
    },
    `a moment when it has${hasFiles ? '' : ' not'} the files`,
  )
}

function isStopped({ pid }: LocalProcess): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

function isLocked(file: string): boolean {
  try {
    takeLock(file)()
    return false
  } catch (error) {
    if (error instanceof LockIsTaken) return true
    throw error
  }
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
      count('processes stopped while they had the files', totals.withFiles),
      count('others who said which process that is, and what to type', totals.named),
      count('calls of the provider', totals.calls),
      count('answers that came too late and were set aside', totals.orphans),
      count('retries that were refused', totals.refused),
      count('answers that came late and won', totals.winners),
    ],
    failures: totals.failures,
  }
}
