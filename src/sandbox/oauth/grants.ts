// What an OAuth server remembers of sign-ins: families of tokens, which of them are still good, and what a
// refresh does to them. No clock, no network and no token format of its own: those are given to it.

export type OAuthProvider = 'openai' | 'anthropic'

/** Who signed in. For OpenAI `id` is the ChatGPT account, for Anthropic the account's UUID. */
export type Account = {
  readonly id: string
  readonly email: string
  readonly plan: string
  readonly userId: string
  readonly organizationId: string
  readonly organizationName: string
}

export const rotations = ['strict', 'grace', 'latest-wins', 'static'] as const

/**
 * What happens to a refresh token that has been used. `strict`: it is dead, and presenting it again revokes
 * the login. `grace`: within the grace period it is answered with the same child again. `latest-wins`: within
 * the grace period every replay mints another child, and only the latest of them lives. After the grace
 * period both are as strict. `static`: refresh tokens are not rotated.
 */
export type Rotation = (typeof rotations)[number]

export type GrantSettings = {
  readonly rotation: Rotation
  /** How long a used refresh token may be replayed under `grace` and `latest-wins`. */
  readonly graceMs: number
  readonly accessTokenMs: number
  /** How long after the sign-in refreshing works at all, which no refresh extends; null: for ever. */
  readonly chainMs: number | null
}

/** What a login is, besides its tokens. Times are milliseconds since the epoch. */
export type LoginFacts = {
  readonly id: string
  readonly provider: OAuthProvider
  readonly clientId: string
  readonly account: Account
  /** Separated by spaces. */
  readonly scope: string
  readonly startedAt: number
}

