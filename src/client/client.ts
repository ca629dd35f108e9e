// The same operations as the API, over whatever carries an exchange: the network, or an app in this process. It checks
// nothing that the server checks; it turns problem documents back into the errors they were.

import { fillPath, OPERATIONS, type OperationName, takesQuery } from '../api/operations.ts'
import type { Output, Request } from '../api/schemas.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { Secret } from '../domain/secret.ts'
import { type Answer, type Exchange, overFetch, type Send } from './exchange.ts'
import { isLate, notOurs, parse, problemOf, unreachable } from './problem.ts'

export interface ClientOptions {
  /** For example `http://127.0.0.1:7717`. */
  readonly server: string
  readonly token: Secret | null
  /** What carries the exchanges; fetch when nothing is given. */
  readonly send?: Send
  /** A fetch of one's own, for example an app's in this process. */
  readonly fetch?: (request: globalThis.Request) => Response | Promise<Response>
  /** How long to wait for an answer, in milliseconds. */
  readonly timeoutMs?: number
}

export interface Client {
  readonly server: string
  /** Calls an operation. Throws the server's error, or `unreachable`. Reads are tried once more when the line breaks. */
  call<N extends OperationName>(name: N, input: Request<N>, signal?: AbortSignal): Promise<Output<N>>
}

const TIMEOUT_MS = 30_000

export function createClient(options: ClientOptions): Client {
  const server = options.server.replace(/(?<!\/)\/+$/, '')
  const send = options.send ?? overFetch(options.fetch)
  return {
    server,
    async call(name, input, signal) {
      const exchange = { ...exchangeFor(server, options, name, input), signal }
      const answer = await sendWithRetry(send, exchange, exchange.method === 'GET' ? 2 : 1, server)
      if (answer.status < 200 || answer.status > 299) throw problemOf(answer, server)
      return readJson(answer, server) as Output<typeof name>
    },
  }
}

/** The exchange of an operation with this input. */
export function exchangeFor(
  server: string,
  options: ClientOptions,
  name: OperationName,
  input: Readonly<Record<string, unknown>>,
): Exchange {
  const { method } = OPERATIONS[name]
  const { path, rest } = fillPath(OPERATIONS[name].path, input)
  const inQuery = takesQuery(OPERATIONS[name])
  const given = Object.entries(rest).filter(([, value]) => value !== undefined)
  const query = new URLSearchParams(
    given.map(([key, value]): [string, string] => [key, String(value)]),
  ).toString()
  return {
    method,
    url: `${server}${path}${inQuery && query !== '' ? `?${query}` : ''}`,
    headers: {
      accept: 'application/json',
      ...(options.token !== null && { authorization: bearer(options.token) }),
      ...(!inQuery && { 'content-type': 'application/json' }),
    },
    body: inQuery ? null : JSON.stringify(rest),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
  }
}

async function sendWithRetry(
  send: Send,
  exchange: Exchange,
  attempts: number,
  server: string,
): Promise<Answer> {
  try {
    return await send(exchange)
  } catch (cause) {
    // Whoever was late once will be late again.
    if (attempts > 1 && !isLate(cause)) return sendWithRetry(send, exchange, attempts - 1, server)
    throw unreachable(server, cause)
  }
}

function readJson(answer: Answer, server: string): unknown {
  const value = parse(answer.text)
  if (value === null) throw notOurs(answer.status, server)
  return value
}

// A header that cannot be sent would be quoted in the error of whatever carries it.
function bearer(token: Secret): string {
  const text = token.expose()
  if (/^[\x21-\x7e]+$/.test(text)) return `Bearer ${text}`
  throw new ClavigerError('unauthenticated', 'This is not a Claviger token: it cannot be sent.', {
    hint: 'Sign in: claviger login, or set CLAVIGER_TOKEN.',
  })
}
