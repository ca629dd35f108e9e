// Requests and answers as plain data, so that a fake provider is a function from one to the other.
// Knows node:http and content encodings; nothing of providers or credentials.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'

const MAX_BODY_BYTES = 64 * 1024 * 1024

const decoders: Record<string, (data: Buffer) => Promise<Buffer>> = {
  gzip: (data) => promisify(gunzip)(data, { maxOutputLength: MAX_BODY_BYTES }),
  zstd: (data) => promisify(zstdDecompress)(data, { maxOutputLength: MAX_BODY_BYTES }),
  identity: async (data) => data,
}

export type JsonObject = Readonly<Record<string, unknown>>

/** A request that has been read to its end. */
export type Call = {
  readonly method: string
  /** Path and query as on the request line. */
  readonly target: string
  readonly path: string
  readonly query: string
  readonly headers: NodeJS.Dict<string[]>
  /** The bytes of the body as sent, before any content encoding is undone. */
  readonly raw: Buffer
  /** The body, when it is a JSON object. */
  readonly body: JsonObject | undefined
}

/** A whole answer; the chunks are written one by one. */
export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly chunks: readonly (string | Uint8Array)[]
  /** Waits this many milliseconds before every chunk. */
  readonly everyMs?: number
  /** Ends the connection instead. */
  readonly lost?: true
}

/** The answer that never arrives. */
export const lostAnswer: Answer = { status: 0, headers: {}, chunks: [], lost: true }

/**
 * Reads a request, its path put behind `mount`. Rejects with a {@link BadRequest} when the body is too large or
 * cannot be decoded.
 */
export async function readCall(request: IncomingMessage, mount = ''): Promise<Call> {
  const target = `${mount}${request.url ?? '/'}`
  const questionMark = target.indexOf('?')
  const raw = await readBody(request)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  return {
    method: request.method ?? 'GET',
    target,
    path: questionMark < 0 ? target : target.slice(0, questionMark),
    query: questionMark < 0 ? '' : target.slice(questionMark + 1),
    headers: request.headersDistinct,
    raw,
    body: parseObject(await decodeBody(raw, encoding)),
  }
}

/** Writes an answer; the body is left out when the request was a HEAD. Ends early when the caller has gone. */
export async function writeAnswer(response: ServerResponse, answer: Answer): Promise<void> {
  if (answer.lost === true) {
    response.destroy()
    return
  }
  response.writeHead(answer.status, { 'cache-control': 'no-store', ...answer.headers })
  if (answer.everyMs !== undefined) response.flushHeaders()
  if (response.req.method !== 'HEAD') {
    for (const chunk of answer.chunks) {
      if (answer.everyMs !== undefined) await sleep(answer.everyMs, undefined, { ref: false })
      if (response.destroyed) return
      response.write(chunk)
    }
  }
  response.end()
}

export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    chunks: [JSON.stringify(body)],
  }
}

/** Server-sent events, each named by the `type` of its data. */
export function eventsAnswer(
  events: readonly { readonly type: string }[],
  headers: Record<string, string> = {},
): Answer {
  const chunks = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  return { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8', ...headers }, chunks }
}

/** The first value of a header; `name` in lower case. */
export function header(call: Call, name: string): string | undefined {
  return call.headers[name]?.[0]
}

/** The token of `Authorization: Bearer …`; undefined when there is none or it is empty. */
export function bearerToken(call: Call): string | undefined {
  return /^bearer\s+(\S.*)$/i.exec(header(call, 'authorization') ?? '')?.[1]
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The body of a call that must have one. Throws a {@link BadRequest} otherwise. */
export function objectBody(call: Call): JsonObject {
  if (call.body === undefined) throw new BadRequest(400, 'The body must be a JSON object.')
  return call.body
}

/** The objects of a list; empty when `value` is no list. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** A request that cannot be understood, with the status that says so. */
export class BadRequest extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'BadRequest'
    this.status = status
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > MAX_BODY_BYTES) throw new BadRequest(413, 'The request body is too large.')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

async function decodeBody(raw: Buffer, encoding: string): Promise<string> {
  const decoder = decoders[encoding.trim().toLowerCase()]
  if (decoder === undefined) throw new BadRequest(415, `The content encoding ${encoding} is not supported.`)
  try {
    return (await decoder(raw)).toString('utf8')
  } catch (cause) {
    throw new BadRequest(400, `The body is not valid ${encoding}: ${(cause as Error).message}`)
  }
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // Not JSON: the route that needs an object refuses it in its provider's own words.
    return undefined
  }
}
