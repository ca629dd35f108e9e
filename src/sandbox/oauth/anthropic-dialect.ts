// Anthropic's sign-in under /anthropic: what platform.claude.com, claude.ai and api.anthropic.com answer to the
// `claude` program besides messages. Tokens are asked for with JSON, and refused as `invalid_grant`.

import { type Answer, bearerToken, type Call, jsonAnswer } from '../http.ts'
import { answerAuthorize, oauthError, page } from './authorize.ts'
import type { Account, LoginFacts } from './grants.ts'
import type { OAuthRoute, OAuthRoutes, OAuthState } from './state.ts'
import { answerRevoke, answerTokenCall, type TokenDialect } from './token-endpoint.ts'

const PROFILE_SCOPE = 'user:profile'
const LOGIN_SCOPE = 'user:inference user:profile user:sessions:claude_code user:mcp_servers user:file_upload'
const pastedAt = [
  'https://platform.claude.com/oauth/code/callback',
  'https://console.anthropic.com/oauth/code/callback',
]

const tokenDialect: TokenDialect = {
  provider: 'anthropic',
  required: {
    authorization_code: ['client_id', 'code', 'redirect_uri', 'code_verifier'],
    refresh_token: ['client_id', 'refresh_token'],
    device_code: ['client_id', 'device_code'],
  },
  // `claude setup-token` names a lifetime, and gets no refresh token.
  longLivedMs(parameters) {
    const seconds = Number(parameters.expires_in)
    return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined
  },
  tokens: ({ account, accessToken, login }, common) =>
    jsonAnswer(200, {
      token_type: 'Bearer',
      access_token: accessToken,
      scope: login.scope,
      organization: { uuid: account.organizationId, name: account.organizationName },
      account: { uuid: account.id, email_address: account.email },
      ...common,
    }),
  refused: ({ error, description }) => oauthError(400, error, description),
}

const authorize: OAuthRoute = (call, state) =>
  answerAuthorize(call, { provider: 'anthropic', pastedAt, short }, state)

export const anthropicRoutes: OAuthRoutes = {
  'GET /oauth/authorize': authorize,
  'GET /cai/oauth/authorize': authorize,
  'GET /oauth/code/callback': () => page(200, 'Sign-in', ['Paste the code you were shown.']),
  'POST /v1/oauth/token': (call, state, note) => answerTokenCall(call, tokenDialect, state, note),
  'POST /v1/oauth/token/revoke': answerRevoke,
  'GET /v1/oauth/hello': () => jsonAnswer(200, { message: 'hello' }),
  'GET /api/oauth/profile': (call, state) => asking(call, state, profile),
  'GET /api/oauth/claude_cli/roles': (call, state) => asking(call, state, roles),
}

// `claude` prints addresses with a mark and the challenge only: z for a login, I for a setup token.
function short(query: string) {
  const found = /^([zI])[\w-]*?[-_]([\w-]{43})$/.exec(query)
  if (found === null) return undefined
  return { challenge: found[2] ?? '', scope: found[1] === 'z' ? LOGIN_SCOPE : 'user:inference' }
}

// Tokens that were accepted rather than minted here have no account to tell of.
function asking(
  call: Call,
  state: OAuthState,
  answer: (account: Account, login: LoginFacts) => unknown,
): Answer | undefined {
  const found = state.grants.access(bearerToken(call) ?? '')
  if (found === undefined) return undefined
  if (found.state === 'revoked') {
    return failure(403, 'permission_error', 'OAuth token has been revoked. Sign in again.')
  }
  if (found.state === 'expired') return failure(401, 'authentication_error', 'OAuth token has expired.')
  if (!found.login.scope.split(' ').includes(PROFILE_SCOPE)) {
    return failure(403, 'permission_error', `OAuth token does not have the scope ${PROFILE_SCOPE}.`)
  }
  return jsonAnswer(200, answer(found.account, found.login))
}

function profile(account: Account) {
  return {
    account: {
      uuid: account.id,
      email: account.email,
      full_name: 'Sandbox Person',
      display_name: 'Sandbox',
      has_claude_max: account.plan === 'max',
      has_claude_pro: account.plan === 'pro',
    },
    organization: {
      uuid: account.organizationId,
      name: account.organizationName,
      organization_type: `claude_${account.plan}`,
      rate_limit_tier: account.plan === 'max' ? 'default_claude_max_20x' : 'default_claude_ai',
      billing_type: 'stripe_subscription',
    },
  }
}

function roles(account: Account) {
  return {
    organization_uuid: account.organizationId,
    organization_name: account.organizationName,
    organization_role: 'admin',
    workspace_role: null,
  }
}

function failure(status: number, type: string, message: string): Answer {
  return jsonAnswer(status, { type: 'error', error: { type, message } })
}
