// Where Codex renews its login and signs out: with us, by the handle of its lease. It never holds the refresh token of
// the login; what it sends says which generation it has. Whoever has an older one gets the current one at once, so it
// does not matter how many ask, how often, or from how many copies of one home: a login is renewed when it is due, and
// when somebody was refused with what is current.

import { type Caller, reporterOf } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Wish } from '../../domain/grants/decide.ts'
import { parseOwner } from '../../domain/owner.ts'
import { Secret } from '../../domain/secret.ts'
import { explainState } from '../../domain/state.ts'
import { formatRefreshHandle, type RefreshHandle, readRefreshHandle } from '../../domain/token.ts'
import type { CredentialRow } from '../../store/store.ts'
import type { Authenticate } from '../authenticate.ts'
import type { Grants, Outcome } from '../grants/grants.ts'
import { type Wanted, whileLeft } from '../grants/leaving.ts'
import { findLease, releaseLeased } from '../leases.ts'
import type { Ports } from '../use-case.ts'
import { createWorkshop, type Workshop } from '../workshop.ts'

// What Codex says it renews for. Its versions before 0.166 say nothing.
const REFUSED = 'unauthorized_recovery'
const IN_TIME: readonly string[] = ['proactive_expiry', 'scheduled', 'forced']

const SOON = 1_000
const NOT_FOR_LONG = 60_000

export interface CodexAsk {
  /** What Codex holds in the place of a refresh token. */
  readonly token: string
  /** Why it asks, in its own words; null: it does not say. */
  readonly reason: string | null
  readonly requestId: string
}

export interface CodexTokens {
  readonly idToken: Secret
  readonly accessToken: Secret
  /** For the next time. The one before stays as good as it was. */
  readonly refreshToken: Secret
  /** Whole seconds; null: nobody has said. */
  readonly expiresInSeconds: number | null
}

export interface CodexEndpoint {
  /**
   * The tokens of the login behind this lease, renewed if need be. Throws `upstream` or `unavailable` when that cannot be
   * done just now, `unauthenticated` for a lease that is unknown or over, and for what no waiting helps against
   * `needs_login`, `no_credential`, `not_found`, `forbidden`.
   */
  renew(ask: CodexAsk): Promise<CodexTokens>
  /** Ends the lease; the login itself goes on. What is not, or no more, a lease is no error. */
  revoke(ask: Omit<CodexAsk, 'reason'>): Promise<void>
}

export function createCodexEndpoint(ports: Ports, authenticate: Authenticate): CodexEndpoint {
  const workshop = createWorkshop(ports)
  return {
    async renew({ token, reason, requestId }) {
      const held = readRefreshHandle(token)
      if (held === null) throw notOurs()
      const caller = await authenticate(held.handle, requestId)
      const { row, fields } = await released(workshop, caller, held, reason)
      return tokensOf(workshop, held, row, fields)
    },
    async revoke({ token, requestId }) {
      const held = readRefreshHandle(token)
      const caller = held === null ? null : await ifAnybody(authenticate(held.handle, requestId))
      if (caller !== null) await signOut(workshop, caller)
    },
  }
}

interface Released {
  readonly row: CredentialRow
  readonly fields: Readonly<Record<string, Secret>>
}

// Nothing is renewed for whoever may not have it: all that is checked before it is handed out is checked first.
async function released(
  workshop: Workshop,
  caller: Caller,
  held: RefreshHandle,
  reason: string | null,
): Promise<Released> {
  const { grants } = workshop
  let isAsked = false
  return whileLeft(
    (leave) =>
      handOut(workshop, caller, held, (row) => {
        const reporter = reporterOf(caller, parseOwner(row.owner))
        const wish = isAsked ? null : wishOf(grants, row, { seen: held.generation, ...reporter }, reason)
        if (wish !== null) leave({ credentialId: row.id, wish })
      }),
    async (wanted) => {
      mustBeHad(workshop, await have(grants, wanted))
      isAsked = true
    },
  )
}

