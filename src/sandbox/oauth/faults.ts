// How a token endpoint misbehaves when told to: which calls a fault is for, and the gate at which calls can be
// held until a test lets them go on. What a fault does to an answer is in disturbed.ts.

import type { Account, OAuthProvider } from './grants.ts'

/** Before the server has done what it was asked (nothing has changed then), or after. */
export type FaultPoint = 'before-commit' | 'after-commit'

/**
 * One way to misbehave. `at` is `before-commit` when left out. `delay` and `hang` come on top of any other
 * fault. Of the lies about a refresh token, both leave the old one as good as it was.
 */
export type TokenFault =
  /** An error status; `code` is the error code of its body. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly code?: string
      readonly retryAfter?: string
      readonly at?: FaultPoint
    }
  /** 200 with a page instead of tokens. */
  | { readonly kind: 'html'; readonly at?: FaultPoint }
  /** 307 to another address. */
  | { readonly kind: 'redirect'; readonly to: string; readonly at?: FaultPoint }
  /** 200 with so many bytes of JSON. */
  | { readonly kind: 'huge'; readonly bytes: number; readonly at?: FaultPoint }
  /** The connection ends without an answer. */
  | { readonly kind: 'lost'; readonly at?: FaultPoint }
  | { readonly kind: 'delay'; readonly ms: number; readonly at?: FaultPoint }
  /** No answer until the server is told to release it. */
  | { readonly kind: 'hang'; readonly at?: FaultPoint }
  /** The right answer, a few bytes (1 by default) at a time. */
  | { readonly kind: 'drip'; readonly everyMs: number; readonly bytes?: number }
  /** Tokens without a refresh token. */
  | { readonly kind: 'no-refresh-token' }
  /** Tokens with the refresh token that was sent. */
  | { readonly kind: 'unchanged-refresh-token' }
  /** Another `expires_in`; without a value there is none. The tokens themselves expire as they would. */
  | { readonly kind: 'expires-in'; readonly value?: number | string }
  /** Tokens that speak of another account; by default its id is `acct-other`. */
  | { readonly kind: 'other-account'; readonly account?: Partial<Account> }

export const grantKinds = ['authorization_code', 'refresh_token', 'device_code'] as const
export type GrantKind = (typeof grantKinds)[number]

/** The calls a fault is for; what is left out does not matter. */
export type FaultScope = {
  /** A login's id. Only refreshes belong to a login. */
  readonly login?: string
  readonly provider?: OAuthProvider
  readonly grant?: GrantKind
  /** How many calls; without it, all until the faults are cleared. */
  readonly times?: number
}

export type TokenCall = {
  readonly login: string | undefined
  readonly provider: OAuthProvider
  readonly grant: GrantKind
}

export type Faults = {
  /** Misbehaves from now on. Faults taught first come first. Throws a RangeError for a wrong count. */
  teach(fault: TokenFault, scope?: FaultScope): void
  clear(): void
  /** What applies to this call; limited faults are used up by it. */
  take(call: TokenCall): readonly TokenFault[]
  list(): readonly { readonly fault: TokenFault; readonly scope: FaultScope }[]
}

type Taught = { readonly fault: TokenFault; readonly scope: FaultScope; left: number }

export function createFaults(): Faults {
  let taught: Taught[] = []
  return {
    teach(fault, scope = {}) {
      const { times } = scope
      if (times !== undefined && !(Number.isInteger(times) && times > 0)) {
        throw new RangeError('times must be a whole number above 0.')
      }
      taught.push({ fault, scope, left: times ?? Number.POSITIVE_INFINITY })
    },
    clear() {
      taught = []
    },
    take(call) {
      const applying = taught.filter(({ scope }) => isFor(scope, call))
      const main = applying.find(({ fault }) => !isPause(fault))
      const taken = applying.filter((one) => one === main || isPause(one.fault))
      for (const one of taken) one.left -= 1
      taught = taught.filter(({ left }) => left > 0)
      return taken.map(({ fault }) => fault)
    },
    list: () =>
      taught.map(({ fault, scope, left }) => ({
        fault,
        scope: Number.isFinite(left) ? { ...scope, times: left } : scope,
      })),
  }
}

/** Where held calls wait. */
export type Gate = {
  /** Waits for the next release; false when the call is to be dropped. */
  pass(): Promise<boolean>
  /** How many calls wait now. */
  held(): number
  /** Resolves as soon as so many calls wait. */
  untilHeld(count: number): Promise<void>
  /** Lets every waiting call go on, or ends its connection with nothing more done. */
  release(how?: { drop?: boolean }): void
}

export function createGate(): Gate {
  let waiting: ((goesOn: boolean) => void)[] = []
  let watchers: { count: number; seen: () => void }[] = []
  const look = () => {
    for (const watcher of watchers) if (waiting.length >= watcher.count) watcher.seen()
    watchers = watchers.filter(({ count }) => waiting.length < count)
  }
  return {
    pass: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        look()
      }),
    held: () => waiting.length,
    untilHeld: (count) =>
      new Promise((seen) => {
        watchers.push({ count, seen })
        look()
      }),
    release({ drop = false } = {}) {
      const released = waiting
      waiting = []
      for (const goOn of released) goOn(!drop)
    },
  }
}

function isPause({ kind }: TokenFault): boolean {
  return kind === 'delay' || kind === 'hang'
}

function isFor(scope: FaultScope, call: TokenCall): boolean {
  return (
    (scope.login === undefined || scope.login === call.login) &&
    (scope.provider === undefined || scope.provider === call.provider) &&
    (scope.grant === undefined || scope.grant === call.grant)
  )
}
