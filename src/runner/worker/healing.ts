// What to do when a turn has failed: whether it goes on, with what, and after what. The server judges whatever is about
// the credential; how often anything is tried is decided here.

import { type Failure, isAboutTheCredential } from '../../domain/runs/conversation.ts'
import { FAILURE_CODE } from '../../harnesses/conversing.ts'
import type { AcquiredLease } from '../lease-source.ts'
import type { Verdict } from './run-server.ts'

/** What comes next for the message of the turn. */
export type Next =
  /** Again, after so many milliseconds. */
  | { readonly kind: 'again'; readonly afterMs: number; readonly because: string }
  /** With what the lease holds now. */
  | { readonly kind: 'refresh'; readonly because: string }
  /** With a lease on whatever serves now. */
  | { readonly kind: 'acquire'; readonly because: string }
  | { readonly kind: 'take'; readonly lease: AcquiredLease; readonly because: string }
  | { readonly kind: 'wait'; readonly until: number | null; readonly because: string }
  /** In another session: the program has lost the one it had. */
  | { readonly kind: 'begin anew'; readonly because: string }
  /** The message has failed, the run has not. */
  | { readonly kind: 'message failed'; readonly because: string }
  | { readonly kind: 'run failed'; readonly because: string }

export interface Healing {
  /** Asks the server, when it is about the credential: it may be asked before the turn has failed. */
  next(failure: Failure): Promise<Next>
  /** Asks the server once more of the same refusal, after a wait. */
  ask(failure: Failure): Promise<Next>
}

/** How often each is tried for one message; refusals: of the same credential. There are as many as the server knows. */
const REFUSALS_AT_MOST = 8
const DEATHS_AT_MOST = 2

// The provider is busy, or nobody can be reached. Milliseconds; then the message has failed.
const PAUSES = [2_000, 5_000, 15_000, 30_000, 60_000]

const NO_USE: readonly (string | null)[] = [FAILURE_CODE.refusedForRoot]

export interface HealingOptions {
  /** What the server says of a refusal; it goes on asking while the server is away. */
  readonly ask: (failure: Failure) => Promise<Verdict>
  /** What serves just now, as an id; null: what the machine itself has. */
  readonly serving: () => string | null
  /** What is said when everything was tried. */
  readonly exhausted: string
}

/** For one message. */
export function createHealing({ ask, serving, exhausted }: HealingOptions): Healing {
  const refusals = new Map<string | null, number>()
  let deaths = 0
  let pauses = 0
  return {
    ask: async (failure) => afterVerdict(await ask(failure)),
    async next(failure) {
      if (isAboutTheCredential(failure) || failure.code === FAILURE_CODE.helperFailed) {
        const count = (refusals.get(serving()) ?? 0) + 1
        refusals.set(serving(), count)
        if (count > REFUSALS_AT_MOST) return { kind: 'run failed', because: exhausted }
        return afterVerdict(await ask(failure))
      }
      const because = failure.text
      switch (failure.kind) {
        case 'overload':
        case 'network': {
          const afterMs = PAUSES[pauses]
          pauses += 1
          return afterMs === undefined
            ? { kind: 'message failed', because }
            : { kind: 'again', afterMs, because }
        }
        case 'program':
          deaths += 1
          if (deaths > DEATHS_AT_MOST || NO_USE.includes(failure.code)) return { kind: 'run failed', because }
          if (failure.code === FAILURE_CODE.sessionNotFound) return { kind: 'begin anew', because }
          return { kind: 'again', afterMs: 0, because }
        default:
          return { kind: 'message failed', because }
      }
    },
  }
}

function afterVerdict(verdict: Verdict): Next {
  const because = verdict.reason
  switch (verdict.kind) {
    case 'retry':
      return { kind: 'refresh', because }
    case 'switch':
      return { kind: 'take', lease: verdict.lease, because }
    case 'wait':
      return { kind: 'wait', until: verdict.until, because }
    case 'fail':
      return { kind: 'run failed', because }
    case 'over':
      return { kind: 'acquire', because }
  }
}
