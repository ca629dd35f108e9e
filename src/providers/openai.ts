// OpenAI: are an API key and a Codex access token usable? Logins are renewed in openai-login.ts.
//
// What a probe costs. API key: a free list of models, then one request of at most 16 output tokens (the least
// the API takes) to the smallest model, under a hundredth of a US cent, because only a billed request tells
// that the balance is used up. Access token: one free question who it belongs to, which says nothing about
// the usage its workspace has left.

import type { FieldValues } from '../domain/values.ts'
import {
  askJson,
  isSuccess,
  type JsonAnswer,
  joinUrl,
  listOf,
  textOf,
  textsOf,
  type UpstreamOptions,
} from '../lib/json/ask-json.ts'
import { openAiSignIn } from './openai/sign-in.ts'
import { openAiRenewer } from './openai-login.ts'
import type { Probe, Provider } from './provider.ts'
import { cannotProbe, errorOf, fieldValue, probing, type UpstreamError, unreliable } from './upstream.ts'

const WHO_AM_I_PATH = '/api/accounts/v1/user-auth-credential/whoami'
const LEAST_OUTPUT_TOKENS = 16

const NO_CREDIT_CODES: readonly string[] = [
  'insufficient_quota',
  'billing_not_active',
  'billing_hard_limit_reached',
]
const CHEAPEST_FIRST = [/^gpt-[\d.]+-nano$/, /-nano/, /^gpt-[\d.]+-mini$/, /-mini/, /^gpt-/]
const NOT_FOR_TEXT =
  /audio|codex|dall-e|embedding|image|instruct|moderation|realtime|research|search|sora|transcribe|tts|whisper/

export interface OpenAiOptions extends UpstreamOptions {
  /** With `/v1`, for example `https://api.openai.com/v1`; a credential's own base URL wins. */
  readonly baseUrl: string
  /** Who makes access tokens and is asked about them, for example `https://auth.openai.com`. */
  readonly issuer: string
}

/** Names in messages: OpenAI itself, or whoever runs the base URL a credential brings. */
interface KeyWords {
  readonly service: string
  readonly newKey: string
  readonly addCredit: string
}

const OPENAI_WORDS: KeyWords = {
  service: 'OpenAI',
  newKey: 'Make a new one at https://platform.openai.com/api-keys.',
  addCredit:
    'Add credit at https://platform.openai.com/settings/organization/billing (a ChatGPT subscription does not pay for API keys).',
}

const OTHER_WORDS: KeyWords = {
  service: "The service at the credential's base URL",
  newKey: 'Get a new one there, or correct the base URL.',
  addCredit: 'Add credit with whoever runs that service.',
}

/** Probes `codex/api-key` and `codex/access-token`. */
export function createOpenAiProvider(options: OpenAiOptions): Provider {
  return {
    name: 'openai',
    probes: ['codex/api-key', 'codex/access-token'],
    async probe(type, fields) {
      if (type === 'codex/api-key') return await probeApiKey(fields, options)
      if (type === 'codex/access-token') return await probeAccessToken(fields, options)
      throw cannotProbe(type)
    },
    renewer: openAiRenewer(options),
    signIn: openAiSignIn(options),
  }
}

function probeApiKey(fields: FieldValues, configured: OpenAiOptions): Promise<Probe> {
  const ownUrl = fields['baseUrl']?.expose()
  const base = ownUrl ?? configured.baseUrl
  const options = {
    ...configured,
    allowLoopback: configured.allowPrivate || sameOrigin(base, configured.baseUrl),
  }
  const words = ownUrl === undefined || isOpenAiHost(ownUrl) ? OPENAI_WORDS : OTHER_WORDS
  return probing(words.service, async () => {
    const headers = bearer(fieldValue(fields, 'key'))
    const listed = await askJson({ method: 'GET', url: joinUrl(base, '/models'), headers }, options)
    const models = isSuccess(listed) ? listOf(listed, 'data') : undefined
    if (models === undefined) return judgeKey(listed, words) ?? unreliable(words.service, listed)
    const model = cheapestModel(textsOf(models, 'id'))
    if (model === undefined) return lacksRights('The key is right, but may use no model.')
    const body = JSON.stringify({
      model,
      input: '.',
      max_output_tokens: LEAST_OUTPUT_TOKENS,
      store: false,
    })
    const answered = await askJson(
      { method: 'POST', url: joinUrl(base, '/responses'), headers, body },
      options,
    )
    if (isModelAnswer(answered)) {
      return { result: 'works', message: 'The key works: a small test request went through.' }
    }
    return judgeKey(answered, words) ?? unreliable(words.service, answered, true)
  })
}

