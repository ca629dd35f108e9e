// Group commit: units asked for in one turn of the event loop share one transaction and one sync of the disk, each
// inside a savepoint of its own, and nobody is answered before the commit has returned. What units leave to be written
// together is written last, with what was decided outside of the transaction. It knows no table; it needs one connection
// that nobody else uses meanwhile, so that no reader sees what is not committed.

import { CompiledQuery as Compiled, type CompiledQuery } from 'kysely'
import { isContended, isOutcomeUnknown, unitEnded } from '../refusals.ts'
import { createUnitRun } from '../unit-run.ts'
import type { Execute } from './prepared.ts'

const MAX_UNITS = 256

// How often a unit is run that other servers stand in the way of.
const MAX_TRIES = 8

const COMMIT = Compiled.raw('commit')
const ROLLBACK = Compiled.raw('rollback')
const SAVEPOINT = Compiled.raw('savepoint unit')
const RELEASE = Compiled.raw('release savepoint unit')
const ROLLBACK_UNIT = Compiled.raw('rollback to savepoint unit')

type Statement = CompiledQuery<unknown>

/** Throws when the unit has ended or failed. */
export type Leave<Left> = (left: Left) => void

/** What somebody's work came to: rows to be written, and the answer once they are durable. */
export interface Decision<Left> {
  readonly left: readonly Left[]
  readonly answer: () => void
}

/** A decision from outside of the transaction, and what it relies on. */
export interface Prepared<Left, Seen> extends Decision<Left> {
  readonly seen: Seen
  /** Decides inside of the transaction, where nothing changes meanwhile. Throws only for a statement that failed. */
  readonly again: (execute: Execute) => Promise<Decision<Left>>
}

/** The last statements of a transaction, and what was decided for each of the prepared. */
export interface Closing<Left> {
  readonly statements: readonly Statement[]
  readonly decisions: readonly Decision<Left>[]
}

export interface GroupCommitOptions<Left = never, Seen = never> {
  /** Lends the one connection until `use` has ended. */
  readonly connected: (use: (execute: Execute) => Promise<void>) => Promise<void>
  /** Starts a transaction that will write. */
  readonly begin: string
  /** Statements may be asked for before the last one was answered; each is carried out after the one before. */
  readonly pipelined?: boolean
  /** At most this many units share a commit. */
  readonly maxUnits?: number
  /**
   * For what the units of a transaction have left and did not take back, and for what was prepared: what no longer holds
   * is decided again. It may read and lock what they need; what it locks waits for nothing but the commit.
   */
  readonly closing?: (
    left: readonly Left[],
    prepared: readonly Prepared<Left, Seen>[],
    execute: Execute,
  ) => Promise<Closing<Left>>
}

export interface GroupCommit<Left = never, Seen = never> {
  /**
   * Resolves with what `work` returned once it is durable; rejects when nothing of it was stored, or with what
   * isOutcomeUnknown knows. `work` is run again when the engine took it back because another server was in the way.
   * What the run that is kept gives to `leave` is for `closing`; what it gives to `afterCommit` is called once it is
   * durable, before the promise resolves. A run that failed leaves nothing. Work that `onlyLeaves` changes nothing
   * itself, and so there is nothing to take back of it.
   */
  atomically<T>(work: Work<Left, T>, onlyLeaves?: 'onlyLeaves'): Promise<T>
  /** Resolves once it, or what was decided again, is durable and answered; rejects as `atomically`. */
  add(prepared: Prepared<Left, Seen>): Promise<void>
  /** Resolves when every unit asked for so far has been answered. */
  drained(): Promise<void>
}

type Work<Left, T> = (execute: Execute, leave: Leave<Left>, afterCommit: AfterCommit) => Promise<T>

/** Registers a step for after the commit; the step must not throw. */
export type AfterCommit = (step: () => void) => void

