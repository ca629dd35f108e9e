// A socket in front of the app: binding, limits, and going down without cutting anyone off.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { ClavigerError } from '../domain/errors.ts'
import type { App } from './app.ts'

export interface Listening {
  /** Where it can be reached, for example `http://127.0.0.1:7717`. */
  readonly url: string
  /** Stops taking requests, lets those under way finish for at most `graceMs`, then closes. */
  close(graceMs: number): Promise<void>
}

/** Starts to listen; port 0 takes a free one. Throws `conflict` when the port is taken. */
export async function listen(app: App, options: { host: string; port: number }): Promise<Listening> {
  const server = createServer(getRequestListener(app.fetch))
  server.requestTimeout = 30_000
  server.headersTimeout = 10_000
  server.keepAliveTimeout = 65_000
  await bind(server, options)
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { url: `http://${host}:${port}`, close: (graceMs) => close(server, graceMs) }
}

function bind(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(bindError(error, host, port)))
    server.listen(port, host, resolve)
  })
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): ClavigerError {
  const cause = error
  if (error.code === 'EADDRINUSE') {
    return new ClavigerError('conflict', `Port ${port} of ${host} is taken.`, {
      hint: `Choose another: claviger serve --port ${port + 1}`,
      cause,
    })
  }
  if (error.code === 'EACCES') {
    return new ClavigerError('forbidden', `This user may not listen on port ${port}.`, {
      hint: 'Choose a port above 1023.',
      cause,
    })
  }
  return new ClavigerError('invalid', `It cannot listen on ${host}:${port}.`, {
    hint: 'Check --host and --port.',
    cause,
  })
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}
