// A real Chromium for all tests of a file. What a test opened is closed after it, and fails it if a script of it failed.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { startBrowser, type Watched, WIDE, watch } from './browser.ts'

export interface BrowserOfFile {
  /** A new browser of nobody, with one page at this address; or of whoever was sent this cookie. */
  open(address: string, options?: BrowserContextOptions, cookie?: string): Promise<Page>
  /** A browser whose complaints fail nothing: what goes wrong in it is meant to. */
  unwatched(options: BrowserContextOptions): Promise<BrowserContext>
}

/** Call it at the top of the file, before other hooks. */
export function useBrowser(): BrowserOfFile {
  const watched: Watched[] = []
  const endings: (() => Promise<unknown>)[] = []
  let browser: Browser

  beforeAll(async () => {
    browser = await startBrowser()
  })

  afterEach(async () => {
    for (const end of endings.splice(0)) await end()
    expect(watched.splice(0).flatMap(({ complaints }) => complaints)).toEqual([])
  })

  afterAll(() => browser?.close())

  return {
    async open(address, options = {}, cookie = '') {
      const context = await browser.newContext({ viewport: WIDE, serviceWorkers: 'block', ...options })
      context.setDefaultTimeout(20_000)
      const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(cookie) ?? []
      const { hostname: domain } = new URL(address)
      const kept = {
        name,
        value,
        domain,
        path: '/',
        secure: true,
        httpOnly: true,
        sameSite: 'Strict',
      } as const
      if (cookie !== '') await context.addCookies([kept])
      watched.push(watch(context))
      endings.push(() => context.close())
      const page = await context.newPage()
      await page.goto(address)
      return page
    },
    async unwatched(options) {
      const context = await browser.newContext(options)
      endings.push(() => context.close())
      return context
    },
  }
}
