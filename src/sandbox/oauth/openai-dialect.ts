// OpenAI's sign-in under /openai: the browser flow, its own device flow and the standard one, refresh with the
// error codes Codex knows, and revocation.

import { type Answer, type Call, header, jsonAnswer } from '../http.ts'
import { challengeOf } from './authorizations.ts'
import { answerAuthorize, escaped, oauthError, page } from './authorize.ts'
import type { OAuthRoutes, OAuthState } from './state.ts'
import {
  answerRevoke,
  answerTokenCall,
  parametersOf,
  type TokenDialect,
  type TokenRefusal,
} from './token-endpoint.ts'
import { idToken, unguessable } from './tokens.ts'

const DEVICE_SCOPE = 'openid profile email offline_access'
const DEVICE_CALLBACK = '/deviceauth/callback'

const tokenDialect: TokenDialect = {
  provider: 'openai',
  required: {
    authorization_code: ['client_id', 'code', 'redirect_uri', 'code_verifier'],
    refresh_token: ['refresh_token'],
    device_code: ['client_id', 'device_code'],
  },
  longLivedMs: () => undefined,
  tokens: (tokens, common) =>
    jsonAnswer(200, {
      token_type: 'Bearer',
      id_token: idToken(tokens),
      access_token: tokens.accessToken,
      scope: tokens.login.scope,
      ...common,
    }),
  refused,
}

const refreshCodes = {
  expired: 'refresh_token_expired',
  reused: 'refresh_token_reused',
  revoked: 'refresh_token_invalidated',
  unknown: 'refresh_token_invalidated',
  'wrong-client': 'invalid_client',
} as const

export const openaiRoutes: OAuthRoutes = {
  'GET /oauth/authorize': (call, state) => answerAuthorize(call, { provider: 'openai', pastedAt: [] }, state),
  'POST /oauth/token': (call, state, note) => answerTokenCall(call, tokenDialect, state, note),
  'POST /oauth/revoke': answerRevoke,
  'POST /api/accounts/deviceauth/usercode': beginOwnDevice,
  'POST /api/accounts/deviceauth/token': pollOwnDevice,
  'POST /device_authorization': beginStandardDevice,
  'GET /codex/device': () => devicePage(),
  'POST /codex/device': decideDevice,
}

function refused({ error, description, refresh }: TokenRefusal, state: OAuthState): Answer {
  if (refresh === undefined || state.settings.refusals === 'invalid_grant') {
    return oauthError(400, error, description)
  }
  const code = refreshCodes[refresh]
  const type = 'invalid_request_error'
  return jsonAnswer(401, { error: { message: description, type, param: null, code } })
}

function beginOwnDevice(call: Call, state: OAuthState): Answer {
  const { client_id } = parametersOf(call)
  if (!client_id) return oauthError(400, 'invalid_request', 'client_id is missing.')
  const device = beginDevice(client_id, DEVICE_SCOPE, state)
  return jsonAnswer(200, {
    device_auth_id: device.deviceCode,
    user_code: device.userCode,
    interval: String(state.settings.deviceIntervalSeconds),
  })
}

// The server makes the pair of challenge and verifier itself and hands both out with the code.
function pollOwnDevice(call: Call, state: OAuthState): Answer {
  const { device_auth_id = '', user_code } = parametersOf(call)
  const polled = state.devices.poll(device_auth_id, { patient: false, userCode: user_code ?? '' })
  if ('error' in polled) {
    const status = polled.error === 'authorization_pending' ? 403 : 400
    return jsonAnswer(status, { error: { message: 'Not signed in.', code: `deviceauth_${polled.error}` } })
  }
  const code_verifier = unguessable()
  const code_challenge = challengeOf(code_verifier)
  const authorization_code = state.authorizations.issue({
    clientId: polled.approved.clientId,
    redirectUri: null,
    redirectPath: DEVICE_CALLBACK,
    challenge: code_challenge,
    scope: polled.approved.scope,
    account: polled.account,
  })
  return jsonAnswer(200, { authorization_code, code_challenge, code_verifier })
}

function beginStandardDevice(call: Call, state: OAuthState): Answer {
  const { client_id, scope } = parametersOf(call)
  if (!client_id) return oauthError(400, 'invalid_request', 'client_id is missing.')
  const device = beginDevice(client_id, scope || DEVICE_SCOPE, state)
  const verification_uri = `http://${header(call, 'host') ?? ''}/openai/codex/device`
  return jsonAnswer(200, {
    device_code: device.deviceCode,
    user_code: device.userCode,
    verification_uri,
    verification_uri_complete: `${verification_uri}?user_code=${device.userCode}`,
    expires_in: device.expiresInSeconds,
    interval: state.settings.deviceIntervalSeconds,
  })
}

function beginDevice(clientId: string, scope: string, state: OAuthState) {
  return state.devices.begin({ clientId, scope, intervalSeconds: state.settings.deviceIntervalSeconds })
}

function devicePage(): Answer {
  return page(200, 'Sign in to the sandbox on a device', [
    [
      '<form method="post"><input name="user_code" placeholder="XXXX-XXXX">',
      '<button name="decision" value="approve">Agree</button>',
      '<button name="decision" value="deny">Decline</button></form>',
    ].join(''),
  ])
}

function decideDevice(call: Call, state: OAuthState): Answer {
  const { user_code = '', decision } = parametersOf(call)
  const said = decision === 'deny' ? 'deny' : 'approve'
  const isKnown = state.devices.decide(user_code, said, state.settings.accounts.openai)
  if (!isKnown) return page(404, 'There is no such code', [escaped(user_code)])
  return page(200, said === 'approve' ? 'The device is signed in' : 'The device was declined', [])
}
