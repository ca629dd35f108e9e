// For tests of the console: a real server on an empty state directory, and a real Chromium, for all tests of a file. People
// are signed in as they are in life, by a session of theirs.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import { startServer } from '../../src/main.ts'
import type { RunningServer } from '../../src/server/running.ts'
import { PASSWORD } from './browsers.ts'
import { codeIn } from './links.ts'
import { useBrowser } from './use-browser.ts'

export { PASSWORD }

/** The e-mail that the first person gives. */
export const OWNER = 'ada@example.test'

export const TRIED_TOO_OFTEN = 429

export type Role = 'owner' | 'admin' | 'member' | 'auditor'

export interface ConsoleWorld {
  readonly server: RunningServer
  readonly stateDirectory: string
  /** The API, as the first person. */
  readonly owner: Client
  /** A new browser of nobody, with one page at this path or address; closed after the test, which fails if a script of it failed. */
  visit(path: string, options?: BrowserContextOptions): Promise<Page>
  /** The same for somebody who is signed in: the first person, or who has this e-mail. */
  visitAs(path: string, email?: string, options?: BrowserContextOptions): Promise<Page>
  /** A browser whose complaints fail nothing. */
  unwatched(options: BrowserContextOptions): Promise<BrowserContext>
  /** Ends the server, does this, and starts it again where it was. */
  whileAway(work: () => Promise<unknown>): Promise<void>
  /** Somebody new, who joins with PASSWORD. */
  invite(email: string, role: Role, teams?: string[]): Promise<void>
}

/** Call it at the top of the file, before other hooks. What it returns can be used from the first `beforeAll` on. */
export function useConsole(settings: GivenSettings = {}): ConsoleWorld {
  const world = {} as { -readonly [K in keyof ConsoleWorld]: ConsoleWorld[K] }
  const browser = useBrowser()
  const cookies = new Map<string, string>() // e-mail → the cookie of their session, as the server sent it

  let signInLink: string | undefined
  const start = (port: string) =>
    startServer(
      serverSettings({ stateDirectory: world.stateDirectory, port, logLevel: 'silent', ...settings }),
    )

  beforeAll(async () => {
    world.stateDirectory = mkdtempSync(join(tmpdir(), 'claviger-console-'))
    world.server = await start('0')
    signInLink = world.server.signInLink?.expose()
    const token = readFileSync(join(world.stateDirectory, 'admin.token'), 'utf8').trim()
    world.owner = createClient({ server: world.server.url, token: new Secret(token) })
  })

  afterAll(async () => {
    await world.server?.close()
    rmSync(world.stateDirectory, { recursive: true, force: true })
  })

  const send = async (path: string, body: object): Promise<string> => {
    const { url } = world.server
    const headers = { origin: url, 'content-type': 'application/json' }
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (response.status === TRIED_TOO_OFTEN) {
      await sleep(1000 * ((await response.json()) as { retryAfter: number }).retryAfter)
      return send(path, body)
    }
    expect([path, response.status, response.ok ? '' : await response.text()]).toEqual([
      path,
      response.status,
      '',
    ])
    return response.headers.get('set-cookie') ?? ''
  }
  const accept = (code: string, more: object) =>
    send('/api/v1/invitations/accept', { code, password: PASSWORD, session: true, ...more })

  const cookieOf = async (email: string) => {
    const code = codeIn(signInLink)
    const cookie =
      cookies.get(email) ??
      (email === OWNER
        ? await accept(code, { email })
        : await send('/api/v1/session', { email, password: PASSWORD }))
    cookies.set(email, cookie)
    return cookie
  }

  const visit = (path: string, options?: BrowserContextOptions, cookie?: string) =>
    browser.open(new URL(path, world.server.url).href, options, cookie)
  world.visit = (path, options) => visit(path, options)
  world.visitAs = async (path, email = OWNER, options = {}) => visit(path, options, await cookieOf(email))
  world.unwatched = (options) => browser.unwatched(options)
  world.whileAway = async (work) => {
    const { port } = new URL(world.server.url)
    await world.server.close()
    try {
      await work()
    } finally {
      world.server = await start(port)
    }
  }
  world.invite = async (email, role, teams = []) => {
    const { link } = await world.owner.call('invitations.create', { email, role, teams })
    cookies.set(email, await accept(codeIn(link), { name: email.split('@')[0] }))
  }
  return world
}
