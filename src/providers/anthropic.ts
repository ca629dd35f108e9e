// Anthropic: are an API key and a setup token usable? Logins are renewed by whoever it is given (anthropic-login.ts).
//
// What a probe costs. API key: a free list of models, then one request of about ten tokens to a Haiku model,
// around a thousandth of a US cent, because only a billed request tells that the balance is used up. Setup
// token: the list only, free. Such a token is for the claude program: Anthropic answers other programs'
// model requests as "rate limited" or not at all, so asking would cost the plan and prove nothing.

import type { FieldValues } from '../domain/values.ts'
import {
  askJson,
  isSuccess,
  type JsonAnswer,
  joinUrl,
  listOf,
  textsOf,
  type UpstreamOptions,
} from '../lib/json/ask-json.ts'
import type { Probe, Provider, Renewer } from './provider.ts'
import { cannotProbe, errorOf, fieldValue, probing, type UpstreamError, unreliable } from './upstream.ts'

const SERVICE = 'Anthropic'
const API_VERSION = '2023-06-01'
const OAUTH_BETA = 'oauth-2025-04-20'
const MODELS_PATH = '/v1/models?limit=1000'
// Cheapest first; within a family Anthropic lists the newest first, the last to be retired.
const CHEAPEST_FIRST = ['haiku', 'sonnet']

const KEYS_PAGE = 'https://platform.claude.com/settings/keys'
const BILLING_PAGE = 'https://platform.claude.com/settings/billing'

export interface AnthropicOptions extends UpstreamOptions {
  /** Without `/v1`, for example `https://api.anthropic.com`. */
  readonly baseUrl: string
  /** Where logins can be renewed. */
  readonly renewer?: Renewer
}

/** Probes `claude/api-key` and `claude/setup-token`. */
export function createAnthropicProvider(options: AnthropicOptions): Provider {
  return {
    name: 'anthropic',
    probes: ['claude/api-key', 'claude/setup-token'],
    ...(options.renewer !== undefined && { renewer: options.renewer }),
    probe: (type, fields) =>
      probing(SERVICE, async () => {
        if (type === 'claude/api-key') return await probeApiKey(fields, options)
        if (type === 'claude/setup-token') return await probeSetupToken(fields, options)
        throw cannotProbe(type)
      }),
  }
}

async function probeApiKey(fields: FieldValues, options: AnthropicOptions): Promise<Probe> {
  const headers = { 'anthropic-version': API_VERSION, 'x-api-key': fieldValue(fields, 'key') }
  const listed = await askJson(
    { method: 'GET', url: joinUrl(options.baseUrl, MODELS_PATH), headers },
    options,
  )
  const models = isSuccess(listed) ? listOf(listed, 'data') : undefined
  if (models === undefined) return judgeKey(listed) ?? unreliable(SERVICE, listed)
  const model = cheapestModel(textsOf(models, 'id'))
  if (model === undefined) {
    return { result: 'forbidden', message: `The key is right, but may use no model. ${workspaceHint()}` }
  }
  const body = JSON.stringify({ model, max_tokens: 1, messages: [{ role: 'user', content: '.' }] })
  const url = joinUrl(options.baseUrl, '/v1/messages')
  const answered = await askJson({ method: 'POST', url, headers, body }, options)
  if (isSuccess(answered) && answered.json?.['type'] === 'message') {
    return { result: 'works', message: 'The key works: a small test request went through.' }
  }
  return judgeKey(answered) ?? unreliable(SERVICE, answered, true)
}

async function probeSetupToken(fields: FieldValues, options: AnthropicOptions): Promise<Probe> {
  const headers = {
    'anthropic-version': API_VERSION,
    'anthropic-beta': OAUTH_BETA,
    authorization: `Bearer ${fieldValue(fields, 'token')}`,
  }
  const listed = await askJson(
    { method: 'GET', url: joinUrl(options.baseUrl, MODELS_PATH), headers },
    options,
  )
  if (isSuccess(listed) && listOf(listed, 'data') !== undefined) {
    const message =
      'Anthropic accepts the token. Whether the plan has usage left shows only when claude runs with it.'
    return { result: 'works', message }
  }
  return judgeToken(listed) ?? unreliable(SERVICE, listed)
}

