// The control routes of the OAuth server: the same as its methods, for another process. They show no token,
// except to whoever had a login made: it is told the tokens once.

import { BadRequest, type JsonObject } from '../http.ts'
import { fingerprint } from '../journal.ts'
import { grantKinds } from './faults.ts'
import type { LoginView } from './grants.ts'
import {
  accountAt,
  choiceAt,
  countAt,
  faultAt,
  flagAt,
  grantSettingsAt,
  numberAt,
  present,
  textAt,
} from './input.ts'
import type { OAuthServer } from './oauth.ts'
import { authorizeBehaviours, refusalStyles } from './state.ts'

const providers = ['openai', 'anthropic'] as const

/** What `GET /sandbox/oauth` shows. */
export function oauthView(oauth: OAuthServer) {
  const { grants, accounts, ...settings } = oauth.settings()
  return {
    now: oauth.now().toISOString(),
    counters: oauth.counters(),
    held: oauth.held(),
    waitingDevices: oauth.waitingDevices(),
    faults: oauth.faults(),
    settings: { ...settings, grants, accounts },
    logins: oauth.logins().map(redactedLogin),
  }
}

type Change = (body: JsonObject, oauth: OAuthServer) => unknown

/** By method and path; each answers with the new state or, for a login, with its tokens. */
export const oauthChanges: Readonly<Record<string, Change>> = {
  'POST /sandbox/oauth/logins': makeLogin,
  'POST /sandbox/oauth/settings': changeSettings,
  'POST /sandbox/oauth/faults': teach,
  'DELETE /sandbox/oauth/faults': (_body, oauth) => {
    oauth.clearFaults()
    return oauthView(oauth)
  },
  'POST /sandbox/oauth/release': (body, oauth) => {
    oauth.release({ drop: flagAt(body, 'drop') ?? false })
    return oauthView(oauth)
  },
  'POST /sandbox/oauth/clock': moveClock,
  'POST /sandbox/oauth/revocations': revoke,
  'POST /sandbox/oauth/devices': decide,
  'DELETE /sandbox/oauth/counters': (_body, oauth) => {
    oauth.resetCounters()
    return oauthView(oauth)
  },
}

function makeLogin(body: JsonObject, oauth: OAuthServer) {
  const provider = choiceAt(body, 'provider', providers)
  if (provider === undefined) throw new BadRequest(400, 'provider must be openai or anthropic.')
  return oauth.login({
    provider,
    account: accountAt(body),
    settings: grantSettingsAt(body, 'settings'),
    ...present({
      clientId: textAt(body, 'clientId'),
      scope: textAt(body, 'scope'),
      refreshable: flagAt(body, 'refreshable'),
    }),
  })
}

function changeSettings(body: JsonObject, oauth: OAuthServer) {
  const login = knownLogin(body, oauth)
  const provider = choiceAt(body, 'provider', providers)
  const grants = grantSettingsAt(body, 'grants')
  const account = accountAt(body)
  const rest = present({
    authorize: choiceAt(body, 'authorize', authorizeBehaviours),
    refusals: choiceAt(body, 'refusals', refusalStyles),
    deviceIntervalSeconds: countAt(body, 'deviceIntervalSeconds'),
  })
  if (Object.keys(account).length > 0) {
    if (provider === undefined) throw new BadRequest(400, 'account needs a provider.')
    oauth.signInAs(provider, account)
  }
  oauth.configure(grants, present({ login, provider }))
  oauth.set(rest)
  return oauthView(oauth)
}

function teach(body: JsonObject, oauth: OAuthServer) {
  const scope = present({
    login: knownLogin(body, oauth),
    provider: choiceAt(body, 'provider', providers),
    grant: choiceAt(body, 'grant', grantKinds),
    times: countAt(body, 'times', 1),
  })
  oauth.teach(faultAt(body), scope)
  return oauthView(oauth)
}

function moveClock(body: JsonObject, oauth: OAuthServer) {
  const advanceMs = numberAt(body, 'advanceMs')
  const now = textAt(body, 'now')
  if (now !== undefined) {
    const date = new Date(now)
    if (Number.isNaN(date.getTime())) throw new BadRequest(400, 'now must be a date as ISO 8601 has it.')
    oauth.setNow(date)
  }
  if (advanceMs !== undefined) oauth.advance(advanceMs)
  return oauthView(oauth)
}

function revoke(body: JsonObject, oauth: OAuthServer) {
  const login = knownLogin(body, oauth)
  const accessToken = textAt(body, 'accessToken')
  if ((login === undefined) === (accessToken === undefined)) {
    throw new BadRequest(400, 'Send login (an id) or accessToken.')
  }
  if (login !== undefined) oauth.revokeLogin(login)
  else revokeToken(accessToken ?? '', oauth)
  return oauthView(oauth)
}

function revokeToken(accessToken: string, oauth: OAuthServer): void {
  try {
    oauth.revokeAccessToken(accessToken)
  } catch (error) {
    throw new BadRequest(404, error instanceof Error ? error.message : String(error))
  }
}

function decide(body: JsonObject, oauth: OAuthServer) {
  const decision = choiceAt(body, 'decision', ['approve', 'deny']) ?? 'approve'
  if (!oauth.decideDevice(textAt(body, 'userCode') ?? '', decision)) {
    throw new BadRequest(404, 'No device waits with this userCode.')
  }
  return oauthView(oauth)
}

function knownLogin(body: JsonObject, oauth: OAuthServer): string | undefined {
  const id = textAt(body, 'login')
  if (id === undefined || oauth.logins().some((login) => login.id === id)) return id
  throw new BadRequest(404, `There is no login ${id}.`)
}

function redactedLogin({ accessToken, refreshToken, refreshTokens, ...login }: LoginView) {
  return {
    ...login,
    startedAt: new Date(login.startedAt).toISOString(),
    endsAt: login.endsAt === null ? null : new Date(login.endsAt).toISOString(),
    accessToken: fingerprint(accessToken),
    ...(refreshToken === undefined ? {} : { refreshToken: fingerprint(refreshToken) }),
    refreshTokens: refreshTokens.length,
  }
}
