// What goes on around runs: those whose worker is not heard of are given to who can have them, those that nobody talks to
// hibernate, and those that were over long ago are removed, when the operator wants that.

import { isOver, type Step } from '../../domain/runs/run.ts'
import type { RunTimings } from '../../domain/runs/taking.ts'
import { newId } from '../../lib/id.ts'
import type { Log } from '../../lib/log.ts'
import { repeat } from '../../lib/time/repeat.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import type { Authorize, Guard, Upkeep } from '../guard.ts'
import type { Ports } from '../use-case.ts'
import { draftOf, removeRun, settle, take } from './changing.ts'
import { actOn } from './seeing.ts'

// Milliseconds.
const SWEEP_EVERY = 5_000

const AT_ONCE = 100

export interface RunKeeping extends Pick<Ports, 'store' | 'now' | 'server' | 'runTimings'> {
  readonly guard: Guard
  readonly log: Log
  /** Milliseconds from any start; never set back. */
  readonly elapsed: () => number
}

/** Starts it; the result ends it. */
export function keepRuns(ports: RunKeeping): () => Promise<void> {
  const sweep = createSweep(ports)
  const failed = (thrown: unknown) => ports.log.warn({ detail: String(thrown) }, 'runs were not looked after')
  const sweeping = repeat(SWEEP_EVERY, sweep, failed)
  return () => sweeping.stop()
}

/**
 * One look over all runs. A worker counts as silent only for as long as there was a server to talk to: not before this
 * one has been there so long itself.
 */
export function createSweep(ports: RunKeeping): () => Promise<void> {
  const { store, now, elapsed, runTimings } = ports
  const since = elapsed()
  return async () => {
    if (elapsed() - since >= runTimings.silentAfter) {
      for (const row of await store.runWork.silent(now() - runTimings.silentAfter, AT_ONCE))
        await give(ports, row, silentStep)
    }
    if (runTimings.idleAfter !== null)
      for (const row of await store.runWork.idle(now() - runTimings.idleAfter, AT_ONCE))
        await give(ports, row, idleStep)
    if (runTimings.keptFor !== null)
      for (const row of await store.runWork.past(now() - runTimings.keptFor, AT_ONCE))
        await expire(ports, row, runTimings.keptFor)
  }
}

type StepOf = (row: RunRow, now: number, timings: RunTimings) => Step | null

const silentStep: StepOf = ({ seenAt }, now, { silentAfter }) =>
  seenAt !== null && seenAt < now - silentAfter
    ? { is: 'lost', at: now, reason: 'its worker has not been heard of' }
    : null

const idleStep: StepOf = ({ run }, now, { idleAfter }) =>
  run.state === 'ready' && idleAfter !== null && run.since < now - idleAfter ? { is: 'idle' } : null

// Looked at again inside: another server may have been here, or the worker may have come back.
async function give(ports: RunKeeping, found: RunRow, stepOf: StepOf): Promise<void> {
  await keep(ports, found, async (unit, authorize, row, at) => {
    const step = stepOf(row, at, ports.runTimings)
    if (step === null) throw new Unchanged()
    await authorize(actOn(row, `run.${step.is}`, { upkeep: true }))
    await settle(unit, take(draftOf(row), step, at), at)
  })
}

async function expire(ports: RunKeeping, found: RunRow, keptFor: number): Promise<void> {
  await keep(ports, found, async (unit, authorize, row, at) => {
    if (!isOver(row.run.state) || row.run.since >= at - keptFor) throw new Unchanged()
    await authorize(actOn(row, 'run.delete', { upkeep: true }, { state: row.run.state }))
    await removeRun(unit, row, at)
  })
}

type Keeping = (unit: StoreGroups, authorize: Authorize, row: RunRow, at: number) => Promise<void>

async function keep(ports: RunKeeping, { id, organizationId }: RunRow, work: Keeping): Promise<void> {
  const { guard, now, server } = ports
  const actor: Upkeep = { kind: 'server', id: server.id, organizationId, requestId: newId('req') }
  try {
    await guard.perform(actor, async (unit, authorize) => {
      const row = await unit.runs.hold(organizationId, id)
      if (row === undefined) throw new Unchanged()
      await work(unit, authorize, row, now())
    })
  } catch (thrown) {
    if (!(thrown instanceof Unchanged)) throw thrown
  }
}

class Unchanged extends Error {}
