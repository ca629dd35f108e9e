// Asking a place that people can configure for JSON, under the guard of lib/outgoing.ts. It knows nobody who is called.

import { callUpstream, type UpstreamResponse } from '../outgoing.ts'

const DEFAULT_TIMEOUT_MS = 15_000
const MAX_BYTES = 1024 * 1024

/** How somebody's address may be called. */
export interface UpstreamOptions {
  /** Permits base URLs in private networks; false by default. */
  readonly allowPrivate?: boolean | undefined
  /** Permits base URLs on this machine; true by default, because it is the operator who sets them. */
  readonly allowLoopback?: boolean | undefined
  /** For each call; 15 s by default. */
  readonly timeoutMs?: number | undefined
}

export interface JsonCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The text of a JSON value. */
  readonly body?: string
}

export type JsonObject = Readonly<Record<string, unknown>>

export interface JsonAnswer {
  readonly status: number
  readonly headers: UpstreamResponse['headers']
  /** The body when it is a JSON object; else it was not the one we know that answered. */
  readonly json: JsonObject | undefined
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

/** The objects of a list in a body; undefined when there is no such list. */
export function listOf({ json }: Pick<JsonAnswer, 'json'>, name: string): readonly JsonObject[] | undefined {
  const list = json?.[name]
  return Array.isArray(list) ? list.filter(isObject) : undefined
}

/** The texts named `name` of a list's objects. */
export function textsOf(list: readonly JsonObject[], name: string): readonly string[] {
  return list.map((item) => textOf(item[name])).filter((text) => text !== '')
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The JSON object in a text; undefined for anything else. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // Not JSON, so not who was called: the caller reports the answer as unreliable.
    return undefined
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
