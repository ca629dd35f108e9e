// The fake OpenAI under /openai: the platform API for API keys (/v1), and for access tokens (`at-…`, or of a
// sign-in) the account and ChatGPT routes that Codex uses (/api/accounts, /backend-api). Responses come over HTTP only:
// the websocket Codex tries first is answered with 426, upon which it falls back.

import { randomUUID } from 'node:crypto'
import {
  type CredentialTable,
  type OpenAiCredential,
  type SandboxCredential,
  USED_UP_FOR_MS,
} from './credentials.ts'
import { type Answer, bearerToken, type Call, eventsAnswer, header, jsonAnswer } from './http.ts'
import { outputItems, responseEvents, toolResults, userTexts } from './openai-response.ts'
import type { Provider, Refusal, RefusalSettings, RefusalTable, Route, Verdict } from './provider.ts'
import { type ReplyBlock, replyLength } from './reply.ts'

const DEFAULT_ACCOUNT = 'acct-sandbox'
// Codex insists on an https origin that is neither of the two base URLs, and does not call it then.
const WORKSPACE_ORIGIN = 'https://workspace.invalid'
const platformModels = ['gpt-5.6-codex', 'gpt-5.6', 'gpt-5.6-mini']

type ErrorShape = {
  status: number
  type: string
  code: string | null
  message: string
  more?: Readonly<Record<string, unknown>>
}

const errors: RefusalTable<ErrorShape> = {
  missing: invalidRequest(401, 'missing_authentication', 'No credential: send an Authorization header.'),
  unknown: invalidRequest(401, 'invalid_api_key', 'Incorrect API key provided (sandbox).'),
  expired: invalidRequest(401, 'token_expired', 'Provided authentication token is expired (sandbox).'),
  'wrong-account': invalidRequest(401, 'account_mismatch', 'This token is for another account (sandbox).'),
  'not-for-this-api': invalidRequest(401, 'invalid_authentication', 'This credential is not for this API.'),
  'no-credit': {
    status: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    message: 'You exceeded your current quota (sandbox). Check plan and billing details.',
  },
  'rate-limited': {
    status: 429,
    type: 'requests',
    code: 'rate_limit_exceeded',
    message: 'Rate limit reached (sandbox).',
  },
  overloaded: {
    status: 503,
    type: 'server_error',
    code: 'server_is_overloaded',
    message: 'The server is overloaded (sandbox).',
  },
  forbidden: invalidRequest(
    403,
    'insufficient_permissions',
    'Missing scopes: api.responses.write (sandbox).',
  ),
}

const invalidated = invalidRequest(
  401,
  'token_invalidated',
  'Your authentication token has been invalidated (sandbox). Sign in again.',
)

export const openai: Provider = {
  name: 'openai',
  mount: '/openai',
  route(call, path) {
    const route = `${call.method} ${path}`
    return routes[route]?.(call)
  },
  authenticate,
  refuse,
  notFound: (call) => failure(invalidRequest(404, 'not_found', `Invalid URL (${call.method} ${call.path})`)),
}

const routes: Readonly<Record<string, (call: Call) => Route>> = {
  'POST /v1/responses': responses,
  'GET /v1/responses': upgradeRefused,
  'GET /v1/models': listModels,
  'POST /backend-api/codex/responses': responses,
  'GET /backend-api/codex/responses': upgradeRefused,
  'GET /backend-api/codex/models': listModels,
  'GET /backend-api/wham/accounts/check': () => ({ access: 'read', answer: accountsCheck }),
  'GET /backend-api/wham/settings/user': () => ({ access: 'read', answer: () => jsonAnswer(200, {}) }),
  'GET /api/accounts/v1/user-auth-credential/whoami': () => ({ access: 'read', answer: whoAmI }),
}

function authenticate(call: Call, path: string, accepted: CredentialTable): Verdict {
  const token = bearerToken(call)
  if (token === undefined) return { refusal: 'missing' }
  const found = accepted.find(isOpenAi).filter((one) => one.value === token)
  const kind = path.startsWith('/v1/') ? 'api-key' : 'access-token'
  const credential = found.find((one) => one.kind === kind)
  if (credential !== undefined) {
    return isForAnotherAccount(call, credential) ? { refusal: 'wrong-account' } : { credential }
  }
  return { refusal: found.length > 0 ? 'not-for-this-api' : 'unknown' }
}