async function handOut(
  workshop: Workshop,
  caller: Caller,
  held: RefreshHandle,
  mustServe: (row: CredentialRow) => void,
): Promise<Released> {
  const { result, opened } = await releaseLeased(workshop, caller, caller.leaseId ?? '', {
    action: 'lease.renew',
    check(row) {
      mustBeTheirs(row, held)
      mustServe(row)
    },
  })
  if (result.row === null) throw notALogin()
  return { row: result.row, fields: opened[0] ?? {} }
}

// Codex would put tokens of another account beside the account id it has.
function mustBeTheirs(row: CredentialRow, held: RefreshHandle): void {
  if (row.type !== 'codex/oauth') throw notALogin()
  if (held.isFor(row.shown['accountId'] ?? '')) return
  throw new ClavigerError(
    'no_credential',
    'This lease was taken for another account than the login has now.',
    {
      hint: 'Start the run again with claviger exec.',
    },
  )
}

// Null: what is there is good, and newer than what they have.
function wishOf(
  { mayBeDue }: Grants,
  { version, state, expiresAt }: CredentialRow,
  refused: { readonly seen: number; readonly by?: string },
  reason: string | null,
): Wish | null {
  const isDue = mayBeDue(expiresAt)
  if (refused.seen < version) return state === 'ok' && !isDue ? null : { kind: 'use' }
  // Who says nothing, long before its end, was refused with it.
  const isRefused = reason === REFUSED || (!isDue && !IN_TIME.includes(reason ?? ''))
  return isRefused ? { kind: 'forced', ...refused } : { kind: 'use' }
}

// What was renewed only a moment ago is not renewed again, however often it is refused: they have it as it is.
async function have({ want }: Grants, { credentialId, wish }: Wanted): Promise<Outcome> {
  const outcome = await want(credentialId, wish)
  const isRecent = outcome.kind === 'later' && outcome.because === 'forced_lately'
  return isRecent ? want(credentialId, { kind: 'use' }) : outcome
}

function mustBeHad({ now }: Workshop, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'good':
      return
    case 'later': {
      const wait = Math.min(Math.max(outcome.until - now(), SOON), NOT_FOR_LONG)
      throw new ClavigerError('upstream', 'The provider does not renew this login now.', {
        hint: 'It is tried again by itself.',
        retryAfter: Math.ceil(wait / 1_000),
      })
    }
    case 'sign-in':
      throw new ClavigerError(
        'needs_login',
        `The login of this lease is over: ${explainState('needs_login')}.`,
        {
          hint: 'When they have, start the run again with claviger exec.',
        },
      )
    case 'gone':
      throw notALogin()
  }
}

function tokensOf(
  { now }: Workshop,
  { handle }: RefreshHandle,
  { version, expiresAt, shown }: CredentialRow,
  fields: Released['fields'],
): CodexTokens {
  const left = expiresAt === null ? null : Math.max(0, Math.floor((expiresAt - now()) / 1_000))
  return {
    idToken: fields['id'] ?? new Secret(''),
    accessToken: fields['access'] ?? new Secret(''),
    refreshToken: new Secret(formatRefreshHandle(handle, version, shown['accountId'] ?? '')),
    expiresInSeconds: left,
  }
}

function signOut({ guard, now }: Workshop, caller: Caller): Promise<boolean> {
  const id = caller.leaseId ?? ''
  return guard.perform(caller, async (unit, authorize) => {
    await findLease(unit, caller, id)
    await authorize({ action: 'lease.end', needs: { lease: id }, object: { kind: 'lease', id, name: id } })
    return unit.leases.end(id, now(), 'codex signed out')
  })
}

async function ifAnybody(authenticated: Promise<Caller>): Promise<Caller | null> {
  return authenticated.catch((thrown: unknown) => {
    if (thrown instanceof ClavigerError && thrown.code === 'unauthenticated') return null
    throw thrown
  })
}

function notOurs(): ClavigerError {
  return new ClavigerError('unauthenticated', 'This is not a refresh token of Claviger.', {
    hint: 'Start the run again with claviger exec.',
  })
}

function notALogin(): ClavigerError {
  return new ClavigerError('no_credential', 'This lease has no login that could be renewed.', {
    hint: 'Start the run again with claviger exec.',
  })
}
