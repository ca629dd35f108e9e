// A worker: claims runs as long as it has room, says that they are alive, passes on what it hears of them, and goes on
// while the server is away. What a run is carried out with is handed in.

import { setImmediate } from 'node:timers/promises'
import { ClavigerError, type ErrorCode } from '../../domain/errors.ts'
import type { Carried } from './carrying-out.ts'
import type { ClaimedRun, Machine, RunServer } from './run-server.ts'
import { type RunPlaces, tidy } from './tidying.ts'
import { pause } from './waiting.ts'

export interface WorkerOptions {
  readonly server: Pick<RunServer, 'claim' | 'heartbeat' | 'over'>
  /** It takes runs of what is installed there; looked at each time it asks for some. */
  readonly machine: Machine
  readonly capacity: number
  readonly directories: readonly string[]
  /** Only runs of this person. */
  readonly onlyFor?: string
  readonly carryOut: (run: ClaimedRun) => Carried
  readonly places: RunPlaces
  /** For whoever operates the worker. */
  readonly said: (text: string) => void
}

export interface Worker {
  /** Rejects with why it may not work any more; resolves when it was stopped. */
  readonly over: Promise<void>
  /** Ends what runs here; the server gives it to whoever takes it up, first of all to this worker when it is back. */
  stop(): Promise<void>
}

// What no patience helps against: it may not work for this server any more.
const DISMISSED: readonly ErrorCode[] = ['unauthenticated', 'forbidden', 'invalid']

const WAIT_SECONDS = 25
const SHORTEST_PAUSE = 250
const LONGEST_PAUSE = 10_000
const TIDY_EVERY = 10 * 60_000

/** Begins at once. */
export function startWorker(options: WorkerOptions): Worker {
  const { server, carryOut, said } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const runs = new Map<string, { readonly run: ClaimedRun; readonly carried: Carried }>()
  // Claims of which the server has said that they are over: what ran under them may still be coming to its end.
  const gone = new Set<string>()
  let room = Promise.withResolvers<void>()
  let begun = Promise.withResolvers<void>()

  const begin = (run: ClaimedRun) => {
    said(`claimed: ${run.id} (${run.harness})`)
    const carried = carryOut(run)
    runs.set(run.id, { run, carried })
    begun.resolve()
    begun = Promise.withResolvers()
    void carried.over.then(() => {
      if (runs.get(run.id)?.carried === carried) runs.delete(run.id)
      gone.delete(run.claim)
      room.resolve()
      room = Promise.withResolvers()
    })
  }
  const claiming = async () => {
    const { machine, directories, onlyFor } = options
    const harnesses = machine.programs.map(({ harness }) => harness)
    const capacity = options.capacity - runs.size
    if (capacity <= 0) return unlessStopped(signal, room.promise)
    const holding = [...runs.values()].map(({ run }) => run.claim)
    const claimed = await server.claim(
      {
        ...{ ...machine, harnesses, capacity, directories, holding, waitSeconds: WAIT_SECONDS },
        ...(onlyFor !== undefined && { onlyFor }),
      },
      signal,
    )
    if (!signal.aborted) for (const run of claimed) begin(run)
  }
  const beating = async () => {
    const mine = [...runs.values()].filter(({ run }) => !gone.has(run.claim))
    if (mine.length === 0) return unlessStopped(signal, begun.promise)
    const beats = mine.map(({ run: { id, claim }, carried: { bell } }) => ({ id, claim, bell }))
    // A run that is claimed meanwhile is heard of by the next one.
    const giveUp = new AbortController()
    const beat = server.heartbeat(beats, WAIT_SECONDS, AbortSignal.any([signal, giveUp.signal]))
    const heard = await Promise.race([beat, begun.promise.then(() => null)])
    if (heard === null) {
      giveUp.abort()
      return void beat.catch(() => undefined)
    }
    for (const { id, claim } of beats) {
      if (!heard.lost.includes(id) || !isUnder(runs.get(id)?.run, claim)) continue
      gone.add(claim)
      runs.get(id)?.carried.lose()
    }
    for (const news of heard.news) runs.get(news.id)?.carried.hear(news)
  }
  const tidying = async () => {
    await tidy(server, options.places, (id) => runs.has(id), signal)
    await pause(TIDY_EVERY, signal)
  }
  const over = Promise.all([claiming, beating, tidying].map((step) => persistently(step, signal, said)))
    .then(() => undefined)
    .finally(() => stopping.abort())
  return {
    over,
    async stop() {
      stopping.abort()
      await Promise.all([...runs.values()].map(({ carried }) => carried.leave()))
      await over.catch(() => undefined)
    },
  }
}

function isUnder(run: ClaimedRun | undefined, claim: string): boolean {
  return run?.claim === claim
}

async function persistently(
  step: () => Promise<void>,
  signal: AbortSignal,
  said: WorkerOptions['said'],
): Promise<void> {
  let wait = SHORTEST_PAUSE
  while (!signal.aborted) {
    try {
      await unlessStopped(signal, step())
      wait = SHORTEST_PAUSE
      // A server in this very process may answer without anybody else having had a turn.
      await setImmediate()
    } catch (error) {
      if (error instanceof ClavigerError && DISMISSED.includes(error.code)) throw error
      said(`the server does not answer: ${error instanceof Error ? error.message : String(error)}`)
      await pause(wait * (0.75 + Math.random() / 2), signal)
      wait = Math.min(2 * wait, LONGEST_PAUSE)
    }
  }
}

async function unlessStopped(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const stopped = Promise.withResolvers<void>()
  const stop = () => stopped.resolve()
  if (signal.aborted) return
  signal.addEventListener('abort', stop, { once: true })
  work.catch(() => undefined)
  try {
    await Promise.race([work, stopped.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
