// One run, from its claim until the worker is through with it. What somebody wishes ends its process at any moment; what
// goes wrong for good becomes its state. Its messages are in conversation.ts.

import { ClavigerError } from '../../domain/errors.ts'
import type { ConversationEvent } from '../../domain/runs/conversation.ts'
import type { LeaseRequest } from '../lease-source.ts'
import { converse } from './conversation.ts'
import { createInbox } from './inbox.ts'
import { createQuestions, type Questions } from './questions.ts'
import { createReporter, type Reporter } from './reporter.ts'
import type { ClaimedRun, RunNews, RunServer } from './run-server.ts'
import type { Seat } from './seat.ts'
import { Interrupted, pause } from './waiting.ts'

export interface CarryingOut {
  readonly server: RunServer
  readonly run: ClaimedRun
  /** Makes its workspace and finds its program. Throws ClavigerError with what the person can do. */
  readonly seat: (hear: (event: ConversationEvent) => Promise<void>) => Promise<Seat>
  /** What this machine has of its own. */
  readonly ambient: () => Promise<LeaseRequest['ambient']>
  /** What goes on with a turn that broke off. */
  readonly continuation: string
  /** Removes the place: the run is over for good. */
  readonly clear: () => Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Carried {
  /** Of the last news that was heard. */
  readonly bell: number
  hear(news: RunNews): void
  /** The run is somebody else's: its process ends, and nothing more is said of it. */
  lose(): void
  /** The worker goes: the process ends, and the run stays as it is, for whoever takes it up. */
  leave(): Promise<void>
  /** Resolves when the worker is through with it. Never rejects. */
  readonly over: Promise<void>
}

const STATE_OF = { hibernate: 'hibernated', cancel: 'cancelled', end: 'done' } as const

// So many characters may wait to be reported before the program has to wait.
const MOST_BACKLOG = 20_000_000
const LOOK_AGAIN_MS = 100

/** Begins at once. */
export function carryOut(carrying: CarryingOut): Carried {
  const { server, run, now } = carrying
  const inbox = createInbox(run)
  const ending = new AbortController()
  let seat: Seat | null = null
  let isLeft = false
  const end = () => {
    ending.abort()
    void seat?.leave().catch(() => undefined)
  }
  const lose = () => {
    isLeft = true
    end()
  }
  const reporter = createReporter({ send: (items) => server.report(run, items), now, lost: lose })
  const { signal } = ending
  const questions = createQuestions({ server, run, reporter, signal, seat: () => seat })
  const talk = async () => {
    seat = await carrying.seat(hearing(reporter, questions, signal))
    try {
      if (inbox.wish === null) await converse({ ...carrying, seat, inbox, reporter, questions, signal })
    } finally {
      await seat.leave()
    }
  }
  const work = async () => {
    const failure = await talk().then(() => null, asFailure)
    if (isLeft) return
    if (inbox.wish !== null) {
      const state = STATE_OF[inbox.wish]
      await reporter.tell({ is: 'state', state })
      if (state !== 'hibernated') await carrying.clear()
    } else if (failure !== null) await reporter.tell({ is: 'state', state: 'failed', reason: failure })
  }
  const over = work()
    // Whoever has the run now says what becomes of it.
    .catch(() => undefined)
    .finally(() => reporter.stop())
  return {
    get bell() {
      return inbox.bell
    },
    hear(news) {
      inbox.hear(news)
      if (inbox.wish !== null) end()
    },
    lose,
    async leave() {
      lose()
      await over
    },
    over,
  }
}

// A program that says more than can be reported is read more slowly.
function hearing(
  reporter: Reporter,
  questions: Questions,
  signal: AbortSignal,
): (event: ConversationEvent) => Promise<void> {
  return async (event) => {
    reporter.say({ is: 'event', event })
    if (event.kind === 'retry') questions.warn(event.failure)
    while (reporter.backlog() > MOST_BACKLOG && !signal.aborted) await pause(LOOK_AGAIN_MS, signal)
  }
}

function asFailure(error: unknown): string | null {
  if (error instanceof Interrupted) return null
  if (!(error instanceof ClavigerError)) return 'The worker could not go on with it.'
  return error.hint === undefined ? error.message : `${error.message} ${error.hint}`
}
