// Revocation as both providers have it: a refresh token stands for its login, an access token only for itself,
// and whoever sends neither is told the same.

import { type Answer, type Call, jsonAnswer } from '../http.ts'
import type { OAuthState } from './state.ts'
import { parametersOf } from './token-endpoint.ts'

export function answerRevoke(call: Call, state: OAuthState): Answer {
  const token = parametersOf(call).token ?? ''
  const login = state.grants.loginOf(token)
  if (login !== undefined) state.grants.revokeLogin(login.id)
  else if (state.grants.access(token) !== undefined) state.grants.revokeAccessToken(token)
  return jsonAnswer(200, {})
}
