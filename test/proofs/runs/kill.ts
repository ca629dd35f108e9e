// Proof: SIGKILL of the program, of the worker or of the server in the middle of a turn loses no message and doubles none.
// One round: a conversation with the real codex in which each of the three is killed in a turn of its own.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerProcess } from '../../e2e/run-world.ts'
import { count, mean, type ProofOptions, type ProofResult } from '../proof.ts'
import { type Random, seededRandom } from '../random.ts'
import { type ProofWorld, proofWorld, wrongAbout } from './world.ts'

const VICTIMS = ['program', 'worker', 'server'] as const
type Victim = (typeof VICTIMS)[number]

// From the start of the program to the end of its turn it takes about a second. Milliseconds.
const MODEL_TAKES = 500
const LATEST_KILL = 900
const STARTS_WITHIN = 5_000
const DONE_WITHIN_SECONDS = 60

interface Totals {
  kills: number
  /** Kills after which the model was asked again. */
  repaired: number
  readonly times: number[]
  readonly failures: string[]
}

interface Ground {
  readonly world: ProofWorld
  readonly random: Random
  readonly totals: Totals
  worker: WorkerProcess
}

export async function prove({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const world = await proofWorld(() => MODEL_TAKES)
  const totals: Totals = { kills: 0, repaired: 0, times: [], failures: [] }
  try {
    const ground: Ground = { world, random: seededRandom(seed), totals, worker: await world.startWorker() }
    for (let round = 1; round <= rounds; round += 1) {
      const wrong = await converse(ground, round)
      totals.failures.push(...wrong.map((what) => `round ${round}: ${what}`))
      log(`runs: round ${round} of ${rounds}, ${totals.kills} kills`)
    }
    return resultOf(rounds, totals)
  } finally {
    await world.close()
  }
}

async function converse(ground: Ground, round: number): Promise<string[]> {
  const { world, random, totals } = ground
  const texts = [`words ${round}a.`]
  const { id } = await world.begin({ harness: 'codex', prompt: texts[0] })
  try {
    await world.until(id, isDone(1), DONE_WITHIN_SECONDS)
    for (const victim of random.shuffled(VICTIMS)) {
      const text = `words ${round}${'abcd'.charAt(texts.length)}.`
      texts.push(text)
      const asked = world.asked()
      await world.send(id, text)
      await programRuns(ground.worker)
      await sleep(random.between(0, LATEST_KILL))
      await kill(ground, victim)
      const since = performance.now()
      await world.until(id, isDone(texts.length), DONE_WITHIN_SECONDS)
      totals.times.push(performance.now() - since)
      if (world.asked() > asked + 1) totals.repaired += 1
    }
    const wrong = await wrongAbout(world, await world.client.call('runs.read', { id }), texts)
    await world.client.call('runs.end', { id })
    return wrong
  } catch (thrown) {
    return [thrown instanceof Error ? thrown.message : String(thrown)]
  }
}

async function programRuns({ pid }: WorkerProcess): Promise<void> {
  const until = performance.now() + STARTS_WITHIN
  while (childrenOf(pid).length === 0 && performance.now() < until) await sleep(5)
}

function isDone(count: number) {
  return ({ state, messages }: { state: string; messages: readonly { state: string }[] }) =>
    state === 'ready' && messages[count - 1]?.state === 'done'
}

async function kill(ground: Ground, victim: Victim): Promise<void> {
  const { world, totals } = ground
  switch (victim) {
    case 'program':
      for (const pid of childrenOf(ground.worker.pid)) {
        totals.kills += 1
        process.kill(pid, 'SIGKILL')
      }
      break
    case 'worker':
      totals.kills += 1
      await world.killWorker()
      ground.worker = await world.startWorker()
      break
    case 'server':
      totals.kills += 1
      await world.restartServer()
      break
  }
}

/** The programs that a worker has started, and that still run. */
export function childrenOf(pid: number): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.map(Number).filter((id) => parentOf(id) === pid)
}

function parentOf(pid: number): number | null {
  try {
    const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?=[A-Z] )/)
    const [state, parent] = rest.split(' ')
    return state === 'Z' ? null : Number(parent)
  } catch {
    // It has ended meanwhile.
    return null
  }
}

function resultOf(rounds: number, { kills, repaired, times, failures }: Totals): ProofResult {
  return {
    what: 'In a conversation with codex the program, its worker and the server are killed, each in a turn of its own',
    rounds,
    figures: [
      count('processes killed', kills),
      count('turns in which the model was asked again', repaired),
      count('messages lost or doubled, or runs in a wrong state', failures.length),
      mean('mean time from the kill to the end of the turn', times),
    ],
    failures: [...failures, ...(kills === 0 ? ['Nothing was killed, so nothing was shown.'] : [])],
  }
}
