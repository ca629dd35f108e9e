// What becomes of a lease, as it happens, over node:http: whoever follows it gets each change once, over as many
// connections as it takes.

import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamedOperationName } from '../api/operations.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { Secret } from '../domain/secret.ts'
import { exchangeFor } from './client.ts'
import { notOurs, problemOf, unreachable } from './problem.ts'

/** `generation` is null where another credential has become usable. */
export type LeaseNews =
  | { readonly type: 'rotated'; readonly generation: number }
  | { readonly type: 'login-arrived'; readonly generation: number | null }
  | { readonly type: 'revoked'; readonly reason: string }

export interface Followed {
  readonly server: string
  /** A token of its holder, or its handle. */
  readonly token: Secret
  readonly leaseId: string
  /** The one that the holder has. */
  readonly generation: number
}

// Milliseconds.
const SHORTEST_PAUSE = 500
const LONGEST_PAUSE = 30_000
// The server says something every ten seconds.
const SILENCE = 35_000

const OVER: readonly string[] = ['unauthenticated', 'forbidden', 'not_found', 'no_credential']

/** Ends when the lease is over, after saying so, or with `signal`. Never throws: what fails is tried again. */
export async function* leaseNews(followed: Followed, signal: AbortSignal): AsyncGenerator<LeaseNews> {
  let { generation } = followed
  let pause = SHORTEST_PAUSE
  while (!signal.aborted) {
    try {
      for await (const news of connection({ ...followed, generation }, signal)) {
        pause = SHORTEST_PAUSE
        if ('generation' in news && news.generation !== null)
          generation = Math.max(generation, news.generation)
        yield news
        if (news.type === 'revoked') return
      }
    } catch (error) {
      if (error instanceof ClavigerError && OVER.includes(error.code)) {
        yield { type: 'revoked', reason: error.message }
        return
      }
    }
    await sleep(pause * (0.75 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => undefined)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }
}

async function* connection(
  { server, token, leaseId, generation }: Followed,
  signal: AbortSignal,
): AsyncGenerator<LeaseNews> {
  const asked = { id: leaseId, generation }
  for await (const block of eventBlocks({ server, token }, 'leases.events', asked, signal)) {
    const news = newsOf(block)
    if (news !== null) yield news
  }
}

/** What one connection brings, an event or a sign of life each. Throws the server's error, or `unreachable`. */
export async function* eventBlocks(
  { server, token }: { readonly server: string; readonly token: Secret | null },
  operation: StreamedOperationName,
  input: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { url, headers } = exchangeFor(server, { server, token }, operation, input)
  const response = await open(url, { ...headers, accept: 'text/event-stream' }, signal).catch(
    (cause: unknown) => {
      throw unreachable(server, cause)
    },
  )
  const { statusCode: status = 0, headers: got } = response
  const contentType = got['content-type'] ?? ''
  response.setEncoding('utf8')
  if (status !== 200) {
    const text = (await response.toArray()).join('')
    throw problemOf({ status, contentType, text }, server)
  }
  if (!contentType.startsWith('text/event-stream')) {
    response.destroy()
    throw notOurs(status, server)
  }
  yield* blocksIn(response)
}

function open(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http')
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'GET', headers: { ...headers }, timeout: SILENCE, signal }, resolve)
    call.on('timeout', () => call.destroy(new Error('the line is silent')))
    call.on('error', reject)
    call.end()
  })
}

// Blocks are divided by an empty line.
async function* blocksIn(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const text of texts) {
    const blocks = `${rest}${text}`.split('\n\n')
    rest = blocks.pop() ?? ''
    yield* blocks
  }
}

/** The event in one block; null for a sign of life, and for what is none of ours. */
export function newsOf(block: string): LeaseNews | null {
  const lines = block.split('\n')
  const field = (name: string) =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
  const { generation, reason } = objectIn(field('data'))
  const type = field('event')
  if (type === 'rotated' && typeof generation === 'number') return { type, generation }
  if (type === 'login-arrived')
    return { type, generation: typeof generation === 'number' ? generation : null }
  if (type === 'revoked') return { type, reason: typeof reason === 'string' ? reason : 'it is over' }
  return null
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    // Cut off, or of somebody in between.
    return {}
  }
}