function probeAccessToken(fields: FieldValues, options: OpenAiOptions): Promise<Probe> {
  return probing('OpenAI', async () => {
    const url = joinUrl(options.issuer, WHO_AM_I_PATH)
    const answer = await askJson(
      { method: 'GET', url, headers: bearer(fieldValue(fields, 'token')) },
      options,
    )
    if (isSuccess(answer) && textOf(answer.json?.['chatgpt_account_id']) !== '') {
      const message =
        'OpenAI accepts the token. Whether its workspace has usage left shows only when codex runs with it.'
      return { result: 'works', message }
    }
    return judgeToken(answer) ?? unreliable('OpenAI', answer)
  })
}

// What listens on the server's own machine is not for everybody who can store a credential: only where the operator has
// pointed at it already (a sandbox, a gateway), or has said that private addresses may be called.
function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin
}

function isOpenAiHost(base: string): boolean {
  return URL.canParse(base) && /(^|\.)openai\.com$/.test(new URL(base).hostname)
}

function bearer(value: string): Record<string, string> {
  return { authorization: `Bearer ${value}` }
}

function cheapestModel(ids: readonly string[]): string | undefined {
  const forText = ids.filter((id) => !NOT_FOR_TEXT.test(id))
  for (const pattern of CHEAPEST_FIRST) {
    const found = forText.find((id) => pattern.test(id))
    if (found !== undefined) return found
  }
  return forText[0] ?? ids[0]
}

// Cut short at the token limit (`incomplete`) is what we asked for; `failed` is an error with status 200.
function isModelAnswer(answer: JsonAnswer): boolean {
  return isSuccess(answer) && answer.json?.['object'] === 'response' && answer.json['status'] !== 'failed'
}

function judgeKey(answer: JsonAnswer, words: KeyWords): Probe | undefined {
  const error = errorOf(answer)
  if (error === undefined) return undefined
  const { status } = answer
  // A restricted key has been answered with either status.
  if ((status === 401 || status === 403) && isMissingRight(error)) {
    return lacksRights('The key is right, but lacks a right.')
  }
  if (status === 401) {
    const message = `${words.service} refuses the key: it is wrong, revoked or expired. ${words.newKey}`
    return { result: 'refused', message }
  }
  if (status === 402 || NO_CREDIT_CODES.some((code) => error.code === code || error.type === code)) {
    return {
      result: 'no_credit',
      message: `The key is right, but its API balance is used up. ${words.addCredit}`,
    }
  }
  if (status === 429) {
    const message = 'The key is right, but is asked too often right now. Wait a minute and test again.'
    return { result: 'limited', message }
  }
  if (status === 403) return judgeForbidden(error)
  return undefined
}

function isMissingRight({ code, message }: UpstreamError): boolean {
  return code === 'insufficient_permissions' || /missing scopes|insufficient permissions/i.test(message)
}

function judgeForbidden({ code, message: text }: UpstreamError): Probe | undefined {
  if (code === 'unsupported_country_region_territory') {
    const message =
      'OpenAI does not take requests from the country of this server. This says nothing about the credential.'
    return { result: 'unknown', message }
  }
  if (code === 'model_not_found') {
    const message =
      'The key was accepted, but its project may not use the model we asked, so its credit could not be checked.'
    return { result: 'unknown', message }
  }
  return code === '' && text === '' ? undefined : lacksRights('The key is right, but is not permitted this.')
}

function lacksRights(what: string): Probe {
  const message = `${what} Give it Model capabilities: Responses (write) and Models (read), in a project that may use models.`
  return { result: 'forbidden', message }
}

function judgeToken(answer: JsonAnswer): Probe | undefined {
  if (errorOf(answer) === undefined) return undefined
  switch (answer.status) {
    case 401: {
      const message =
        'OpenAI refuses the token: it is wrong, revoked or expired. Make a new one in the ChatGPT workspace settings, under Codex, Access tokens.'
      return { result: 'refused', message }
    }
    case 403: {
      const message =
        'OpenAI knows the token, but does not permit its use. Ask an admin of the ChatGPT workspace to allow Codex access tokens.'
      return { result: 'forbidden', message }
    }
    case 429: {
      const message = 'OpenAI is asked too often with this token right now. Wait a minute and test again.'
      return { result: 'limited', message }
    }
    default:
      return undefined
  }
}
