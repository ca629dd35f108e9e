// Server-Sent Events over fetch: for a browser, and wherever fetch is at hand. Unlike EventSource it shows signs of life,
// so that a line which fell silent while a laptop slept is noticed, and errors are the server's own.

import { notOurs, problemOf, unreachable } from './problem.ts'

export interface FetchedEvent {
  /** Null when it has none: it is not gone on after it. */
  readonly id: string | null
  readonly type: string
  readonly data: string
}

export interface Listening {
  /** For messages. */
  readonly server: string
  readonly url: string
  /** The last event that is known. */
  readonly lastEventId?: string | null
  /** Ends it. */
  readonly signal: AbortSignal
  /** After so many milliseconds without a sign of life it throws. The server says something every ten seconds. */
  readonly silenceMs?: number
  readonly fetch?: (request: Request) => Promise<Response>
}

const SILENCE_MS = 25_000

/**
 * What one connection brings; a sign of life is null. Throws the server's error, or `unreachable`; ends when the server
 * ends it.
 */
export async function* fetchedEvents(listening: Listening): AsyncGenerator<FetchedEvent | null> {
  const { server, lastEventId = null, silenceMs = SILENCE_MS } = listening
  const silence = new AbortController()
  const signal = AbortSignal.any([listening.signal, silence.signal])
  const wait = () => setTimeout(() => silence.abort(new Error('the line is silent')), silenceMs)
  let timer = wait()
  try {
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId !== null && { 'last-event-id': lastEventId }),
    }
    const request = new Request(listening.url, { headers, signal, cache: 'no-store', redirect: 'manual' })
    const response = await (listening.fetch ?? fetch)(request)
    const contentType = response.headers.get('content-type') ?? ''
    if (response.status !== 200)
      throw problemOf({ status: response.status, contentType, text: await response.text() }, server)
    if (!contentType.startsWith('text/event-stream') || response.body === null)
      throw notOurs(response.status, server)
    for await (const block of blocksOf(response.body)) {
      clearTimeout(timer)
      timer = wait()
      yield eventOf(block)
    }
  } catch (thrown) {
    if (listening.signal.aborted) return
    throw thrown instanceof TypeError || thrown === silence.signal.reason
      ? unreachable(server, thrown)
      : thrown
  } finally {
    clearTimeout(timer)
  }
}

async function* blocksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const blocks = `${rest}${decoder.decode(value, { stream: true })}`.split('\n\n')
      rest = blocks.pop() ?? ''
      yield* blocks
    }
  } finally {
    // It may have broken already.
    await reader.cancel().catch(() => undefined)
  }
}

function eventOf(block: string): FetchedEvent | null {
  const fields = new Map(
    block
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(':'))
      .map((line) => /^(\w+): ?(.*)$/.exec(line))
      .map((found): [string, string] => [found?.[1] ?? '', found?.[2] ?? '']),
  )
  const data = fields.get('data')
  if (data === undefined) return null
  return { id: fields.get('id') ?? null, type: fields.get('event') ?? 'message', data }
}