function isForAnotherAccount(call: Call, { accountId }: OpenAiCredential): boolean {
  const named = header(call, 'chatgpt-account-id')
  return accountId !== undefined && named !== undefined && named !== accountId
}

// A token of a sign-in is refused in other words than a key, and sent to the refresh by them.
function refuse(refusal: Refusal, call: Call, _settings: RefusalSettings, now: Date): Answer {
  if (refusal === 'used-up') return failure(usedUp(now))
  const isOfSignIn = (bearerToken(call) ?? '').split('.').length === 3
  if (refusal === 'revoked' && isOfSignIn) return failure(invalidated)
  return failure(errors[refusal] ?? errors.unknown)
}

function responses(call: Call): Route {
  const { body } = call
  const model = typeof body?.model === 'string' ? body.model : ''
  return {
    access: 'model',
    model,
    userTexts: userTexts(body?.input),
    toolResults: toolResults(body?.input),
    answer(blocks) {
      if (body?.model === undefined || body.input === undefined) {
        return failure(invalidRequest(400, 'missing_required_parameter', 'model and input are required.'))
      }
      const response = wholeResponse(model, blocks)
      if (body.stream !== true) return jsonAnswer(200, response, requestId())
      return eventsAnswer(responseEvents(response), requestId())
    },
  }
}

function wholeResponse(model: string, blocks: readonly ReplyBlock[]) {
  const output = outputItems(blocks)
  const output_tokens = Math.max(1, Math.ceil(replyLength(blocks) / 4))
  return {
    id: newId('resp'),
    object: 'response',
    status: 'completed',
    model,
    output,
    usage: {
      input_tokens: 1,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 1 + output_tokens,
    },
  }
}

function upgradeRefused(): Route {
  const shape = invalidRequest(426, 'upgrade_required', 'Responses are served over HTTP here.')
  return { access: 'open', answer: () => failure(shape) }
}

// Codex (which names its version) asks for its own list; an empty one leaves it with what it ships.
function listModels(call: Call): Route {
  if (call.query.includes('client_version=')) {
    return { access: 'read', answer: () => jsonAnswer(200, { models: [] }, requestId()) }
  }
  const data = platformModels.map((id) => ({
    id,
    object: 'model',
    created: 1_767_225_600,
    owned_by: 'sandbox',
  }))
  return { access: 'read', answer: () => jsonAnswer(200, { object: 'list', data }, requestId()) }
}

function accountsCheck(_blocks: readonly ReplyBlock[], asker?: SandboxCredential): Answer {
  const account = {
    id: accountOf(asker),
    workspace_backend_origin: WORKSPACE_ORIGIN,
    account_routing_override: 'NO_CONSTRAINT',
  }
  return jsonAnswer(200, { accounts: [account] })
}

// Plan "pro": for a managed plan Codex would demand the policies of a workspace first.
function whoAmI(_blocks: readonly ReplyBlock[], asker?: SandboxCredential): Answer {
  return jsonAnswer(200, {
    email: 'person@sandbox.invalid',
    chatgpt_user_id: 'user-sandbox',
    chatgpt_account_id: accountOf(asker),
    chatgpt_plan_type: 'pro',
    chatgpt_account_is_fedramp: false,
  })
}

function accountOf(asker: SandboxCredential | undefined): string {
  return (asker?.provider === 'openai' ? asker.accountId : undefined) ?? DEFAULT_ACCOUNT
}

function usedUp(now: Date): ErrorShape {
  const seconds = USED_UP_FOR_MS / 1000
  const more = {
    plan_type: 'pro',
    resets_at: Math.floor(now.getTime() / 1000) + seconds,
    resets_in_seconds: seconds,
  }
  const message = 'The usage limit has been reached'
  return { status: 429, type: 'usage_limit_reached', code: null, message, more }
}

function failure({ status, type, code, message, more }: ErrorShape): Answer {
  const headers: Record<string, string> = requestId()
  if (status === 429) headers['retry-after'] = '1'
  return jsonAnswer(status, { error: { message, type, param: null, code, ...more } }, headers)
}

function requestId() {
  return { 'x-request-id': newId('req') }
}

function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`
}

function invalidRequest(status: number, code: string, message: string): ErrorShape {
  return { status, type: 'invalid_request_error', code, message }
}

function isOpenAi(credential: SandboxCredential): credential is OpenAiCredential {
  return credential.provider === 'openai'
}
