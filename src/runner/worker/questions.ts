// What the server is asked about refusals: once for each generation of a lease, as early as a program that can be handed
// another one in the middle of a turn warns of it.

import { ClavigerError, type ErrorCode } from '../../domain/errors.ts'
import { HARNESS_TITLE } from '../../domain/harness-names.ts'
import { nothingLeft } from '../../domain/resolution/verdicts.ts'
import { type Failure, isAboutTheCredential } from '../../domain/runs/conversation.ts'
import type { Reporter } from '../reporting/reporter.ts'
import type { ClaimedRun, RunServer, Verdict } from './run-server.ts'
import type { Seat } from './seat.ts'
import { persistently } from './waiting.ts'

export interface Questions {
  /** The program tries again by itself. */
  warn(failure: Failure): void
  /** The turn has failed. Throws what the client throws. */
  ask(failure: Failure): Promise<Verdict>
  /** What came of a warning, when nobody has asked since; null when there is none. */
  open(): Promise<Verdict | null>
}

export interface QuestionsOptions {
  readonly server: RunServer
  readonly run: Pick<ClaimedRun, 'harness'>
  readonly seat: () => Seat | null
  readonly reporter: Reporter
  readonly signal: AbortSignal
}

/** What the server says of a lease that is over. */
const LEASE_OVER: readonly ErrorCode[] = ['no_credential', 'not_found']

/** Whether this is what the server says of a lease that is over. */
export function isOfLeaseOver(error: unknown): error is ClavigerError {
  return error instanceof ClavigerError && LEASE_OVER.includes(error.code)
}

export function createQuestions({ server, run, seat, reporter, signal }: QuestionsOptions): Questions {
  let early: Promise<Verdict> | null = null
  const reject = async (failure: Failure): Promise<Verdict> => {
    const there = seat()
    const lease = there?.lease ?? null
    if (there === null || lease === null) return { kind: 'fail', reason: nothingLeft(run.harness) }
    const [name = ''] = HARNESS_TITLE[run.harness].split(' ')
    // While it is told, another one may be handed on.
    const { generation } = there
    // Before what comes of it, in the record too.
    await reporter.tell({ is: 'state', state: 'reauthenticating', reason: `Re-authenticating ${name}` })
    const asked = persistently(() => server.reject(lease.leaseId, generation, failure), signal)
    return asked.catch((error: unknown) => {
      if (!isOfLeaseOver(error)) throw error
      return { kind: 'over', reason: error.message }
    })
  }
  const takeEarly = () => {
    const asked = early
    early = null
    return asked
  }
  return {
    warn(failure) {
      if (early !== null || seat()?.isLive !== true || !isAboutTheCredential(failure)) return
      early = reject(failure)
      // Whoever asks hears of a failure.
      early.then(
        ({ kind }) => {
          if (kind === 'retry') reporter.say({ is: 'state', state: 'working' })
        },
        () => undefined,
      )
    },
    ask: (failure) => takeEarly() ?? reject(failure),
    open: async () => takeEarly(),
  }
}
