// The OAuth server of the sandbox as tests steer it, and the way from a request to the dialect it is for.

import type { Answer, Call } from '../http.ts'
import { anthropicRoutes } from './anthropic-dialect.ts'
import type { DeviceDecision } from './devices.ts'
import type { FaultScope, Faults, TokenFault } from './faults.ts'
import type { Account, GrantSettings, LoginView, OAuthProvider } from './grants.ts'
import { openaiRoutes } from './openai-dialect.ts'
import {
  type Accepting,
  createOAuthState,
  noTotals,
  type OAuthNote,
  type OAuthRoutes,
  type OAuthSettings,
  type OAuthState,
  type OAuthTotals,
} from './state.ts'
import { idToken } from './tokens.ts'

// The public client ids of the two programs, which their refreshes name.
const clientIds = {
  openai: 'app_EMoamEEZ73f0CkXaXp7hrann',
  anthropic: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
}
const scopes = {
  openai: 'openid profile email offline_access',
  anthropic: 'user:inference user:profile user:sessions:claude_code user:mcp_servers user:file_upload',
}

/** A login to make without anybody signing in. What is left out is as if the default person had signed in. */
export type WantedLogin = {
  readonly provider: OAuthProvider
  readonly account?: Partial<Account>
  readonly clientId?: string
  readonly scope?: string
  readonly settings?: Partial<GrantSettings>
  /** False: no refresh token. */
  readonly refreshable?: boolean
}

/** The tokens of a login just made. `idToken` is OpenAI's. */
export type MadeLogin = {
  readonly id: string
  readonly account: Account
  readonly accessToken: string
  readonly refreshToken?: string
  readonly idToken?: string
  /** ISO 8601. */
  readonly expiresAt: string
}

export type OAuthServer = {
  login(wanted: WantedLogin): MadeLogin
  /** Every login so far, with whole tokens. */
  logins(): readonly LoginView[]
  /**
   * Changes how tokens are rotated and how long they live: of one login (throws when there is none), or of the
   * logins a provider, or any, gives from now on.
   */
  configure(settings: Partial<GrantSettings>, of?: { login?: string; provider?: OAuthProvider }): void
  /** Says who signs in from now on. */
  signInAs(provider: OAuthProvider, account: Partial<Account>): void
  set(settings: Partial<Pick<OAuthSettings, 'authorize' | 'refusals' | 'deviceIntervalSeconds'>>): void
  settings(): OAuthSettings
  /** Makes token calls misbehave. */
  teach: Faults['teach']
  faults: Faults['list']
  clearFaults(): void
  /** How many token calls hang now. */
  held(): number
  /** Resolves as soon as so many (1 by default) hang. */
  untilHeld(count?: number): Promise<void>
  /** Lets the calls that hang go on; with `drop`, ends their connections with nothing more done. */
  release(how?: { drop?: boolean }): void
  /** The clock of tokens, codes and grace periods. */
  now(): Date
  advance(ms: number): void
  setNow(now: Date): void
  /** Refuses every token of a login from now on. Throws when there is none. */
  revokeLogin(id: string): void
  /** Refuses one access token from now on. Throws when it was not minted here. */
  revokeAccessToken(accessToken: string): void
  /** The user codes of devices nobody has decided on. */
  waitingDevices(): readonly string[]
  /** What the person at the device's sign-in page says. False when no device waits with this code. */
  decideDevice(userCode: string, decision: DeviceDecision): boolean
  counters(): OAuthTotals
  resetCounters(): void
}

/** What the sandbox's server needs of it besides. */
export type OAuthDesk = {
  readonly server: OAuthServer
  /** The route of a call, or undefined when it is not for the OAuth server. */
  route(call: Call): OAuthMatch | undefined
  /** Why an access token that was minted here is refused now. */
  refusalOf(accessToken: string): 'expired' | 'revoked' | undefined
}

export type OAuthMatch = {
  readonly provider: OAuthProvider
  /** Undefined when it turns out not to be for the OAuth server. */
  answer(note: (note: OAuthNote) => void): Promise<Answer | undefined>
}

const dialects: readonly { provider: OAuthProvider; mount: string; routes: OAuthRoutes }[] = [
  { provider: 'openai', mount: '/openai', routes: openaiRoutes },
  { provider: 'anthropic', mount: '/anthropic', routes: anthropicRoutes },
]

/** An OAuth server nobody has signed in to. `accept` hears of every access token that is minted. */
export function createOAuth(clock: () => Date, accept: Accepting): OAuthDesk {
  const state = createOAuthState(clock, accept)
  return {
    server: steering(state),
    route(call) {
      const dialect = dialects.find(({ mount }) => call.path.startsWith(`${mount}/`))
      if (dialect === undefined) return undefined
      const route = dialect.routes[`${call.method} ${call.path.slice(dialect.mount.length)}`]
      if (route === undefined) return undefined
      return { provider: dialect.provider, answer: async (note) => route(call, state, note) }
    },
    refusalOf(accessToken) {
      const found = state.grants.access(accessToken)
      return found === undefined || found.state === 'ok' ? undefined : found.state
    },
  }
}

function steering(state: OAuthState): OAuthServer {
  const { grants, faults, gate, devices } = state
  return {
    login: (wanted) => makeLogin(wanted, state),
    logins: grants.logins,
    configure(settings, of = {}) {
      if (of.login === undefined) state.settings = configured(state.settings, settings, of.provider)
      else grants.configure(of.login, settings)
    },
    signInAs(provider, account) {
      const accounts = { ...state.settings.accounts }
      accounts[provider] = { ...accounts[provider], ...account }
      state.settings = { ...state.settings, accounts }
    },
    set(settings) {
      state.settings = { ...state.settings, ...settings }
    },
    settings: () => state.settings,
    teach: (fault: TokenFault, scope?: FaultScope) => faults.teach(fault, scope),
    faults: faults.list,
    clearFaults: faults.clear,
    held: gate.held,
    untilHeld: (count = 1) => gate.untilHeld(count),
    release: gate.release,
    now: () => new Date(state.now()),
    advance: state.advance,
    setNow: (now) => state.advance(now.getTime() - state.now()),
    revokeLogin: grants.revokeLogin,
    revokeAccessToken: grants.revokeAccessToken,
    waitingDevices: devices.waiting,
    decideDevice: (userCode, decision) => devices.decide(userCode, decision, state.settings.accounts.openai),
    counters: () => ({ ...state.totals }),
    resetCounters() {
      state.totals = noTotals(state.totals.inFlight)
    },
  }
}

function makeLogin(wanted: WantedLogin, state: OAuthState): MadeLogin {
  const { provider } = wanted
  const tokens = state.grants.login({
    provider,
    account: { ...state.settings.accounts[provider], ...wanted.account },
    clientId: wanted.clientId ?? clientIds[provider],
    scope: wanted.scope ?? scopes[provider],
    settings: { ...state.settings.grants[provider], ...wanted.settings },
    refreshable: wanted.refreshable ?? true,
  })
  const { login, account, accessToken, refreshToken, expiresAt } = tokens
  return {
    id: login.id,
    account,
    accessToken,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(provider === 'openai' ? { idToken: idToken(tokens) } : {}),
    expiresAt: new Date(expiresAt).toISOString(),
  }
}

function configured(
  settings: OAuthSettings,
  change: Partial<GrantSettings>,
  provider: OAuthProvider | undefined,
): OAuthSettings {
  const grants = { ...settings.grants }
  for (const one of ['openai', 'anthropic'] as const) {
    if (provider === undefined || provider === one) grants[one] = { ...grants[one], ...change }
  }
  return { ...settings, grants }
}
