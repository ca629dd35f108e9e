// Group commit: units asked for in one turn of the event loop share one transaction and one sync of the disk, each
// inside a savepoint of its own, and nobody is answered before the commit has returned. It knows no table; it needs one
// connection that nobody else uses meanwhile, so that no reader sees what is not committed.

import { CompiledQuery as Compiled, type CompiledQuery } from 'kysely'
import { unitEnded } from '../refusals.ts'
import type { Execute } from './prepared.ts'

const MAX_UNITS = 256

const COMMIT = Compiled.raw('commit')
const ROLLBACK = Compiled.raw('rollback')
const SAVEPOINT = Compiled.raw('savepoint unit')
const RELEASE = Compiled.raw('release savepoint unit')
const ROLLBACK_UNIT = Compiled.raw('rollback to savepoint unit')

export interface GroupCommitOptions {
  /** Lends the one connection until `use` has ended. */
  readonly connected: (use: (execute: Execute) => Promise<void>) => Promise<void>
  /** Starts a transaction that will write. */
  readonly begin: string
  /** At most this many units share a commit. */
  readonly maxUnits?: number
}

export interface GroupCommit {
  /** Resolves with what `work` returned once it is durable; rejects when nothing of it was stored. */
  atomically<T>(work: (execute: Execute) => Promise<T>): Promise<T>
  /** Resolves when every unit asked for so far has been answered. */
  drained(): Promise<void>
}

/** Group commit over one engine; errors of the engine pass as they are. */
export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { connected, maxUnits = MAX_UNITS } = options
  const begin = Compiled.raw(options.begin)
  let waiting: Unit[] = []
  let flushing: Promise<void> | undefined

  const flush = async () => {
    while (waiting.length > 0) {
      await settled(() => waiting.length)
      const group = waiting.slice(0, maxUnits)
      waiting = waiting.slice(maxUnits)
      await commitGroup(group, begin, connected)
    }
    flushing = undefined
  }

  return {
    atomically: (work) =>
      new Promise((resolve, reject) => {
        waiting.push({
          run: async (execute) => {
            const value = await work(execute)
            return () => resolve(value)
          },
          reject,
        })
        flushing ??= flush()
      }),
    drained: async () => {
      await flushing
    },
  }
}

// A sync costs as much for one unit as for fifty. While each turn of the event loop brings more, the group waits for
// another turn; a turn that brings none ends the wait, so a unit that comes alone goes at once.
async function settled(count: () => number): Promise<void> {
  let before = -1
  while (before < count() && count() < MAX_UNITS) {
    before = count()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

interface Unit {
  /** Does the work; the result answers its caller, and is called after the commit. */
  readonly run: (execute: Execute) => Promise<() => void>
  readonly reject: (error: unknown) => void
}

async function commitGroup(
  units: readonly Unit[],
  begin: CompiledQuery<unknown>,
  connected: GroupCommitOptions['connected'],
): Promise<void> {
  const answers: (() => void)[] = []
  try {
    await connected(async (execute) => {
      await execute(begin)
      try {
        for (const unit of units) {
          answers.push(units.length === 1 ? await runAlone(unit, execute) : await runSaved(unit, execute))
        }
        await execute(COMMIT)
      } catch (error) {
        await rollBack(execute)
        throw error
      }
    })
  } catch (error) {
    for (const unit of units) unit.reject(error)
    return
  }
  for (const answer of answers) answer()
}

// Throws only when the savepoint itself fails: then nobody knows what the transaction holds, and all of it goes. SQLite
// takes a whole transaction back when the disk is full, so the statement that failed says why better than the savepoint.
async function runSaved(unit: Unit, execute: Execute): Promise<() => void> {
  await execute(SAVEPOINT)
  const outcome = await runUnit(unit, execute)
  if ('answer' in outcome) {
    await execute(RELEASE)
    return outcome.answer
  }
  await execute(ROLLBACK_UNIT).catch((error: unknown) => {
    throw outcome.statement ?? error
  })
  await execute(RELEASE)
  return () => unit.reject(outcome.error)
}

async function runAlone(unit: Unit, execute: Execute): Promise<() => void> {
  const outcome = await runUnit(unit, execute)
  if ('answer' in outcome) return outcome.answer
  throw outcome.error
}

/** What came of a unit; `statement` is the error of the first statement that failed in it. */
type Outcome = { readonly answer: () => void } | { readonly error: unknown; readonly statement: unknown }

// A unit in which a statement failed fails, even when its work went on: Postgres would not let it go on.
async function runUnit(unit: Unit, execute: Execute): Promise<Outcome> {
  const state: { ended: boolean; failure?: { readonly error: unknown } } = { ended: false }
  const executeInUnit: Execute = async (query) => {
    if (state.ended) throw unitEnded()
    if (state.failure) throw state.failure.error
    try {
      return await execute(query)
    } catch (error) {
      state.failure ??= { error }
      throw error
    }
  }
  try {
    const answer = await unit.run(executeInUnit)
    return state.failure ? { error: state.failure.error, statement: state.failure.error } : { answer }
  } catch (error) {
    return { error, statement: state.failure?.error }
  } finally {
    state.ended = true
  }
}

// SQLite itself takes a transaction back when the disk is full; then there is nothing left to roll back, and a
// connection that is really broken fails at the next `begin`.
async function rollBack(execute: Execute): Promise<void> {
  await execute(ROLLBACK).catch(() => undefined)
}
