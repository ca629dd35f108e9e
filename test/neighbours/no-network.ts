// Preloaded into every program that `npm run openclaw` starts: whatever looks for an address that is not of this machine is
// refused, and written down in the file that CONTACTS names.

import dns from 'node:dns'
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/

function refuse(host: string): Error {
  appendFileSync(process.env['CONTACTS'] ?? '/dev/stderr', `${host}\n`)
  return new Error(`Nothing is contacted but this machine: not ${host}.`)
}

const connect = Socket.prototype.connect as (...given: unknown[]) => Socket
Socket.prototype.connect = function (this: Socket, ...given: unknown[]): Socket {
  const [first, second] = (Array.isArray(given[0]) ? given[0] : given) as [unknown, unknown]
  const options = (typeof first === 'object' && first !== null ? first : { host: second }) as {
    host?: string
    path?: string
  }
  const host = options.path === undefined ? (options.host ?? 'localhost') : 'localhost'
  if (!LOOPBACK.test(String(host))) throw refuse(String(host))
  return Reflect.apply(connect, this, given)
} as Socket['connect']

const lookup = dns.promises.lookup as (...given: unknown[]) => Promise<unknown>
dns.promises.lookup = (async (host: string, ...more: unknown[]) => {
  if (!LOOPBACK.test(host)) throw refuse(host)
  return lookup(host, ...more)
}) as typeof dns.promises.lookup
syncBuiltinESMExports()