/** Tokens as one answer gives them out. `refreshToken` is absent when the login cannot be refreshed. */
export type Tokens = {
  readonly login: LoginFacts
  /** The account the tokens speak of: the login's, unless the server was told to lie. */
  readonly account: Account
  readonly accessToken: string
  readonly refreshToken?: string
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Why a refresh was refused; `revoked` is also what a superseded token gets. */
export type RefreshRefusal = 'unknown' | 'reused' | 'revoked' | 'expired' | 'wrong-client'

export type LoginCounters = {
  /** Refreshes asked for with a token of this login, refused ones and lost answers included. */
  readonly refreshCalls: number
  /** Refreshes that were carried out, whether or not the answer arrived. */
  readonly refreshes: number
  readonly refused: number
  readonly reuseDetections: number
  /** Token pairs made: the sign-in and every refresh that was not answered with an earlier child. */
  readonly minted: number
}

/** One login as it is now, with whole tokens. */
export type LoginView = LoginFacts & {
  readonly settings: GrantSettings
  readonly endsAt: number | null
  readonly revoked: boolean
  /** The tokens minted last. */
  readonly accessToken: string
  readonly refreshToken?: string
  /** Every refresh token it ever had, oldest first. */
  readonly refreshTokens: readonly string[]
  readonly counters: LoginCounters
}

/** Makes the texts of tokens; every call must give another text. */
export type Minter = {
  accessToken(login: LoginFacts, account: Account, issuedAt: number, expiresAt: number): string
  refreshToken(login: LoginFacts): string
}

export type NewLogin = Omit<LoginFacts, 'id' | 'startedAt'> & {
  readonly settings: GrantSettings
  /** False: an access token only, as `claude setup-token` gets. */
  readonly refreshable: boolean
}

export type RefreshOptions = {
  /** The client that asks, when it says so. */
  readonly clientId?: string | undefined
  /** Leaves the refresh token as it is, this once. */
  readonly keep?: boolean
  /** Mints tokens that speak of another account. */
  readonly account?: Account | undefined
}

export type Grants = {
  login(login: NewLogin): Tokens
  refresh(
    refreshToken: string,
    options?: RefreshOptions,
  ): { readonly tokens: Tokens } | { readonly refusal: RefreshRefusal }
  /** The login a refresh token belongs or belonged to. */
  loginOf(refreshToken: string): LoginFacts | undefined
  /** The login and account of an access token that was minted here, and whether it is good. */
  access(
    accessToken: string,
  ): { login: LoginFacts; account: Account; state: 'ok' | 'expired' | 'revoked' } | undefined
  /** Revokes a login by its id. Throws when there is none. */
  revokeLogin(id: string): void
  /** Refuses one access token from now on; the login stays good. Throws when it was not minted here. */
  revokeAccessToken(accessToken: string): void
  /** Changes settings of a login; tokens that were minted before keep their expiry. Throws when there is none. */
  configure(id: string, settings: Partial<GrantSettings>): void
  logins(): readonly LoginView[]
}

type Access = { readonly expiresAt: number; revoked: boolean }

type Refresh = {
  readonly value: string
  readonly family: Family
  /** The answer it was given out with. */
  readonly tokens: Tokens
  readonly access: Access
  readonly children: Refresh[]
  state: 'live' | 'used' | 'superseded'
  usedAt: number
}

type Family = {
  readonly facts: LoginFacts
  readonly counters: { -readonly [Key in keyof LoginCounters]: LoginCounters[Key] }
  readonly accesses: Access[]
  readonly refreshTokens: string[]
  settings: GrantSettings
  latest: Tokens | undefined
  revokedBy: 'reuse' | 'request' | undefined
}

type Book = {
  readonly now: () => number
  readonly minters: Readonly<Record<OAuthProvider, Minter>>
  readonly families: Map<string, Family>
  readonly refreshTokens: Map<string, Refresh>
  readonly accessTokens: Map<string, { readonly tokens: Tokens; readonly access: Access }>
}

/** A server nobody has signed in to. `now` gives milliseconds since the epoch. */
export function createGrants(now: () => number, minters: Readonly<Record<OAuthProvider, Minter>>): Grants {
  const book: Book = {
    now,
    minters,
    families: new Map(),
    refreshTokens: new Map(),
    accessTokens: new Map(),
  }
  return {
    login: (wanted) => begin(book, wanted),
    refresh: (value, options = {}) => present(book, value, options),
    loginOf: (value) => book.refreshTokens.get(value)?.family.facts,
    access(value) {
      const found = book.accessTokens.get(value)
      if (found === undefined) return undefined
      const { access, tokens } = found
      const state = access.revoked ? 'revoked' : now() >= access.expiresAt ? 'expired' : 'ok'
      return { login: tokens.login, account: tokens.account, state }
    },
    revokeLogin: (id) => revoke(familyOf(book, id), 'request'),
    revokeAccessToken(value) {
      const found = book.accessTokens.get(value)
      if (found === undefined) throw new Error('This access token was not minted here.')
      found.access.revoked = true
    },
    configure(id, settings) {
      const family = familyOf(book, id)
      family.settings = { ...family.settings, ...settings }
    },
    logins: () => [...book.families.values()].map(viewOf),
  }
}

function begin(book: Book, { settings, refreshable, ...wanted }: NewLogin): Tokens {
  const id = `login-${book.families.size + 1}`
  const family: Family = {
    facts: { id, ...wanted, startedAt: book.now() },
    counters: { refreshCalls: 0, refreshes: 0, refused: 0, reuseDetections: 0, minted: 0 },
    accesses: [],
    refreshTokens: [],
    settings,
    latest: undefined,
    revokedBy: undefined,
  }
  book.families.set(id, family)
  return refreshable ? mintPair(book, family, wanted.account) : mint(book, family, wanted.account).tokens
}

function present(
  book: Book,
  value: string,
  options: RefreshOptions,
): { readonly tokens: Tokens } | { readonly refusal: RefreshRefusal } {
  const refresh = book.refreshTokens.get(value)
  if (refresh === undefined) return { refusal: 'unknown' }
  const { family } = refresh
  family.counters.refreshCalls += 1
  const judged = judge(book, refresh, options)
  if (typeof judged === 'object') {
    family.counters.refreshes += 1
    return { tokens: judged }
  }
  family.counters.refused += 1
  if (judged === 'reused') {
    family.counters.reuseDetections += 1
    revoke(family, 'reuse')
  }
  return { refusal: judged }
}

function judge(book: Book, refresh: Refresh, options: RefreshOptions): Tokens | RefreshRefusal {
  const { family } = refresh
  if (options.clientId !== undefined && options.clientId !== family.facts.clientId) return 'wrong-client'
  if (family.revokedBy === 'reuse' && refresh.state === 'used') return 'reused'
  if (family.revokedBy !== undefined || refresh.state === 'superseded') return 'revoked'
  const endsAt = endOf(family)
  if (endsAt !== null && book.now() >= endsAt) return 'expired'
  return refresh.state === 'live' ? rotate(book, refresh, options) : replay(book, refresh, options)
}

function rotate(book: Book, refresh: Refresh, options: RefreshOptions): Tokens {
  const { family } = refresh
  const account = options.account ?? family.facts.account
  if (options.keep === true || family.settings.rotation === 'static') {
    return mint(book, family, account, refresh.value).tokens
  }
  if (refresh.state === 'live') {
    refresh.state = 'used'
    refresh.usedAt = book.now()
  }
  return mintPair(book, family, account, refresh)
}

function replay(book: Book, refresh: Refresh, options: RefreshOptions): Tokens | 'reused' {
  const { rotation, graceMs } = refresh.family.settings
  const isInGrace = book.now() - refresh.usedAt <= graceMs
  const child = refresh.children.at(-1)
  if (rotation === 'grace' && isInGrace && child !== undefined) return child.tokens
  if (rotation !== 'latest-wins' || !isInGrace) return 'reused'
  for (const earlier of refresh.children) supersede(earlier)
  return rotate(book, refresh, { ...options, keep: false })
}

function mintPair(book: Book, family: Family, account: Account, parent?: Refresh): Tokens {
  const value = book.minters[family.facts.provider].refreshToken(family.facts)
  const { tokens, access } = mint(book, family, account, value)
  const made: Refresh = { value, family, tokens, access, children: [], state: 'live', usedAt: 0 }
  parent?.children.push(made)
  book.refreshTokens.set(value, made)
  family.refreshTokens.push(value)
  return tokens
}

function mint(book: Book, family: Family, account: Account, refreshToken?: string) {
  const issuedAt = book.now()
  const expiresAt = issuedAt + family.settings.accessTokenMs
  const minter = book.minters[family.facts.provider]
  const tokens: Tokens = {
    login: family.facts,
    account,
    accessToken: minter.accessToken(family.facts, account, issuedAt, expiresAt),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    issuedAt,
    expiresAt,
  }
  const access: Access = { expiresAt, revoked: false }
  family.accesses.push(access)
  book.accessTokens.set(tokens.accessToken, { tokens, access })
  family.latest = tokens
  family.counters.minted += 1
  return { tokens, access }
}

function revoke(family: Family, by: 'reuse' | 'request'): void {
  family.revokedBy ??= by
  for (const access of family.accesses) access.revoked = true
}

function familyOf(book: Book, id: string): Family {
  const family = book.families.get(id)
  if (family === undefined) throw new Error(`There is no login ${id}.`)
  return family
}

function supersede(refresh: Refresh): void {
  refresh.state = 'superseded'
  refresh.access.revoked = true
  for (const child of refresh.children) supersede(child)
}

function endOf({ facts, settings }: Family): number | null {
  return settings.chainMs === null ? null : facts.startedAt + settings.chainMs
}

function viewOf(family: Family): LoginView {
  const { facts, settings, latest, counters, refreshTokens, revokedBy } = family
  const refreshToken = latest?.refreshToken
  return {
    ...facts,
    settings,
    endsAt: endOf(family),
    revoked: revokedBy !== undefined,
    accessToken: latest?.accessToken ?? '',
    ...(refreshToken === undefined ? {} : { refreshToken }),
    refreshTokens: [...refreshTokens],
    counters: { ...counters },
  }
}
