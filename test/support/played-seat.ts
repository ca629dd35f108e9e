// For tests: a seat at a program that is played. What its conversation holds outlives the seat, as the files of a real
// program do; what each turn comes to is said before.

import type { ConversationEvent, Failure, FailureKind } from '../../src/domain/runs/conversation.ts'
import { NO_USAGE } from '../../src/domain/runs/conversation.ts'
import { FAILURE_CODE } from '../../src/harnesses/conversing.ts'
import type { TurnEnd } from '../../src/runner/conversing/talk.ts'
import type { AcquiredLease } from '../../src/runner/lease-source.ts'
import type { Seat } from '../../src/runner/worker/seat.ts'

export type Turn =
  | { readonly is: 'done' }
  | { readonly is: 'fails'; readonly failure: Failure }
  /** `early`: before it has taken down what it was given. */
  | { readonly is: 'dies'; readonly early: boolean }
  /** It tries again by itself, and is done when somebody lets it. */
  | { readonly is: 'warns'; readonly failure: Failure; readonly until: Promise<unknown> }
  /** Done after a while. */
  | { readonly is: 'slow'; readonly ms: number }
  /** Until its process is ended. */
  | { readonly is: 'hangs' }

/** What its program has on its disk. */
export interface Played {
  /** What comes of the next turns; then they are done. */
  readonly turns: Turn[]
  /** What it has taken down, in order; the conversation that it has forgotten too. */
  readonly taken: string[]
  /** What it has said. */
  readonly said: string[]
  /** Where the conversation begins that it has not forgotten. */
  from: number
  /** What of it was there when it was given a message. */
  giving: { readonly message: string; readonly from: number } | null
  /** Leases that it had. */
  readonly leases: string[]
  refreshed: number
  /** What the program has for certain, where that is not what its lease holds. */
  seen: number | null
}

export function played(...turns: readonly Turn[]): Played {
  return {
    ...{
      turns: [...turns],
      taken: [],
      said: [],
      from: 0,
      giving: null,
      leases: [],
      refreshed: 0,
      seen: null,
    },
  }
}

export function failureOf(kind: FailureKind, code: string | null = null): Failure {
  return { kind, status: null, code, text: `refused: ${kind}`, resetsAt: null }
}

const DIED: TurnEnd = { kind: 'failed', failure: failureOf('program', FAILURE_CODE.died), usage: null }

export function playedSeat(
  program: Played,
  hear: (event: ConversationEvent) => Promise<void>,
  isLive = false,
): Seat {
  let lease: AcquiredLease | null = null
  let ending = Promise.withResolvers<TurnEnd>()
  const stop = () => {
    ending.resolve(DIED)
    ending = Promise.withResolvers()
  }
  const playTurn = async (turn: Turn, text: string, isEnded: () => boolean): Promise<TurnEnd> => {
    if (turn.is === 'dies' && turn.early) return DIED
    program.taken.push(text)
    await hear({ kind: 'session', session: 's1', model: null })
    switch (turn.is) {
      case 'dies':
        return DIED
      case 'fails':
        return { kind: 'failed', failure: turn.failure, usage: null }
      case 'hangs':
        return new Promise(() => undefined)
      case 'warns':
        await hear({ kind: 'retry', attempt: 1, of: null, failure: turn.failure })
        await turn.until
        break
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, turn.ms))
        break
      case 'done':
        break
    }
    if (isEnded()) return DIED
    const answer = `answer ${program.said.length + 1}`
    program.said.push(answer)
    await hear({ kind: 'text', text: answer })
    return { kind: 'done', usage: NO_USAGE }
  }
  return {
    get lease() {
      return lease
    },
    isLive,
    get generation() {
      return program.seen ?? lease?.credential?.generation ?? 0
    },
    async take(given) {
      stop()
      lease = given
      program.leases.push(given.leaseId)
      await Promise.resolve()
    },
    async refresh() {
      program.refreshed += 1
    },
    async give(message, text) {
      const own = ending
      if (program.giving?.message !== message) program.giving = { message, from: program.taken.length }
      const turn = program.turns.shift() ?? { is: 'done' }
      return Promise.race([own.promise, playTurn(turn, text, () => own !== ending)])
    },
    async has(message, text) {
      const { giving, from } = program
      return giving?.message === message && program.taken.slice(Math.max(from, giving.from)).includes(text)
    },
    forget() {
      program.from = program.taken.length
    },
    async leave() {
      stop()
      lease = null
    },
  }
}
