// Proof: a server that is away under running conversations makes none of them fail, and everything they said is there
// afterwards, once and in order. One round: four conversations with the real codex, each in a turn when the server is
// killed, which comes back after a minute.

import { setTimeout as sleep } from 'node:timers/promises'
import type { RunView } from '../../e2e/run-world.ts'
import { count, mean, type ProofOptions, type ProofResult } from '../proof.ts'
import { type ProofWorld, proofWorld, wrongAbout } from './world.ts'

const RUNS = 4
const AWAY_MS = 60_000
const MODEL_TAKES = 3_000
const DONE_WITHIN_SECONDS = 60

export async function prove(options: ProofOptions): Promise<ProofResult> {
  return proveAway(AWAY_MS)(options)
}

/** The same, away for so many milliseconds. */
export function proveAway(away: number): (options: ProofOptions) => Promise<ProofResult> {
  return (options) => carryOn(away, options)
}

async function carryOn(away: number, { rounds, log }: ProofOptions): Promise<ProofResult> {
  const world = await proofWorld(() => MODEL_TAKES)
  const failures: string[] = []
  const back: number[] = []
  let answered = 0
  try {
    await world.startWorker()
    for (let round = 1; round <= rounds; round += 1) {
      const ids = await beginAll(world, round)
      const before = world.asked()
      await world.restartServer(away)
      const since = performance.now()
      for (const [i, id] of ids.entries()) {
        const run = await world.until(id, isReady, DONE_WITHIN_SECONDS)
        const wrong = await wrongAbout(world, run, [textOf(round, i)])
        failures.push(...[...wrong, ...(await wrongEvents(world, run))].map((what) => `${id}: ${what}`))
        await world.client.call('runs.end', { id })
      }
      back.push(performance.now() - since)
      answered += ids.length
      if (world.asked() > before) failures.push(`round ${round}: the model was asked again`)
      log(`runs: round ${round} of ${rounds}`)
    }
  } catch (thrown) {
    failures.push(thrown instanceof Error ? thrown.message : String(thrown))
  } finally {
    await world.close()
  }
  return {
    what: `The server is away for ${away / 1_000} s while ${RUNS} conversations with codex are in a turn`,
    rounds,
    figures: [
      count('conversations that went on', answered),
      count('failed, or with a gap or a repeat in what is told', failures.length),
      mean('mean time from its return until all was told', back),
    ],
    failures,
  }
}

function textOf(round: number, i: number): string {
  return `words ${round}${'abcd'.charAt(i)}.`
}

// All of them wait for the model when it resolves.
async function beginAll(world: ProofWorld, round: number): Promise<string[]> {
  const ids: string[] = []
  const before = world.asked()
  for (let i = 0; i < RUNS; i += 1)
    ids.push((await world.begin({ harness: 'codex', prompt: textOf(round, i) })).id)
  while (world.asked() < before + RUNS) await sleep(20)
  return ids
}

function isReady({ state, messages }: RunView): boolean {
  return state === 'ready' && messages.every((message) => message.state === 'done')
}

// One turn: each thing once, and in its order.
async function wrongEvents(world: ProofWorld, { id }: RunView): Promise<string[]> {
  const kinds = (await world.events(id)).map(({ kind }) => kind)
  const told = kinds.filter((kind) => ['session', 'text', 'turn-done', 'turn-failed'].includes(kind)).join()
  return told === 'session,text,turn-done' ? [] : [`it is told: ${told}`]
}