/** Group commit over one engine; errors of the engine pass as they are. */
export function createGroupCommit<Left = never, Seen = never>(
  options: GroupCommitOptions<Left, Seen>,
): GroupCommit<Left, Seen> {
  const { maxUnits = MAX_UNITS } = options
  let waiting: Member<Left, Seen>[] = []
  let flushing: Promise<void> | undefined

  const flush = async () => {
    while (waiting.length > 0) {
      await settled(() => waiting.length)
      const group = waiting.slice(0, maxUnits)
      waiting = waiting.slice(maxUnits)
      // What has to be run again goes first, so that it does not wait behind what came later.
      waiting.unshift(...(await commitGroup(group, options)))
    }
    flushing = undefined
  }
  const wait = (member: Member<Left, Seen>) => {
    waiting.push(member)
    flushing ??= flush()
  }

  return {
    atomically: (work, onlyLeaves) =>
      new Promise((resolve, reject) => {
        const run: Unit<Left>['run'] = async (execute, leave) => {
          const after = stepsAfterCommit()
          const value = await work(execute, leave, after.register)
          after.close()
          return () => {
            for (const step of after.steps) step()
            resolve(value)
          }
        }
        wait({ run, saved: onlyLeaves === undefined, reject, tries: 0 })
      }),
    add: (prepared) =>
      new Promise((resolve, reject) => {
        wait({ prepared, resolve, reject, tries: 0 })
      }),
    drained: async () => {
      await flushing
    },
  }
}

function stepsAfterCommit() {
  const steps: (() => void)[] = []
  let closed = false
  const register: AfterCommit = (step) => {
    if (closed) throw unitEnded()
    steps.push(step)
  }
  const close = () => {
    closed = true
  }
  return { steps, register, close }
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

interface Asked {
  readonly reject: (error: unknown) => void
  tries: number
}

interface Unit<Left> extends Asked {
  /** Does the work; the result answers its caller, and is called after the commit. */
  readonly run: (execute: Execute, leave: Leave<Left>) => Promise<() => void>
  /** It needs a savepoint: what it changes may have to be taken back. */
  readonly saved: boolean
}

interface Addition<Left, Seen> extends Asked {
  readonly prepared: Prepared<Left, Seen>
  readonly resolve: () => void
}

type Member<Left, Seen> = Unit<Left> | Addition<Left, Seen>

// Returns the members whose turn comes again.
async function commitGroup<Left, Seen>(
  members: readonly Member<Left, Seen>[],
  options: GroupCommitOptions<Left, Seen>,
): Promise<Member<Left, Seen>[]> {
  const again: Member<Left, Seen>[] = []
  const answers: (() => void)[] = []
  const refuse: Refuse<Left, Seen> = (member, error) => {
    member.tries += 1
    if (isContended(error) && member.tries < MAX_TRIES) again.push(member)
    else member.reject(error)
  }
  const all = members.filter((member) => 'run' in member)
  // What changes things comes first: a row that is only written at the end must be decided after it.
  const units = [...all.filter(({ saved }) => saved), ...all.filter(({ saved }) => !saved)]
  const additions = members.filter((member) => 'prepared' in member)
  try {
    await options.connected(async (execute) => {
      await execute(Compiled.raw(options.begin))
      const marks = marking(execute, options.pipelined ?? false)
      const left: Left[] = []
      try {
        for (const unit of units) {
          answers.push(
            members.length === 1
              ? await runAlone(unit, execute, left)
              : await runSaved(unit, execute, left, marks.set, refuse),
          )
        }
        const prepared = additions.map((addition) => addition.prepared)
        const decisions = await commit(execute, left, prepared, marks, options)
        answers.push(...decisions.map(({ answer }) => answer))
        answers.push(...additions.map(({ resolve }) => resolve))
      } catch (error) {
        await rollBack(execute)
        throw error
      }
    })
  } catch (error) {
    for (const member of members) refuse(member, error)
    return again
  }
  for (const answer of answers) answer()
  return again
}

type Refuse<Left, Seen> = (member: Member<Left, Seen>, error: unknown) => void

// Where statements can be sent ahead, what is left costs no more waiting than a commit without it: the first thing asked
// for is answered together with the marks, and the last statements travel with the commit.
async function commit<Left, Seen>(
  execute: Execute,
  left: readonly Left[],
  prepared: readonly Prepared<Left, Seen>[],
  marks: Marks,
  { closing, pipelined = false }: GroupCommitOptions<Left, Seen>,
): Promise<Closing<Left>['decisions']> {
  const idle = closing === undefined || (left.length === 0 && prepared.length === 0)
  const needed = idle ? { statements: [], decisions: [] } : closing(left, prepared, execute)
  const [{ statements, decisions }] = await Promise.all([needed, marks.all()])
  if (pipelined) await commitAhead(execute, statements)
  else {
    for (const statement of statements) await execute(statement)
    await execute(COMMIT)
  }
  return decisions
}

// Only the commit knows whether anything was stored; when nothing was, the statement that failed knows why.
async function commitAhead(execute: Execute, last: readonly Statement[]): Promise<void> {
  const sent = last.map((statement) => execute(statement))
  const committed = execute(COMMIT)
  const outcomes = await Promise.allSettled([...sent, committed])
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined) return
  await committed.catch((error: unknown) => {
    if (isOutcomeUnknown(error)) throw error
  })
  throw failed.reason
}

