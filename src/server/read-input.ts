// From an HTTP request to the checked input of an operation: path, query and body as one object. Hostile input ends here.

import type { z } from 'zod'
import { ClavigerError } from '../domain/errors.ts'
import { printable } from '../domain/names.ts'

/** No request needs more: the largest value is 128 KiB, doubled by JSON's escapes at most a few times. */
export const MAX_BODY_BYTES = 1024 * 1024

// A form of ours has a few short fields.
const MAX_FORM_BYTES = 16 * 1024

/** The JSON object in the body, or an empty one. Throws `invalid` or `too_large`. */
export async function readBody(request: Request): Promise<Record<string, unknown>> {
  const declared = Number(request.headers.get('content-length') ?? '0')
  if (declared > MAX_BODY_BYTES) throw tooLarge()
  const text = await readText(request)
  if (text === '') return {}
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ClavigerError('invalid', 'The body must be JSON.', {
      hint: 'Send it with the header content-type: application/json.',
    })
  }
  const body = parse(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ClavigerError('invalid', 'The body must be a JSON object.')
  return { ...body }
}

/** The fields of a form a page sent; of several with one name, the last. Throws `invalid` or `too_large`. */
export async function readForm(request: Request): Promise<Record<string, string>> {
  const declared = Number(request.headers.get('content-length') ?? '0')
  if (declared > MAX_FORM_BYTES) throw tooLarge(MAX_FORM_BYTES)
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
    throw new ClavigerError('invalid', 'This takes what its own form sends.', {
      hint: 'Open the page again.',
    })
  const text = await readText(request)
  if (text.length > MAX_FORM_BYTES) throw tooLarge(MAX_FORM_BYTES)
  return Object.fromEntries(new URLSearchParams(text))
}

/** The fields of a body that is a form or a JSON object, as the endpoints of OAuth take both. Throws as the two do. */
export async function readFields(request: Request): Promise<Record<string, unknown>> {
  const type = request.headers.get('content-type') ?? ''
  return /^application\/x-www-form-urlencoded\s*(;|$)/i.test(type) ? readForm(request) : readBody(request)
}

/** Checks the input against the operation's shape; throws `invalid` naming the first fault, never a value. */
export function checkInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = (issue?.path ?? []).map(shownName).join('.')
  const what =
    issue?.code === 'unrecognized_keys'
      ? `Unrecognized key ${issue.keys.map(shownName).join(', ')}`
      : printable(issue?.message ?? 'it has the wrong shape').replaceAll('\\u{22}', "'")
  throw new ClavigerError(
    'invalid',
    where === '' ? `The request is not right: ${what}.` : `${where}: ${what}.`,
    {
      hint: 'The shapes of all requests are at /docs.',
    },
  )
}

// A name as it may stand in a message. One that is none of ours may be a value in the wrong place.
function shownName(name: PropertyKey): string {
  return /^([A-Za-z][A-Za-z0-9]{0,19}|\d+)$/.test(String(name)) ? String(name) : '(a name)'
}

/** How a body is read of somebody who may not be who they say. */
export interface Reading {
  /** In bytes. */
  readonly most: number
  /** In milliseconds, all of it. */
  readonly within: number
  /** Hears of each part that was read, with the bytes so far; what it throws ends the reading. */
  readonly heard: (bytes: number) => void
}

/** The bytes of a body as they came. Throws `too_large`, and `invalid` when it broke off, or comes too slowly. */
export async function readBytes(request: Request, { most, within, heard }: Reading): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? '0')
  if (declared > most) throw tooLarge(most)
  const signal = AbortSignal.timeout(within)
  return whole(() => readCounting(request.body?.pipeThrough(new TransformStream(), { signal }), most, heard))
}

function readText(request: Request): Promise<string> {
  // A declared length was checked, and the server reads no further; any other body is counted as it comes.
  return whole(async () =>
    request.headers.get('content-length') === null
      ? (await readCounting(request.body, MAX_BODY_BYTES)).toString('utf8')
      : request.text(),
  )
}

async function whole<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof ClavigerError) throw cause
    throw new ClavigerError('invalid', 'The request broke off before its body was complete.', {
      hint: 'Send it again.',
      cause,
    })
  }
}

async function readCounting(
  body: ReadableStream<Uint8Array> | null | undefined,
  most: number,
  heard?: Reading['heard'],
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    heard?.(size)
    if (size > most) throw tooLarge(most)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the text, which may hold a secret.
    throw new ClavigerError('invalid', 'The body is not valid JSON.')
  }
}

function tooLarge(limit = MAX_BODY_BYTES): ClavigerError {
  return new ClavigerError('too_large', `The request is larger than ${limit} bytes.`)
}
