// What a server does in the background for channels: it does what was delivered, tells what becomes of it, and forgets what
// is old.

import type { Log } from '../../lib/log.ts'
import { repeat } from '../../lib/time/repeat.ts'
import { createAskingUseCases } from '../runs/asking.ts'
import { startRun } from '../runs/starting.ts'
import type { Ports } from '../use-case.ts'
import { createWorkshop } from '../workshop.ts'
import { type CarryingPorts, carryDue } from './carrying.ts'
import { reportDue } from './reporting.ts'
import { createTurns } from './turns.ts'

// Milliseconds.
const LOOK_EVERY = 1_000
const FORGET_EVERY = 3_600_000
const KEEP = 30 * 24 * 3_600_000

const FORGET_AT_ONCE = 500

// Runs that are told of, as far as this server has seen.
const WATCHED_AT_MOST = 10_000

const CARRYING_WAITS = 'what was delivered to channels is waiting'
const TELLING_WAITS = 'what is told through channels is waiting'

export interface KeptChannels {
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>
}

/** Begins at once. What cannot be done now is tried again. */
export function keepChannels({ log, ...world }: Ports & { readonly log: Log }): KeptChannels {
  const workshop = createWorkshop(world)
  const { store, now } = workshop
  const ending = new AbortController()
  const { signal } = ending
  const resting = new Map<string, number>()
  const turns = (what: string) =>
    createTurns({ now, resting, signal, failed: (thrown) => log.warn({ detail: String(thrown) }, what) })
  const ports: CarryingPorts = {
    ...{ ...workshop, log, control: createAskingUseCases(workshop), turns: turns(CARRYING_WAITS) },
    start: (caller, input, alongside) => startRun(workshop, caller, input, alongside),
  }
  const telling = { ...ports, workerUrl: workshop.workerUrl, turns: turns(TELLING_WAITS) }
  const watched = new Set<string>()
  const changed = new Set<string>()
  const deaf = store.signals.listen((heard) => {
    if (heard === 'missed') for (const id of watched) changed.add(id)
    else if (heard.topic === 'runs' && watched.has(heard.subject)) changed.add(heard.subject)
  })
  const watch = (runId: string) => {
    if (watched.size >= WATCHED_AT_MOST) watched.clear()
    watched.add(runId)
  }
  const carrying = repeat(
    LOOK_EVERY,
    () => carryDue(ports),
    (thrown) => log.warn({ detail: String(thrown) }, CARRYING_WAITS),
  )
  const reporting = repeat(
    LOOK_EVERY,
    async () => {
      const woken = [...changed]
      changed.clear()
      for (const id of woken) if (!(await store.threads.wake(id, now()))) watched.delete(id)
      await reportDue(telling, watch)
    },
    (thrown) => log.warn({ detail: String(thrown) }, TELLING_WAITS),
  )
  const forgetting = repeat(
    FORGET_EVERY,
    async () => {
      while (!signal.aborted && (await store.calls.prune(now() - KEEP, FORGET_AT_ONCE)) === FORGET_AT_ONCE);
    },
    (thrown) => log.warn({ detail: String(thrown) }, 'old deliveries to channels were not removed'),
  )
  return {
    async stop() {
      ending.abort()
      deaf()
      await Promise.all([carrying.stop(), reporting.stop(), forgetting.stop()])
      await Promise.all([ports.turns.ended(), telling.turns.ended()])
    },
  }
}