// Throws only when the savepoint itself fails: then nobody knows what the transaction holds, and all of it goes. SQLite
// takes a whole transaction back when the disk is full, so the statement that failed says why better than the savepoint.
async function runSaved<Left>(
  unit: Unit<Left>,
  execute: Execute,
  left: Left[],
  mark: Marks['set'],
  refuse: (unit: Unit<Left>, error: unknown) => void,
): Promise<() => void> {
  if (unit.saved) await mark(SAVEPOINT)
  const outcome = await runUnit(unit, execute)
  if ('answer' in outcome) {
    if (unit.saved) await mark(RELEASE)
    left.push(...outcome.left)
    return outcome.answer
  }
  if (!unit.saved) return () => refuse(unit, outcome.error)
  await execute(ROLLBACK_UNIT).catch((error: unknown) => {
    throw outcome.statement ?? error
  })
  await mark(RELEASE)
  return () => refuse(unit, outcome.error)
}

interface Marks {
  readonly set: (savepoint: CompiledQuery<unknown>) => Promise<void>
  /** Throws when any of them failed. */
  readonly all: () => Promise<void>
}

// Half of all statements only mark where units begin and end. Where statements can be sent ahead nobody waits for those;
// if one fails, so does everything after it, and the group asks before it commits.
function marking(execute: Execute, pipelined: boolean): Marks {
  const sent: Promise<unknown>[] = []
  return {
    set: async (savepoint) => {
      const answer = execute(savepoint)
      if (pipelined) sent.push(answer)
      else await answer
      // A failure is thrown by `all`; until then it is not unheard.
      answer.catch(() => undefined)
    },
    all: async () => {
      await Promise.all(sent)
    },
  }
}

async function runAlone<Left>(unit: Unit<Left>, execute: Execute, left: Left[]): Promise<() => void> {
  const outcome = await runUnit(unit, execute)
  if (!('answer' in outcome)) throw outcome.error
  left.push(...outcome.left)
  return outcome.answer
}

/** What came of a unit; `statement` is the error of the first statement that failed in it. */
type Outcome<Left> = Decision<Left> | { readonly error: unknown; readonly statement: unknown }

// A unit in which a statement failed fails, even when its work went on: Postgres would not let it go on.
async function runUnit<Left>(unit: Unit<Left>, execute: Execute): Promise<Outcome<Left>> {
  const run = createUnitRun()
  const left: Left[] = []
  const leave = (one: Left) => {
    run.refuse()
    left.push(one)
  }
  try {
    const answer = await run.complete(() => unit.run((query) => run.call(() => execute(query)), leave))
    return { answer, left }
  } catch (error) {
    return { error, statement: run.failure()?.error }
  }
}

// SQLite itself takes a transaction back when the disk is full; then there is nothing left to roll back, and a
// connection that is really broken fails at the next `begin`.
async function rollBack(execute: Execute): Promise<void> {
  await execute(ROLLBACK).catch(() => undefined)
}
