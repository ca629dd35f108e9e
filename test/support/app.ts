// For tests of the HTTP side: the app over a house of use-cases, without a socket, with a log that keeps its lines.

import { randomBytes } from 'node:crypto'
import { createAuthenticator } from '../../src/control/authenticate.ts'
import { createAppMakings } from '../../src/control/channels/apps/making.ts'
import { createReceiving } from '../../src/control/channels/receiving.ts'
import { createCodexEndpoint } from '../../src/control/codex/endpoint.ts'
import { createGuard } from '../../src/control/guard.ts'
import { createComeBack } from '../../src/control/outside/coming-back.ts'
import { tokenRow } from '../../src/control/tokens.ts'
import { formatToken } from '../../src/domain/token.ts'
import { sha256 } from '../../src/lib/digest.ts'
import type { Log } from '../../src/lib/log.ts'
import { type App, createApp } from '../../src/server/app.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import type { House } from './house.ts'
import type { PersonName } from './people.ts'

export const ORIGIN = 'http://claviger.test'

export interface TestApp {
  readonly app: App
  /** Every log line so far, as JSON. */
  readonly lines: string[]
  token(who: PersonName): Promise<string>
  /** Sends a request with this person's token; a body that is no text is sent as JSON. */
  send(who: PersonName | null, method: string, path: string, body?: unknown): Promise<Response>
}

/** The app over this house; parts of it may be replaced. */
export function createTestApp(house: House, changed: Partial<Parameters<typeof createApp>[0]> = {}): TestApp {
  const lines: string[] = []
  const authenticate = createAuthenticator(house.ports)
  const app = createApp({
    control: house.control,
    codex: createCodexEndpoint(house.ports, authenticate),
    authenticate,
    comeBack: createComeBack(house.ports),
    appMakings: createAppMakings(house.ports),
    receiving: createReceiving({ ...house.ports, guard: createGuard(house.ports) }),
    ready: () => house.ports.store.check(),
    metrics: createMetrics({
      checkDatabase: () => house.ports.store.check(),
      credentials: () => house.ports.store.counts.credentials(),
      clockOffset: house.ports.server.clockOffset,
    }),
    log: logInto(lines),
    version: '1.2.3',
    now: house.ports.now,
    publicUrl: house.ports.publicUrl,
    proxies: 0,
    consoleDirectory: '/nowhere',
    ...changed,
  })
  const tokens = new Map<PersonName, string>()
  const token = async (who: PersonName) => {
    const known = tokens.get(who)
    if (known !== undefined) return known
    const made = formatToken(randomBytes(48))
    const caller = house.caller(who)
    const row = {
      name: `${who}-test`,
      role: caller.role,
      digest: sha256(made),
      createdAt: 0,
      expiresAt: null,
    }
    await house.ports.store.tokens.insert(tokenRow(caller, row))
    tokens.set(who, made)
    return made
  }
  return {
    app,
    lines,
    token,
    async send(who, method, path, body) {
      const headers = new Headers()
      if (who !== null) headers.set('authorization', `Bearer ${await token(who)}`)
      if (body !== undefined) headers.set('content-type', 'application/json')
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const request = { method, headers, ...(body !== undefined && { body: text }) }
      return app.fetch(new Request(ORIGIN + path, request))
    },
  }
}

function logInto(lines: string[]): Log {
  const write = (level: string) => (fields: object, message: string) => {
    lines.push(JSON.stringify({ level, message, ...fields }))
  }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
