// One run, from its claim until the worker is through with it. What somebody wishes ends its process at any moment; what
// goes wrong for good becomes its state. Its messages are in conversation.ts.

import { ClavigerError, inOneLine } from '../../domain/errors.ts'
import type { ConversationEvent } from '../../domain/runs/conversation.ts'
import type { RunWish } from '../../domain/runs/run.ts'
import type { LeaseRequest } from '../lease-source.ts'
import { createReporter, type Reporter } from '../reporting/reporter.ts'
import { converse } from './conversation.ts'
import { createInbox } from './inbox.ts'
import { createQuestions, type Questions } from './questions.ts'
import type { ClaimedRun, RunNews, RunServer } from './run-server.ts'
import type { Seat } from './seat.ts'
import { Interrupted, pause } from './waiting.ts'

export interface CarryingOut {
  readonly server: RunServer
  readonly run: ClaimedRun
  /**
   * Makes its workspace and finds its program. Throws ClavigerError with what the person can do. `signal`: nobody waits for
   * it any more.
   */
  readonly seat: (
    hear: (event: ConversationEvent) => Promise<void>,
    signal: AbortSignal,
    /** As it is wanted now. */
    model: () => string | null,
  ) => Promise<Seat>
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
  /**
   * The worker goes: the process ends, and the run stays as it is, for whoever takes it up. `givesBack`: it is said that
   * nothing of it runs here any more.
   */
  leave(givesBack?: boolean): Promise<void>
  /** Resolves when the worker is through with it. Never rejects. */
  readonly over: Promise<void>
}

const STATE_OF = { hibernate: 'hibernated', cancel: 'cancelled', end: 'done' } as const

// So many bytes may wait to be reported before the program has to wait.
const MOST_BACKLOG = 20_000_000
const LOOK_AGAIN_MS = 100

const GIVEN_BACK = 'another process of its worker goes on with it'

// So long a worker that goes waits for the server to take what is still to be said.
const LAST_WORDS_MS = 3_000

/** Begins at once. */
export function carryOut(carrying: CarryingOut): Carried {
  const { server, run, now } = carrying
  const inbox = createInbox(run)
  const ending = new AbortController()
  let seat: Seat | null = null
  let isLeft = false
  let isGivenBack = false
  // What its process was ended for: news that take it back come too late for that.
  let obeyed: RunWish | null = inbox.wish
  const end = () => {
    ending.abort()
    void seat?.leave().catch(() => undefined)
  }
  const lose = () => {
    isLeft = true
    end()
    reporter.stop()
  }
  const reporter = createReporter({ send: (items) => server.report(run, items), now, lost: lose })
  const { signal } = ending
  const questions = createQuestions({ server, run, reporter, signal, seat: () => seat })
  const talk = async () => {
    const model = () => (inbox.chosen === null ? run.model : inbox.chosen.model)
    seat = await carrying.seat(hearing(reporter, questions, signal), signal, model)
    try {
      if (!signal.aborted && obeyed === null)
        await converse({ ...carrying, seat, inbox, seated: { choice: 0 }, reporter, questions, signal })
    } finally {
      await seat.leave()
    }
  }
  const work = async () => {
    const failure = await talk().then(() => null, asFailure)
    if (isGivenBack) return reporter.tell({ is: 'state', state: 'queued', reason: GIVEN_BACK })
    if (isLeft) return
    if (obeyed !== null) {
      const state = STATE_OF[obeyed]
      await reporter.tell({ is: 'state', state })
      if (state !== 'hibernated') await carrying.clear()
    } else if (failure !== null) await reporter.tell({ is: 'state', state: 'failed', reason: failure })
  }
  const finished = new AbortController()
  const over = work()
    .then(() => reporter.told())
    // Whoever has the run now says what becomes of it.
    .catch(() => undefined)
    .finally(() => {
      reporter.stop()
      finished.abort()
    })
  return {
    get bell() {
      return inbox.bell
    },
    hear(news) {
      inbox.hear(news)
      obeyed = inbox.wish ?? obeyed
      if (obeyed !== null) end()
    },
    lose,
    async leave(givesBack = false) {
      isLeft = true
      isGivenBack = givesBack
      end()
      // What was said is told, unless the server is away.
      await Promise.race([over, pause(LAST_WORDS_MS, finished.signal)])
      reporter.stop()
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
  return inOneLine(error)
}
