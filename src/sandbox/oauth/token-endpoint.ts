// A token endpoint from the first byte to the last: reads the call, misbehaves as told, does what was asked in
// one step (the commit), and answers in the words of the dialect it is given.

import { type Answer, type Call, header, jsonAnswer, lostAnswer } from '../http.ts'
import { fingerprint } from '../journal.ts'
import { disturbance, otherAccount, paced, pause, refreshOptions, stated } from './disturbed.ts'
import type { FaultPoint, GrantKind, TokenFault } from './faults.ts'
import type { OAuthProvider, RefreshRefusal, Tokens } from './grants.ts'
import type { OAuthNote, OAuthState } from './state.ts'

/** What was sent, from a form or a JSON object; values that are not texts become texts. */
export type Parameters = Readonly<Record<string, string | undefined>>

/** Why there are no tokens, in OAuth's words; `refresh` says what was wrong with a refresh token. */
export type TokenRefusal = {
  readonly error: string
  readonly description: string
  readonly refresh?: RefreshRefusal
}

/** How one provider differs from another at its token endpoint. */
export type TokenDialect = {
  readonly provider: OAuthProvider
  /** Parameters a call must have, per grant type. */
  readonly required: Readonly<Record<GrantKind, readonly string[]>>
  /** Whether a code exchange asks for a token that lives so long and cannot be refreshed; milliseconds. */
  longLivedMs(parameters: Parameters): number | undefined
  /** The body that hands tokens out; `common` has the refresh token and the lifetime as they are to be stated. */
  tokens(tokens: Tokens, common: object): Answer
  refused(refusal: TokenRefusal, state: OAuthState): Answer
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const grantTypes: Readonly<Record<string, GrantKind>> = {
  authorization_code: 'authorization_code',
  refresh_token: 'refresh_token',
  [DEVICE_GRANT]: 'device_code',
}

/** Answers a call of a token endpoint; `note` hears what is known about it as soon as it is known. */
export async function answerTokenCall(
  call: Call,
  dialect: TokenDialect,
  state: OAuthState,
  note: (note: OAuthNote) => void,
): Promise<Answer> {
  const { totals } = state
  totals.tokenCalls += 1
  totals.inFlight += 1
  totals.maxInFlight = Math.max(totals.maxInFlight, totals.inFlight)
  try {
    const asked = readTokenCall(call, dialect)
    if ('error' in asked) {
      totals.refused += 1
      note({ outcome: asked.error })
      return dialect.refused(asked, state)
    }
    return await carryOut(asked, dialect, state, note)
  } finally {
    state.totals.inFlight -= 1
  }
}

/** The parameters of a call with a form or a JSON object as its body. */
export function parametersOf(call: Call): Parameters {
  const isForm = (header(call, 'content-type') ?? '').startsWith('application/x-www-form-urlencoded')
  if (isForm) return Object.fromEntries(new URLSearchParams(call.raw.toString('utf8')))
  const texts = Object.entries(call.body ?? {}).map(([name, value]) => [name, String(value ?? '')] as const)
  return Object.fromEntries(texts)
}

/**
 * Revokes as both providers do: a refresh token stands for its login, an access token only for itself, and
 * whoever sends neither is told the same.
 */
export function answerRevoke(call: Call, state: OAuthState): Answer {
  const token = parametersOf(call).token ?? ''
  const login = state.grants.loginOf(token)
  if (login !== undefined) state.grants.revokeLogin(login.id)
  else if (state.grants.access(token) !== undefined) state.grants.revokeAccessToken(token)
  return jsonAnswer(200, {})
}

type Asked = { readonly grant: GrantKind; readonly parameters: Parameters }

function readTokenCall(call: Call, dialect: TokenDialect): Asked | TokenRefusal {
  const parameters = parametersOf(call)
  const grant = grantTypes[parameters.grant_type ?? '']
  if (grant === undefined) {
    return { error: 'unsupported_grant_type', description: 'grant_type is missing or not known.' }
  }
  const missing = dialect.required[grant].find((name) => !parameters[name])
  if (missing !== undefined) return { error: 'invalid_request', description: `${missing} is missing.` }
  return { grant, parameters }
}

async function carryOut(
  { grant, parameters }: Asked,
  dialect: TokenDialect,
  state: OAuthState,
  note: (note: OAuthNote) => void,
): Promise<Answer> {
  const about = describe(grant, parameters, state)
  note(about)
  if (grant === 'refresh_token') state.totals.refreshCalls += 1
  const faults = state.faults.take({ grant, login: about.login, provider: dialect.provider })
  const early = await disturbed(faults, 'before-commit', state)
  if (early !== undefined) {
    note({ ...about, outcome: outcomeOf(early) })
    return early
  }
  const done = commit({ grant, parameters }, faults, dialect, state)
  const login = 'error' in done ? about.login : done.login.id
  const late = await disturbed(faults, 'after-commit', state)
  const outcome = late !== undefined ? outcomeOf(late) : 'error' in done ? reasonOf(done) : 'granted'
  note({ ...about, ...(login === undefined ? {} : { login }), outcome })
  if (late !== undefined) return late
  if ('error' in done) {
    state.totals.refused += 1
    return dialect.refused(done, state)
  }
  state.totals.granted += 1
  return paced(faults, dialect.tokens(done, stated(faults, done)))
}

function describe(grant: GrantKind, parameters: Parameters, state: OAuthState): OAuthNote {
  const token = grant === 'refresh_token' ? (parameters.refresh_token ?? '') : undefined
  const login = token === undefined ? undefined : state.grants.loginOf(token)?.id
  return {
    grant,
    ...(login === undefined ? {} : { login }),
    ...(token === undefined ? {} : { refreshToken: fingerprint(token) }),
    ...(parameters.refresh_reason === undefined ? {} : { refreshReason: parameters.refresh_reason }),
  }
}

async function disturbed(
  faults: readonly TokenFault[],
  point: FaultPoint,
  state: OAuthState,
): Promise<Answer | undefined> {
  const goesOn = await pause(faults, point, state.gate)
  const answer = goesOn ? disturbance(faults, point) : lostAnswer
  if (answer !== undefined) state.totals.disturbed += 1
  return answer
}

function commit(
  { grant, parameters }: Asked,
  faults: readonly TokenFault[],
  dialect: TokenDialect,
  state: OAuthState,
): Tokens | TokenRefusal {
  if (grant === 'refresh_token') return refresh(parameters, faults, state)
  if (grant === 'device_code') return exchangeDevice(parameters, faults, dialect, state)
  const redeemed = state.authorizations.redeem({
    code: parameters.code ?? '',
    clientId: parameters.client_id,
    redirectUri: parameters.redirect_uri,
    verifier: parameters.code_verifier,
  })
  if (typeof redeemed === 'string') return { error: 'invalid_grant', description: redeemed }
  const longLivedMs = dialect.longLivedMs(parameters)
  const defaults = state.settings.grants[dialect.provider]
  return state.grants.login({
    provider: dialect.provider,
    clientId: parameters.client_id ?? '',
    account: otherAccount(faults, redeemed.account) ?? redeemed.account,
    scope: redeemed.scope,
    settings: longLivedMs === undefined ? defaults : { ...defaults, accessTokenMs: longLivedMs },
    refreshable: longLivedMs === undefined,
  })
}

function refresh(
  parameters: Parameters,
  faults: readonly TokenFault[],
  state: OAuthState,
): Tokens | TokenRefusal {
  const token = parameters.refresh_token ?? ''
  const own = state.grants.loginOf(token)?.account
  const options = { ...refreshOptions(faults, own), clientId: parameters.client_id }
  const result = state.grants.refresh(token, options)
  if ('tokens' in result) return result.tokens
  const description = `The refresh token is refused: ${result.refusal}.`
  return { error: 'invalid_grant', description, refresh: result.refusal }
}

function exchangeDevice(
  parameters: Parameters,
  faults: readonly TokenFault[],
  dialect: TokenDialect,
  state: OAuthState,
): Tokens | TokenRefusal {
  const polled = state.devices.poll(parameters.device_code ?? '')
  if ('error' in polled) {
    const error = polled.error === 'unknown' ? 'invalid_grant' : polled.error
    return { error, description: `The device sign-in is not done: ${polled.error}.` }
  }
  return state.grants.login({
    provider: dialect.provider,
    clientId: polled.approved.clientId,
    account: otherAccount(faults, polled.account) ?? polled.account,
    scope: polled.approved.scope,
    settings: state.settings.grants[dialect.provider],
    refreshable: true,
  })
}

function outcomeOf(answer: Answer): string {
  return answer.lost === true ? 'lost' : 'disturbed'
}

function reasonOf({ error, refresh: refusal }: TokenRefusal): string {
  return refusal ?? error
}
