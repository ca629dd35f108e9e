// A worker: claims runs as long as it has room, says that they are alive, passes on what it hears of them, and goes on
// while the server is away. What a run is carried out with is handed in.

import { setImmediate } from 'node:timers/promises'
import { ClavigerError, type ErrorCode } from '../../domain/errors.ts'
import type { ProcessNames } from '../machine/hold.ts'
import { createInHand, type InHand } from '../machine/in-hand.ts'
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
  /** Which process of the worker this is. */
  readonly names: ProcessNames
  /** For whoever operates the worker. */
  readonly said: (text: string) => void
}

export interface Worker {
  /** Rejects with why it may not work any more; resolves when it was stopped. */
  readonly over: Promise<void>
  /**
   * Ends what runs here. The server gives it to whoever takes it up, first of all to this worker when it is back; one that
   * was dismissed gives it back itself, as far as it is listened to: another process of the worker waits for it.
   */
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
  const { server, said, names } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const inHand = createInHand()
  const cleaned = options.places
    .clean()
    .catch((error: unknown) => said(`not everything could be cleaned up: ${error}`))
  const claiming = claimingOf(options, inHand, signal)
  const steps = [
    () => cleaned.then(claiming),
    () => beat(server, names.process, inHand, signal),
    async () => {
      await tidy(server, options.places, (id) => inHand.get(id) !== undefined, signal)
      await pause(TIDY_EVERY, signal)
    },
  ]
  let isDismissed = false
  const dismissed = (why: unknown) => {
    isDismissed = true
    throw why
  }
  const over = Promise.all(steps.map((step) => persistently(step, signal, said)))
    .then(() => undefined, dismissed)
    .finally(() => stopping.abort())
  return {
    over,
    async stop() {
      stopping.abort()
      await Promise.all(inHand.all().map(({ carried }) => carried.leave(isDismissed)))
      await over.catch(() => undefined)
    },
  }
}

function claimingOf(options: WorkerOptions, inHand: InHand, signal: AbortSignal): () => Promise<void> {
  const { server, said, carryOut, machine, directories, onlyFor, names } = options
  let asked = 0
  return async () => {
    const harnesses = machine.programs.map(({ harness }) => harness)
    const capacity = Math.max(0, options.capacity - inHand.size)
    // Who is full asks too: for what waits one that nobody talks to may hibernate. With room it asks anew.
    const hasRoom = new AbortController()
    const room = capacity > 0 ? null : inHand.less().then(() => null)
    const holding = inHand.all().map(({ run }) => run.claim)
    asked += 1
    const asking = server.claim(
      {
        ...{ process: names.process, ended: names.ended, asked },
        ...{ ...machine, harnesses, capacity, directories, holding, waitSeconds: WAIT_SECONDS },
        ...(onlyFor !== undefined && { onlyFor }),
      },
      AbortSignal.any([signal, hasRoom.signal]),
    )
    const claimed = await (room === null ? asking : Promise.race([asking, room]))
    if (claimed === null) {
      hasRoom.abort()
      return void asking.catch(() => undefined)
    }
    for (const run of signal.aborted ? [] : claimed) {
      said(`claimed: ${run.id} (${run.harness})`)
      inHand.add({ run, carried: carryOut(run) })
    }
  }
}

async function beat(
  server: Pick<RunServer, 'heartbeat'>,
  process: string,
  inHand: InHand,
  signal: AbortSignal,
): Promise<void> {
  const own = inHand.own()
  if (own.length === 0) return unlessStopped(signal, inHand.more())
  const beats = own.map(({ run: { id, claim }, carried: { bell } }) => ({ id, claim, bell }))
  // A run that is claimed meanwhile is heard of by the next one.
  const giveUp = new AbortController()
  const more = inHand.more().then(() => null)
  const answer = server.heartbeat(process, beats, WAIT_SECONDS, AbortSignal.any([signal, giveUp.signal]))
  const heard = await Promise.race([answer, more])
  if (heard === null) {
    giveUp.abort()
    return void answer.catch(() => undefined)
  }
  for (const one of own) {
    const { id, claim } = one.run
    if (!heard.lost.includes(id) || !isUnder(inHand.get(id)?.run, claim)) continue
    inHand.disown(one)
    one.carried.lose()
  }
  for (const news of heard.news) inHand.get(news.id)?.carried.hear(news)
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
