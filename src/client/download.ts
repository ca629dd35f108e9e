// An operation whose answer is a file, over node:http and node:https: handed on as it comes, never kept.

import type { IncomingMessage } from 'node:http'
import { OPERATIONS, type StreamedOperationName } from '../api/operations.ts'
import type { Request } from '../api/schemas.ts'
import { type ClientOptions, exchangeFor } from './client.ts'
import type { Exchange } from './exchange.ts'
import { notOurs, problemOf, unreachable } from './problem.ts'

// Milliseconds of silence. A large file may have to be prepared before its first byte.
const TIMEOUT_MS = 600_000

/** Asks for it and returns its bytes; they throw `unreachable` when they break off. Throws as a client's call does. */
export async function download<N extends StreamedOperationName>(
  options: Pick<ClientOptions, 'server' | 'token'>,
  name: N,
  input: Request<N>,
): Promise<AsyncIterable<Uint8Array>> {
  const { server } = options
  const response = await send(exchangeFor(server, { ...options, timeoutMs: TIMEOUT_MS }, name, input)).catch(
    (cause: unknown) => {
      throw unreachable(server, cause)
    },
  )
  const { statusCode: status = 0, headers } = response
  const contentType = headers['content-type'] ?? ''
  if (status < 200 || status > 299) {
    throw problemOf(
      { status, contentType, text: await response.setEncoding('utf8').toArray().then(join) },
      server,
    )
  }
  if (contentType !== OPERATIONS[name].answers) throw notOurs(status, server)
  return whole(response, server)
}

function send({ method, url, headers, body, timeoutMs }: Exchange): Promise<IncomingMessage> {
  const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http')
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers, timeout: timeoutMs }, resolve)
    call.on('timeout', () => call.destroy(new Error('the line is silent')))
    call.on('error', reject)
    call.end(body ?? undefined)
  })
}

async function* whole(response: IncomingMessage, server: string): AsyncGenerator<Uint8Array> {
  try {
    yield* response as AsyncIterable<Uint8Array>
  } catch (cause) {
    throw unreachable(server, cause)
  }
}

function join(parts: readonly string[]): string {
  return parts.join('')
}