function cheapestModel(ids: readonly string[]): string | undefined {
  for (const family of CHEAPEST_FIRST) {
    const found = ids.find((id) => id.includes(family))
    if (found !== undefined) return found
  }
  return ids[0]
}

function judgeKey(answer: JsonAnswer): Probe | undefined {
  const error = errorOf(answer)
  if (error === undefined) return undefined
  if (answer.status === 401) {
    const message = `Anthropic refuses the key: it is wrong, revoked or expired. Make a new one at ${KEYS_PAGE}.`
    return { result: 'refused', message }
  }
  return judgeBilling(answer.status, error) ?? judgeAccess(answer.status, error)
}

// No credit has a status of its own (402) in the documentation and a 400 in practice, told by its text only.
function judgeBilling(status: number, { type, message: text }: UpstreamError): Probe | undefined {
  if (status === 402 || type === 'billing_error' || (status === 400 && /credit balance/i.test(text))) {
    const message = `The key is right, but its API balance is used up. Add credit at ${BILLING_PAGE} (a Claude subscription does not pay for API keys).`
    return { result: 'no_credit', message }
  }
  if (status === 400 && /usage limits?\b/i.test(text)) {
    const message =
      'The key is right, but a spending limit of its organization or workspace is reached. Raise it at https://platform.claude.com/settings/limits.'
    return { result: 'no_credit', message }
  }
  return undefined
}

function judgeAccess(status: number, { type, message: text }: UpstreamError): Probe | undefined {
  if (status === 400 && /organization has been disabled/i.test(text)) {
    const message =
      'The key is right, but Anthropic has disabled its organization. Contact Anthropic, or use a key of another one.'
    return { result: 'forbidden', message }
  }
  if (status === 403 && type === 'permission_error') {
    return { result: 'forbidden', message: `The key is right, but lacks a permission. ${workspaceHint()}` }
  }
  if (status === 403) return blocked()
  if (status === 429 && type === 'rate_limit_error') {
    const message = 'The key is right, but is asked too often right now. Wait a minute and test again.'
    return { result: 'limited', message }
  }
  return undefined
}

function judgeToken(answer: JsonAnswer): Probe | undefined {
  const error = errorOf(answer)
  if (error === undefined) return undefined
  const { status } = answer
  if (status === 401 || (status === 403 && /\b(revoked|expired)\b/i.test(error.message))) {
    const message =
      'Anthropic refuses the token: it is wrong, revoked or expired. Run `claude setup-token` and store what it prints.'
    return { result: 'refused', message }
  }
  if (status === 429 && error.type === 'rate_limit_error') {
    const message = 'Anthropic is asked too often with this token right now. Wait a minute and test again.'
    return { result: 'limited', message }
  }
  // Neither proves that claude could not use it: it was our question that was not for such a token.
  const isOurQuestion =
    (status === 403 && /\bscopes?\b/i.test(error.message)) ||
    (status === 400 && /only authorized for use with Claude Code/i.test(error.message))
  if (isOurQuestion) {
    const message =
      'Anthropic knows the token, but answers only the claude program with it. Start a run with it to be sure.'
    return { result: 'unknown', message }
  }
  if (status === 403 && error.type === 'permission_error') {
    const message =
      'Anthropic knows the token, but does not permit its use. Check that the plan is active and that its organization allows Claude Code.'
    return { result: 'forbidden', message }
  }
  return status === 403 ? blocked() : undefined
}

// A 403 of the network in front of the API: it judges where the call comes from, before any credential.
function blocked(): Probe {
  const message =
    'Anthropic does not take requests from the network or country of this server. This says nothing about the credential.'
  return { result: 'unknown', message }
}

function workspaceHint(): string {
  return `Check the workspace of the key and its models at ${KEYS_PAGE}.`
}
