// A listener on this machine for the one address that a browser is sent back to (RFC 8252 §7.3). It serves one path,
// believes no other Host than its own, and knows nothing of who is signed in where.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** What the person in the browser is told. */
export interface CallbackPage {
  readonly status: number
  /** Plain text, ours. */
  readonly text: string
}

export interface Loopback {
  readonly port: number
  close(): Promise<void>
}

const ADDRESSES = ['127.0.0.1', '::1'] as const

const CLOSING_MS = 2_000

/**
 * Listens on the first of these ports that is free, on both loopback addresses where the machine has them. Null when none
 * is. `answer` gets the query of each call, without the question mark, and may be called often.
 */
export async function listenOnLoopback(
  ports: readonly number[],
  path: string,
  answer: (query: string) => Promise<CallbackPage>,
): Promise<Loopback | null> {
  for (const port of ports) {
    const servers = await listenAt(port, path, answer)
    if (servers !== null) return { port, close: () => closeAll(servers) }
  }
  return null
}

async function listenAt(
  port: number,
  path: string,
  answer: (query: string) => Promise<CallbackPage>,
): Promise<Server[] | null> {
  const servers: Server[] = []
  for (const address of ADDRESSES) {
    const server = createServer((request, response) => void serve(request, response, { port, path, answer }))
    const fault = await listening(server, port, address)
    if (fault === null) servers.push(server)
    // Somebody else would get what is meant for us, or half of it.
    else if (fault === 'EADDRINUSE' || address === '127.0.0.1') {
      await closeAll(servers)
      return null
    }
  }
  return servers
}

function listening(server: Server, port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    server.listen({ port, host, ipv6Only: host === '::1' }, () => resolve(null))
  })
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => {
      const closed = new Promise((resolve) => server.close(resolve))
      // The page that says it worked is on its way; a connection that a browser keeps open is not waited for.
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), CLOSING_MS).unref()
      return closed
    }),
  )
}

interface Place {
  readonly port: number
  readonly path: string
  readonly answer: (query: string) => Promise<CallbackPage>
}

async function serve(request: IncomingMessage, response: ServerResponse, place: Place): Promise<void> {
  const { port, path, answer } = place
  const hosts = ['localhost', '127.0.0.1', '[::1]'].map((host) => `${host}:${port}`)
  // A page elsewhere can make any name lead to this machine.
  if (!hosts.includes(request.headers.host ?? '')) return say(response, { status: 421, text: 'Not here.' })
  const [asked, ...rest] = (request.url ?? '').split('?')
  if (asked !== path) return say(response, { status: 404, text: 'There is nothing here.' })
  if (request.method !== 'GET') return say(response, { status: 405, text: 'Only GET is answered here.' })
  say(response, await answer(rest.join('?')))
}

function say(response: ServerResponse, { status, text }: CallbackPage): void {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  }
  response.writeHead(status, headers).end(`${text}\n`)
}
