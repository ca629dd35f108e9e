// The fake Anthropic API under /anthropic: messages, token counts, models, and the greeting that Claude
// Code asks for at start.

import { randomUUID } from 'node:crypto'
import { inputTokens, messageEvents, toolResults, userTexts, wholeMessage } from './anthropic-message.ts'
import {
  type AnthropicCredential,
  type CredentialTable,
  type SandboxCredential,
  USED_UP_FOR_MS,
} from './credentials.ts'
import { type Answer, bearerToken, type Call, eventsAnswer, header, jsonAnswer } from './http.ts'
import type { Provider, Refusal, RefusalSettings, RefusalTable, Route, Verdict } from './provider.ts'

const OAUTH_BETA = 'oauth-2025-04-20'
const models = [
  { id: 'claude-opus-4-8', display_name: 'Claude Opus (sandbox)' },
  { id: 'claude-sonnet-4-6', display_name: 'Claude Sonnet (sandbox)' },
  { id: 'claude-haiku-4-5-20251001', display_name: 'Claude Haiku (sandbox)' },
]

type ErrorShape = { status: number; type: string; message: string }

const errors: RefusalTable<ErrorShape> = {
  missing: unauthorized('A credential is required: x-api-key or a bearer token.'),
  unknown: unauthorized('invalid x-api-key'),
  'not-for-this-api': unauthorized('OAuth authentication is currently not supported.'),
  'no-credit': {
    status: 400,
    type: 'invalid_request_error',
    message: 'Your credit balance is too low for this request (sandbox). Add credits and try again.',
  },
  'rate-limited': { status: 429, type: 'rate_limit_error', message: 'Rate limit reached (sandbox).' },
  'used-up': {
    status: 429,
    type: 'rate_limit_error',
    message: 'This request would exceed your limit (sandbox).',
  },
  overloaded: { status: 529, type: 'overloaded_error', message: 'Overloaded' },
  forbidden: { status: 403, type: 'permission_error', message: 'Request not allowed' },
}

// A bearer token is refused in other words than a key, and a revoked one with another status.
const bearerErrors: RefusalTable<ErrorShape> = {
  ...errors,
  unknown: unauthorized('Invalid bearer token'),
  expired: unauthorized('OAuth token has expired. Sign in again or refresh the token.'),
  revoked: {
    status: 403,
    type: 'permission_error',
    message: 'OAuth token has been revoked. Sign in again.',
  },
}

export const anthropic: Provider = {
  name: 'anthropic',
  mount: '/anthropic',
  route(call, path) {
    const route = `${call.method} ${path}`
    if (route === 'POST /v1/messages') return messages(call)
    if (route === 'POST /v1/messages/count_tokens') return countTokens(call)
    if (route === 'GET /v1/models') return { access: 'read', answer: listModels }
    if (route === 'GET /api/hello' || route === 'HEAD /api/hello') {
      return { access: 'open', answer: () => answer(200, { message: 'hello' }) }
    }
    return undefined
  },
  authenticate,
  refuse,
  notFound: (call) => failure(404, 'not_found_error', `Not found: ${call.method} ${call.path}`),
}

// With both headers the key decides, so that a helper's value, which travels in both, is judged as a key.
function authenticate(call: Call, _path: string, accepted: CredentialTable): Verdict {
  const key = header(call, 'x-api-key')
  const token = bearerToken(call)
  const kinds: readonly string[] = key ? ['api-key'] : ['oauth', 'bearer']
  const value = key || token
  if (value === undefined) return { refusal: 'missing' }
  const found = accepted.find(isAnthropic).filter((one) => kinds.includes(one.kind) && one.value === value)
  const hasBeta = (header(call, 'anthropic-beta') ?? '').split(',').some((beta) => beta.trim() === OAUTH_BETA)
  const credential = found.find((one) => one.kind !== 'oauth' || hasBeta)
  if (credential !== undefined) return { credential }
  return { refusal: found.length > 0 ? 'not-for-this-api' : 'unknown' }
}

function refuse(refusal: Refusal, call: Call, settings: RefusalSettings, now: Date): Answer {
  const byBearer = !header(call, 'x-api-key') && bearerToken(call) !== undefined
  const table = byBearer ? bearerErrors : errors
  const { status, type, message } = table[refusal] ?? table.unknown
  const headers: Record<string, string> = {}
  if (status === 401 && settings.shouldRetry !== 'absent') {
    headers['x-should-retry'] = String(settings.shouldRetry)
  }
  if (status === 429) headers['retry-after'] = '1'
  if (refusal === 'used-up' && byBearer) Object.assign(headers, usedUp(now))
  return failure(status, type, message, headers)
}

// What a subscription is told, and a key is not.
function usedUp(now: Date): Record<string, string> {
  const seconds = USED_UP_FOR_MS / 1000
  const reset = String(Math.floor(now.getTime() / 1000) + seconds)
  const prefix = 'anthropic-ratelimit-unified'
  return {
    'retry-after': String(seconds),
    [`${prefix}-status`]: 'rejected',
    [`${prefix}-reset`]: reset,
    [`${prefix}-representative-claim`]: 'five_hour',
    [`${prefix}-5h-status`]: 'rejected',
    [`${prefix}-5h-reset`]: reset,
  }
}

function messages(call: Call): Route {
  const { body } = call
  const model = typeof body?.model === 'string' ? body.model : ''
  const problem = invalid(call, ['model', 'messages', 'max_tokens'])
  return {
    access: 'model',
    model,
    userTexts: userTexts(body),
    toolResults: toolResults(body),
    answer(blocks) {
      if (problem !== undefined) return problem
      if (body?.stream === true) return eventsAnswer(messageEvents(model, body, blocks), requestId())
      return answer(200, wholeMessage(model, body, blocks))
    },
  }
}

function countTokens(call: Call): Route {
  const problem = invalid(call, ['model', 'messages'])
  return { access: 'read', answer: () => problem ?? answer(200, { input_tokens: inputTokens(call.body) }) }
}

function listModels(): Answer {
  const data = models.map((model) => ({ type: 'model', ...model, created_at: '2026-01-01T00:00:00Z' }))
  return answer(200, { data, has_more: false, first_id: models[0]?.id, last_id: models.at(-1)?.id })
}

function invalid(call: Call, fields: readonly string[]): Answer | undefined {
  const missing = fields.find((field) => call.body?.[field] === undefined)
  if (missing !== undefined) return failure(400, 'invalid_request_error', `${missing}: Field required`)
  if (header(call, 'anthropic-version') === undefined) {
    return failure(400, 'invalid_request_error', 'anthropic-version: header is required')
  }
  return undefined
}

function failure(
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): Answer {
  const id = requestId()
  const body = { type: 'error', error: { type, message }, request_id: id['request-id'] }
  return jsonAnswer(status, body, { ...id, ...headers })
}

function answer(status: number, body: unknown): Answer {
  return jsonAnswer(status, body, requestId())
}

function requestId() {
  return { 'request-id': `req_${randomUUID().replaceAll('-', '')}` }
}

function unauthorized(message: string): ErrorShape {
  return { status: 401, type: 'authentication_error', message }
}

function isAnthropic(credential: SandboxCredential): credential is AnthropicCredential {
  return credential.provider === 'anthropic'
}
