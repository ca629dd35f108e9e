// An HTTP CONNECT proxy on loopback that plays some hosts itself: it ends their TLS with certificates of a throw-away
// authority and hands the requests over. Every other host is refused, so that nothing leaves the machine. What a host
// answers is none of its business.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { writeFileAtomically } from '../../lib/atomic-file.ts'
import { type Certificates, throwAwayCertificates } from './authority.ts'

const TLS_PORT = '443'
const MAX_RECORDS = 10_000

/** One thing the proxy was asked for. */
export type ProxyRecord = {
  /** 1, 2, 3 … in order of arrival. */
  readonly id: number
  /** ISO 8601. */
  readonly time: string
  /** Lower case, without the port. */
  readonly host: string
  /** `CONNECT` for a host that was refused, else what was asked of a host that is played here. */
  readonly method: string
  /** Without the query; empty for a refused host. */
  readonly path: string
  /** 403 for a refused host; 0 while the answer is not out, and for ever if the caller went away before. */
  readonly status: number
}

export type TlsProxyOptions = {
  /** Host name → who answers for it. Nothing else is reachable. */
  readonly hosts: Readonly<Record<string, RequestListener>>
  /** Where `ca.pem` is written; it must exist. */
  readonly directory: string
  /** 0, the default, takes a free port. */
  readonly port?: number
  /** The address to listen on: 127.0.0.1 by default. */
  readonly host?: string
  /** Also answers TLS without a proxy, for `localhost` and 127.0.0.1, on a free port. */
  readonly direct?: RequestListener
}

export type TlsProxy = {
  /** For HTTPS_PROXY. */
  readonly proxyUrl: string
  /** For NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and the like. */
  readonly caFile: string
  /** What `direct` answers at; null without it. */
  readonly tlsUrl: string | null
  /** Everything it was asked for, oldest first (the last 10,000). */
  records(): readonly ProxyRecord[]
  reset(): void
  /** Ends open connections, tunnels too, and frees the ports. */
  close(): Promise<void>
}

/** Makes the authority, writes its certificate, and listens. Rejects when the address cannot be listened on. */
export async function startTlsProxy(options: TlsProxyOptions): Promise<TlsProxy> {
  const address = options.host ?? '127.0.0.1'
  const certificates = await throwAwayCertificates([...Object.keys(options.hosts), 'localhost', '127.0.0.1'])
  const caFile = join(options.directory, 'ca.pem')
  const log = recordLog()
  const hosts = new Map(
    Object.entries(options.hosts).map(([name, answer]) => [
      name.toLowerCase(),
      tlsServer(certificates, log.answering(name.toLowerCase(), answer)),
    ]),
  )
  const sockets = new Set<Duplex>()
  const proxy = createServer((request, response) => {
    const host = hostOf(request.headers.host)
    log.add({ host, method: request.method ?? '', path: '', status: 403 })
    response.writeHead(403, { 'content-type': 'text/plain' }).end('Only https goes through this proxy.\n')
  })
  proxy.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    // A caller that goes away in the middle is no fault of ours.
    socket.on('error', () => socket.destroy())
    connect(request, socket, head, hosts, log)
  })
  await listen(proxy, options.port ?? 0, address)
  const direct = options.direct && tlsServer(certificates, options.direct)
  try {
    if (direct) await listen(direct, 0, address)
    await writeFileAtomically(caFile, certificates.authority)
  } catch (error) {
    await Promise.all([close(proxy), direct?.listening ? close(direct) : undefined])
    throw error
  }
  return {
    proxyUrl: `http://${authority(proxy)}`,
    caFile,
    tlsUrl: direct ? `https://localhost:${(direct.address() as AddressInfo).port}` : null,
    records: log.all,
    reset: log.clear,
    async close() {
      for (const socket of sockets) socket.destroy()
      await Promise.all([close(proxy), direct && close(direct)])
    },
  }
}

function connect(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  hosts: ReadonlyMap<string, TlsServer>,
  log: RecordLog,
): void {
  const [host, port] = [hostOf(request.url), /:(\d+)$/.exec(request.url ?? '')?.[1]]
  const server = hosts.get(host)
  if (server === undefined || port !== TLS_PORT) {
    log.add({ host, method: 'CONNECT', path: '', status: 403 })
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    return
  }
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
  if (head.length > 0) socket.unshift(head)
  server.emit('connection', socket)
}

// Not listening: it is given the connections that asked for its host.
function tlsServer({ certificate, key }: Certificates, answer: RequestListener): TlsServer {
  return createTlsServer({ cert: certificate, key }, answer)
}

type RecordLog = ReturnType<typeof recordLog>

function recordLog() {
  let records: { -readonly [Key in keyof ProxyRecord]: ProxyRecord[Key] }[] = []
  let lastId = 0
  const add = (seen: Omit<ProxyRecord, 'id' | 'time'>) => {
    lastId += 1
    const record = { id: lastId, time: new Date().toISOString(), ...seen }
    records.push(record)
    if (records.length > MAX_RECORDS) records.shift()
    return record
  }
  return {
    add,
    all: (): readonly ProxyRecord[] => records.map((record) => ({ ...record })),
    clear() {
      records = []
    },
    answering(host: string, answer: RequestListener): RequestListener {
      return (request, response) => {
        const path = (request.url ?? '/').replace(/\?.*$/s, '')
        const record = add({ host, method: request.method ?? '', path, status: 0 })
        response.once('finish', () => {
          record.status = response.statusCode
        })
        answer(request, response)
      }
    },
  }
}

function hostOf(target: string | undefined): string {
  return (target ?? '').replace(/:\d+$/, '').toLowerCase()
}

function authority(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  return `${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

async function listen(server: Server | TlsServer, port: number, host: string): Promise<void> {
  server.listen(port, host)
  // Rejects with the server's error event.
  await once(server, 'listening')
}

function close(server: Server | TlsServer): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)))
    server.closeAllConnections()
  })
}
