// For tests of the console: a real server on an empty state directory, and a real Chromium, for all tests of a file.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { type GivenSettings, serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import { startServer } from '../../src/main.ts'
import type { RunningServer } from '../../src/server/running.ts'
import { startBrowser, type Watched, WIDE, watch } from './browser.ts'

export interface ConsoleWorld {
  readonly server: RunningServer
  readonly stateDirectory: string
  readonly browser: Browser
  /** The API, as the first person. */
  readonly owner: Client
  /** A new browser of nobody, with one page; closed after the test, which fails if a script of it failed. */
  visit(path: string, options?: BrowserContextOptions): Promise<Page>
  /** The same for somebody who is signed in: the first person, or whoever this token is of. */
  visitAs(path: string, token?: string, options?: BrowserContextOptions): Promise<Page>
}

/** Call it at the top of the file, before other hooks. What it returns can be used from the first `beforeAll` on. */
export function useConsole(settings: GivenSettings = {}): ConsoleWorld {
  const world = {} as { -readonly [K in keyof ConsoleWorld]: ConsoleWorld[K] }
  const watched: Watched[] = []
  const endings: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    world.stateDirectory = mkdtempSync(join(tmpdir(), 'claviger-console-'))
    const given = { stateDirectory: world.stateDirectory, port: '0', logLevel: 'silent', ...settings }
    world.server = await startServer(serverSettings(given))
    world.browser = await startBrowser()
    world.owner = createClient({ server: world.server.url, token: new Secret(adminToken()) })
  })

  afterEach(async () => {
    for (const end of endings.splice(0)) await end()
    expect(watched.splice(0).flatMap(({ complaints }) => complaints)).toEqual([])
  })

  afterAll(async () => {
    await world.browser?.close()
    await world.server?.close()
    rmSync(world.stateDirectory, { recursive: true, force: true })
  })

  const adminToken = () => readFileSync(join(world.stateDirectory, 'admin.token'), 'utf8').trim()

  const visit = async (path: string, options: BrowserContextOptions = {}) => {
    const context = await world.browser.newContext({ viewport: WIDE, serviceWorkers: 'block', ...options })
    context.setDefaultTimeout(20_000)
    watched.push(watch(context))
    endings.push(() => context.close())
    const page = await context.newPage()
    await page.goto(`${world.server.url}${path}`)
    return page
  }
  world.visit = visit
  world.visitAs = (path, token = adminToken(), options = {}) =>
    visit(path, { ...options, extraHTTPHeaders: { authorization: `Bearer ${token}` } })
  return world
}
