// Proof: SIGKILL of the program, of the worker, of the server, or of these two at once, in the middle of a turn loses no
// message and doubles none. One round: each of the four, while both real programs are in a conversation's first turn and in
// a later one.

import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerProcess } from '../../e2e/run-world.ts'
import { programsOf } from '../../support/programs-of.ts'
import { count, mean, type ProofOptions, type ProofResult } from '../proof.ts'
import { type Random, seededRandom } from '../random.ts'
import { type ProofWorld, proofWorld, wrongAbout } from './world.ts'

const VICTIMS = ['program', 'worker', 'server', 'worker and server'] as const
type Victim = (typeof VICTIMS)[number]

const HARNESSES = ['claude', 'codex'] as const

// Some programs have just been started when others wait for the model already. Milliseconds.
const MODEL_TAKES = 1_500
const LATEST_KILL = 1_500
const STARTS_WITHIN = 5_000
const DONE_WITHIN_SECONDS = 60

/** A conversation, and in which turn of it who was killed. */
interface Talk {
  readonly harness: (typeof HARNESSES)[number]
  readonly id: string
  readonly texts: string[]
  readonly killed: Victim[]
}

interface Totals {
  kills: number
  turns: number
  /** Turns in which the model was asked again. */
  repaired: number
  /** Texts that the model was asked with twice, because the program had not written down what it was given. */
  askedTwice: number
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
  const totals: Totals = { kills: 0, turns: 0, repaired: 0, askedTwice: 0, times: [], failures: [] }
  try {
    const ground: Ground = { world, random: seededRandom(seed), totals, worker: await world.startWorker() }
    let older = await beginAll(world, 'before')
    await untilDone(ground, older)
    for (let round = 1; round <= rounds; round += 1) {
      for (const victim of ground.random.shuffled(VICTIMS)) {
        older = await killOnce(ground, victim, { older, name: `${round}${victim.replaceAll(' ', '')}` })
        log(`runs: round ${round} of ${rounds}, ${totals.kills} kills`)
      }
    }
    await finish(ground, older)
  } catch (thrown) {
    totals.failures.push(thrown instanceof Error ? thrown.message : String(thrown))
  } finally {
    await world.close()
  }
  return resultOf(rounds, totals)
}

interface Scene {
  /** Conversations that have had their first turn. */
  readonly older: readonly Talk[]
  readonly name: string
}

// Those that begin now are the older ones of the next.
async function killOnce(ground: Ground, victim: Victim, { older, name }: Scene): Promise<Talk[]> {
  const { world, random, totals } = ground
  const asked = world.asked()
  const younger = await beginAll(world, name)
  for (const talk of older) {
    talk.texts.push(`more ${name} for ${talk.harness}.`)
    await world.send(talk.id, talk.texts.at(-1) ?? '')
  }
  const all = [...older, ...younger]
  for (const talk of all) talk.killed.push(victim)
  // The last of them may have to be started twice: to be asked what it sees, and to converse.
  await programsRun(ground.worker, all.length - 1)
  await sleep(random.between(0, LATEST_KILL))
  totals.turns += await underWay(world, all)
  await kill(ground, victim)
  const since = performance.now()
  await untilDone(ground, all)
  totals.times.push(performance.now() - since)
  totals.repaired += Math.max(0, world.asked() - asked - all.length)
  await finish(ground, older)
  return younger
}

function beginAll(world: ProofWorld, name: string): Promise<Talk[]> {
  return Promise.all(
    HARNESSES.map(async (harness) => {
      const text = `words ${name} for ${harness}.`
      const { id } = await world.begin({ harness, prompt: text })
      return { harness, id, texts: [text], killed: [] }
    }),
  )
}

// One that is never over ends the proof: what comes after it would fail too.
async function untilDone({ world }: Ground, talks: readonly Talk[]): Promise<void> {
  for (const { id, texts, harness, killed } of talks) {
    const isDone = world.until(
      id,
      ({ state, messages }) => state === 'ready' && messages[texts.length - 1]?.state === 'done',
      DONE_WITHIN_SECONDS,
    )
    await isDone.catch((thrown: unknown) => {
      throw new Error(`${harness} after ${killed.join(', ')}: ${String(thrown)}`)
    })
  }
}

async function underWay(world: ProofWorld, talks: readonly Talk[]): Promise<number> {
  const runs = await Promise.all(talks.map(({ id }) => world.client.call('runs.read', { id })))
  return runs.filter(({ messages }) => messages.at(-1)?.state !== 'done').length
}

async function finish({ world, totals }: Ground, talks: readonly Talk[]): Promise<void> {
  for (const { id, texts, harness, killed } of talks) {
    const wrong = await wrongAbout(world, await world.client.call('runs.read', { id }), texts)
    for (const [i, text] of texts.entries()) {
      const times = world.askedWith(text)
      if (times > 1) totals.askedTwice += 1
      // Claude Code may ask its model before it has written down what it asks: then only its own death leaves no trace.
      if (times > 1 && !(harness === 'claude' && killed[i - texts.length + killed.length] === 'program'))
        wrong.push(`the model was asked ${times} times with ${text}`)
    }
    totals.failures.push(...wrong.map((what) => `${harness} after ${killed.join(', ')}: ${what}`))
    await world.client.call('runs.end', { id })
  }
}

async function programsRun({ pid }: WorkerProcess, count: number): Promise<void> {
  const until = performance.now() + STARTS_WITHIN
  while (programsOf(pid).length < count && performance.now() < until) await sleep(5)
}

async function kill(ground: Ground, victim: Victim): Promise<void> {
  const { world, totals } = ground
  const startWorker = async () => {
    ground.worker = await world.startWorker()
  }
  switch (victim) {
    case 'program':
      for (const pid of programsOf(ground.worker.pid)) {
        totals.kills += 1
        process.kill(pid, 'SIGKILL')
      }
      break
    case 'worker':
      totals.kills += 1
      await world.killWorker()
      await startWorker()
      break
    case 'server':
      totals.kills += 1
      await world.restartServer()
      break
    case 'worker and server':
      totals.kills += 2
      await Promise.all([world.killWorker(), world.restartServer()])
      await startWorker()
      break
  }
}

function resultOf(rounds: number, totals: Totals): ProofResult {
  const { kills, turns, repaired, askedTwice, times, failures } = totals
  return {
    what: 'While conversations with claude and codex are in their first turn and in a later one, the programs, the worker, the server, or worker and server at once are killed',
    rounds,
    figures: [
      count('processes killed', kills),
      count('turns under way then', turns),
      count('times that the model was asked again', repaired),
      count('of them with the same text, which claude had not written down', askedTwice),
      count('messages lost or doubled, or runs in a wrong state', failures.length),
      mean('mean time from the kill until all turns were over', times),
    ],
    failures: [...failures, ...(kills === 0 ? ['Nothing was killed, so nothing was shown.'] : [])],
  }
}
