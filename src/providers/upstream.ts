// What the providers share: asking for JSON under the guard of lib/outgoing.ts, and the sentences for answers
// that say nothing about a credential. It knows no provider; whoever calls it passes the name to show.

import { CREDENTIAL_TYPES, type CredentialType } from '../domain/credential-types.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { FieldValues } from '../domain/values.ts'
import { callUpstream, OutgoingError, type OutgoingReason, type UpstreamResponse } from '../lib/outgoing.ts'
import type { Probe } from './provider.ts'

const DEFAULT_TIMEOUT_MS = 15_000
const MAX_BYTES = 1024 * 1024
const NOT_ABOUT_THE_KEY = 'This says nothing about the credential.'

/** How a provider may call out. */
export interface UpstreamOptions {
  /** Permits base URLs in private networks; false by default. */
  readonly allowPrivate?: boolean | undefined
  /** Permits base URLs on this machine; true by default, because it is the operator who sets them. */
  readonly allowLoopback?: boolean | undefined
  /** For each call of a probe; 15 s by default. */
  readonly timeoutMs?: number | undefined
}

export interface JsonCall {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The text of a JSON value. */
  readonly body?: string
}

export type JsonObject = Readonly<Record<string, unknown>>

export interface JsonAnswer {
  readonly status: number
  readonly headers: UpstreamResponse['headers']
  /** The body when it is a JSON object; else it was not the provider that answered. */
  readonly json: JsonObject | undefined
}

/** Texts of the `error` object that Anthropic and OpenAI answer with; '' where absent. For comparing only. */
export interface UpstreamError {
  readonly type: string
  readonly code: string
  readonly message: string
}

/** Runs a probe, and turns a call that got no response into `unknown` with a sentence. */
export async function probing(service: string, probe: () => Promise<Probe>): Promise<Probe> {
  try {
    return await probe()
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error
    return { result: 'unknown', message: `${unansweredSentence(service, error.reason)} ${NOT_ABOUT_THE_KEY}` }
  }
}

/** Asks once. Throws `OutgoingError` when there is no response. */
export async function askJson(call: JsonCall, options: UpstreamOptions): Promise<JsonAnswer> {
  const content = call.body === undefined ? {} : { 'content-type': 'application/json' }
  const { status, headers, body } = await callUpstream(
    {
      ...call,
      headers: { accept: 'application/json', 'user-agent': 'claviger', ...content, ...call.headers },
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    },
    { allowPrivate: options.allowPrivate ?? false, allowLoopback: options.allowLoopback ?? true },
  )
  return { status, headers, json: parseObject(body.toString('utf8')) }
}

export function isSuccess(answer: JsonAnswer): boolean {
  return answer.status >= 200 && answer.status < 300
}

/** `base` + `path` as text (see UpstreamCall.url), without the query and closing slashes of `base`. */
export function joinUrl(base: string, path: string): string {
  return base.replace(/[?#].*$/s, '').replace(/(?<!\/)\/+$/, '') + path
}

/** The error in a body of the form `{"error": {…}}`; undefined when it has another form. */
export function errorOf(answer: JsonAnswer): UpstreamError | undefined {
  const error = answer.json?.['error']
  if (!isObject(error)) return undefined
  return { type: textOf(error['type']), code: textOf(error['code']), message: textOf(error['message']) }
}

/** The objects of a list in a body; undefined when there is no such list. */
export function listOf(answer: JsonAnswer, name: string): readonly JsonObject[] | undefined {
  const list = answer.json?.[name]
  return Array.isArray(list) ? list.filter(isObject) : undefined
}

/** The texts named `name` of a list's objects. */
export function textsOf(list: readonly JsonObject[], name: string): readonly string[] {
  return list.map((item) => textOf(item[name])).filter((text) => text !== '')
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/**
 * The probe for an answer that cannot be relied on: an outage, a redirect, or another program's answer.
 * `accepted` says that an earlier call of the same probe showed the credential to be right.
 */
export function unreliable(service: string, { status }: JsonAnswer, accepted = false): Probe {
  const close = accepted
    ? 'The credential itself was accepted; whether it has credit could not be checked.'
    : NOT_ABOUT_THE_KEY
  return { result: 'unknown', message: `${unreliableSentence(service, status)} ${close}` }
}

/** The value of a field the type requires. Throws `invalid` when it is missing. */
export function fieldValue(fields: FieldValues, name: string): string {
  const value = fields[name]?.expose()
  if (!value) {
    throw new ClavigerError('invalid', `The credential has no ${name}, so it cannot be tested.`, {
      hint: 'Enter its value again with `claviger credential update --value`.',
    })
  }
  return value
}

/** The error for a type the provider does not list in `probes`. */
export function cannotProbe(type: CredentialType): ClavigerError {
  return new ClavigerError('invalid', `A ${CREDENTIAL_TYPES[type].title} cannot be tested this way.`)
}

function unansweredSentence(service: string, reason: OutgoingReason): string {
  switch (reason) {
    case 'timeout':
      return `${service} did not answer in time. Try again in a few minutes.`
    // In the same words: whether a name leads into our network is nobody's to find out who may only store a credential.
    case 'network':
    case 'refused-address':
      return `${service} could not be reached, or is on this machine or in a private network, where nothing may be called. Check the network, and the base URL or region; whoever operates the server may allow it: CLAVIGER_ALLOW_PRIVATE_UPSTREAMS=yes.`
    case 'too-large':
      return `The answer was too long to be one of ${service}. Check the base URL.`
    case 'refused-url':
      return 'The base URL cannot be called. Give a plain https URL (http on this machine only).'
  }
}

function unreliableSentence(service: string, status: number): string {
  if (status >= 500) return `${service} is out of order (status ${status}). Try again in a few minutes.`
  if (status >= 300 && status < 400) {
    return `A redirect (status ${status}) came instead of an answer of ${service}, and is not followed. Check the base URL.`
  }
  return `What answered (status ${status}) was not what we know of ${service}. Check the base URL and proxies.`
}

/** The JSON object in a text; undefined for anything else. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // Not JSON, so not the provider: the caller reports the answer as unreliable.
    return undefined
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
