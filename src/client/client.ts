// The same operations as the API, over a given `fetch`: the network, or an app in this process. It checks nothing that
// the server checks; it turns problem documents back into the errors they were.

import { fillPath, OPERATIONS, type OperationName, PROBLEM_TYPE } from '../api/operations.ts'
import type { Output, Request } from '../api/schemas.ts'
import { codeOfStatus } from '../api/status.ts'
import { ClavigerError, isErrorCode } from '../domain/errors.ts'
import type { Secret } from '../domain/secret.ts'

export interface ClientOptions {
  /** For example `http://127.0.0.1:7717`. */
  readonly server: string
  readonly token: Secret | null
  readonly fetch?: (request: globalThis.Request) => Response | Promise<Response>
  /** How long to wait for an answer, in milliseconds. */
  readonly timeoutMs?: number
}

export interface Client {
  readonly server: string
  /** Calls an operation. Throws the server's error, or `unreachable`. Reads are tried once more when the line breaks. */
  call<N extends OperationName>(name: N, input: Request<N>): Promise<Output<N>>
}

const TIMEOUT_MS = 30_000

export function createClient(options: ClientOptions): Client {
  const server = options.server.replace(/\/+$/, '')
  const send = options.fetch ?? ((request) => fetch(request))
  return {
    server,
    async call(name, input) {
      const attempts = OPERATIONS[name].method === 'GET' ? 2 : 1
      const response = await sendWithRetry(
        () => send(requestFor(server, options, name, input)),
        attempts,
        server,
      )
      if (!response.ok) throw await problemOf(response, server)
      return (await response.json()) as Output<typeof name>
    },
  }
}

function requestFor(
  server: string,
  options: ClientOptions,
  name: OperationName,
  input: Readonly<Record<string, unknown>>,
) {
  const { method } = OPERATIONS[name]
  const { path, rest } = fillPath(OPERATIONS[name].path, input)
  const inQuery = method === 'GET' || method === 'DELETE'
  const url = new URL(server + path)
  if (inQuery) {
    for (const [key, value] of Object.entries(rest))
      if (value !== undefined) url.searchParams.set(key, String(value))
  }
  const headers = new Headers({ accept: 'application/json' })
  if (options.token !== null) headers.set('authorization', bearer(options.token))
  if (!inQuery) headers.set('content-type', 'application/json')
  const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)
  return new globalThis.Request(url, {
    method,
    headers,
    signal,
    redirect: 'error',
    ...(!inQuery && { body: JSON.stringify(rest) }),
  })
}

async function sendWithRetry(
  send: () => Response | Promise<Response>,
  attempts: number,
  server: string,
): Promise<Response> {
  try {
    return await send()
  } catch (cause) {
    if (attempts > 1) return sendWithRetry(send, attempts - 1, server)
    const late = cause instanceof Error && cause.name === 'TimeoutError'
    throw new ClavigerError(
      'unreachable',
      late ? `${server} did not answer in time.` : `${server} cannot be reached.`,
      {
        hint: 'Start it with: claviger serve. If it runs elsewhere, set CLAVIGER_SERVER.',
        cause,
      },
    )
  }
}

async function problemOf(response: Response, server: string): Promise<ClavigerError> {
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith(PROBLEM_TYPE)) {
    const { code, message, hint } = (await response.json()) as {
      code?: unknown
      message?: unknown
      hint?: unknown
    }
    if (isErrorCode(code) && typeof message === 'string') {
      return new ClavigerError(code, message, typeof hint === 'string' ? { hint } : {})
    }
  }
  return new ClavigerError(
    codeOfStatus(response.status),
    `${server} answered ${response.status}, which is not how Claviger answers.`,
    {
      hint: 'Check CLAVIGER_SERVER: something else may be listening there.',
    },
  )
}

function bearer(token: Secret): string {
  return `Bearer ${token.expose()}`
}
