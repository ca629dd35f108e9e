// Everything one OAuth server of the sandbox knows and may be told, as its routes see it, and their shape.

import type { Answer, Call } from '../http.ts'
import { type Authorizations, createAuthorizations } from './authorizations.ts'
import { createDevices, type Devices } from './devices.ts'
import { createFaults, createGate, type Faults, type Gate, type GrantKind } from './faults.ts'
import {
  type Account,
  createGrants,
  type GrantSettings,
  type Grants,
  type Minter,
  type OAuthProvider,
} from './grants.ts'
import { defaultAccounts, minters } from './tokens.ts'

const DAY_MS = 24 * 3600_000

export const authorizeBehaviours = ['approve', 'deny', 'wrong-state', 'page'] as const

/** What the sign-in page does: agree at once, decline, answer with another state, or wait for a click. */
export type AuthorizeBehaviour = (typeof authorizeBehaviours)[number]

export const refusalStyles = ['codes', 'invalid_grant'] as const

/** How OpenAI's side refuses a refresh: 401 with a `refresh_token_…` code, or 400 `invalid_grant`. */
export type RefusalStyle = (typeof refusalStyles)[number]

export type OAuthSettings = {
  /** For logins made from now on. */
  readonly grants: Readonly<Record<OAuthProvider, GrantSettings>>
  /** Who signs in from now on. */
  readonly accounts: Readonly<Record<OAuthProvider, Account>>
  readonly authorize: AuthorizeBehaviour
  readonly refusals: RefusalStyle
  /** The seconds a device is told to wait between polls. */
  readonly deviceIntervalSeconds: number
}

export type OAuthTotals = {
  /** Calls of the token endpoints, refused ones and lost answers included. */
  readonly tokenCalls: number
  readonly refreshCalls: number
  /** Answers with tokens that were sent as they should be. */
  readonly granted: number
  readonly refused: number
  /** Calls that got a taught answer, or none, instead of the right one. */
  readonly disturbed: number
  readonly inFlight: number
  readonly maxInFlight: number
}

/** What the journal keeps of a call of an OAuth route. */
export type OAuthNote = {
  readonly grant?: GrantKind
  readonly login?: string
  readonly refreshToken?: { readonly suffix: string; readonly sha256: string }
  readonly refreshReason?: string
  /** `granted`, `lost`, `disturbed`, or why it was refused. */
  readonly outcome?: string
}

export type OAuthState = {
  now(): number
  /** Moves the clock, backwards too; signatures and the journal keep the real time. */
  advance(ms: number): void
  readonly grants: Grants
  readonly authorizations: Authorizations
  readonly devices: Devices
  readonly faults: Faults
  readonly gate: Gate
  settings: OAuthSettings
  totals: { -readonly [Key in keyof OAuthTotals]: OAuthTotals[Key] }
}

/** Answers one call; undefined when the route is not the OAuth server's business after all. */
export type OAuthRoute = (
  call: Call,
  state: OAuthState,
  note: (note: OAuthNote) => void,
) => Answer | undefined | Promise<Answer | undefined>

/** By method and path without the mount: `POST /oauth/token`. */
export type OAuthRoutes = Readonly<Record<string, OAuthRoute>>

const defaultSettings: OAuthSettings = {
  grants: {
    openai: { rotation: 'strict', graceMs: 30_000, accessTokenMs: 10 * DAY_MS, chainMs: null },
    anthropic: { rotation: 'strict', graceMs: 30_000, accessTokenMs: DAY_MS / 3, chainMs: 30 * DAY_MS },
  },
  accounts: defaultAccounts,
  authorize: 'approve',
  refusals: 'codes',
  deviceIntervalSeconds: 5,
}

export type Accepting = (provider: OAuthProvider, accessToken: string, account: Account) => void

/** A server nobody has signed in to. `accept` hears of every access token that is minted. */
export function createOAuthState(clock: () => Date, accept: Accepting): OAuthState {
  let offsetMs = 0
  const now = () => clock().getTime() + offsetMs
  return {
    now,
    advance(ms) {
      offsetMs += ms
    },
    grants: createGrants(now, {
      openai: announcing(minters.openai, accept),
      anthropic: announcing(minters.anthropic, accept),
    }),
    authorizations: createAuthorizations(now),
    devices: createDevices(now),
    faults: createFaults(),
    gate: createGate(),
    settings: defaultSettings,
    totals: noTotals(),
  }
}

export function noTotals(inFlight = 0): OAuthTotals {
  return {
    tokenCalls: 0,
    refreshCalls: 0,
    granted: 0,
    refused: 0,
    disturbed: 0,
    inFlight,
    maxInFlight: inFlight,
  }
}

function announcing(minter: Minter, accept: Accepting): Minter {
  return {
    accessToken(login, account, issuedAt, expiresAt) {
      const accessToken = minter.accessToken(login, account, issuedAt, expiresAt)
      accept(login.provider, accessToken, account)
      return accessToken
    },
    refreshToken: minter.refreshToken,
  }
}
