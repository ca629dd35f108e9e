// A page that is loaded again while its server is away says so in the console's own words, and goes on by itself. What it
// goes on with is what the server has then, also when that is another version.

import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { quiet } from '../e2e/exec-run.ts'
import { fakeKey } from '../support/house.ts'
import { ROOT } from '../support/programs.ts'
import { type Served, serve } from '../support/served.ts'
import { OWNER, useConsole } from '../support/use-console.ts'
import { becomeOwner, go, heading } from './by-hand.ts'
import { inEveryLook } from './looks.ts'

const WITH_WORKER = { serviceWorkers: 'allow' } as const

const world = useConsole()

const away = (page: Page) => heading(page, 'The server cannot be reached')

/** From now on the service worker answers for the page. */
async function controlled(page: Page): Promise<void> {
  await page.waitForFunction('navigator.serviceWorker.controller !== null')
}

// All that is kept, by its path.
const CACHED = `(async () => {
  const paths = []
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) paths.push(new URL(url).pathname)
  return paths
})()`

// Assets that the page has taken.
const LOADED = `[...new Set(performance.getEntriesByType('resource')
  .map(({ name }) => new URL(name).pathname)
  .filter((path) => path.startsWith('/assets/')))].sort()`

// Until the service worker is the one that the server has now.
const UPDATED = `(async () => {
  const registration = await navigator.serviceWorker.getRegistration()
  await registration.update()
  const settled = () => registration.installing === null && registration.waiting === null
  while (!settled()) await new Promise((resolve) => setTimeout(resolve, 50))
})()`

it('says that the server is away, at every address of it, and goes on where it was when it is back', async () => {
  await world.owner.call('credentials.create', {
    ...{ type: 'claude/api-key', name: 'kept-on-the-server', owner: 'org', fields: { key: fakeKey('away') } },
  })
  const page = await world.visitAs('/credentials?state=ok', OWNER, WITH_WORKER)
  await page.getByRole('row', { name: /kept-on-the-server/ }).waitFor()
  await controlled(page)
  const address = `${page.url()}#part`
  await page.goto(address)
  await world.whileAway(async () => {
    await page.reload()
    await away(page).waitFor()
    await page.getByRole('status').getByText('Trying again.').waitFor()
    expect(page.url()).toBe(address)
    expect(await page.content()).not.toContain('kept-on-the-server')
    await inEveryLook(page, 'away', () => away(page).waitFor())
    for (const path of ['/', '/runs/run_1', '/settings/personal', '/nowhere']) {
      await page.goto(new URL(path, address).href)
      await away(page).waitFor()
    }
    await page.goto(address)
    await away(page).waitFor()
  })
  await page.getByRole('row', { name: /kept-on-the-server/ }).waitFor()
  expect(page.url()).toBe(address)
  // No page and no answer of the API was kept for it.
  const cached = (await page.evaluate(CACHED)) as string[]
  expect(cached.length).toBeGreaterThan(3)
  expect(cached.filter((path) => !path.startsWith('/assets/'))).toEqual([])
})

it('has the look that somebody chose, and the policy of the console', async () => {
  const page = await world.visitAs('/', OWNER, { ...WITH_WORKER, colorScheme: 'light' })
  await heading(page, 'Overview').waitFor()
  await controlled(page)
  await page.evaluate("localStorage.setItem('claviger.theme', 'dark')")
  await world.whileAway(async () => {
    const answer = await page.reload()
    await away(page).waitFor()
    expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).toBe('dark')
    const policy = answer?.headers()['content-security-policy'] ?? ''
    expect([answer?.status(), answer?.headers()['cache-control']]).toEqual([503, 'no-store'])
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      expect(policy.split('; ')).toContain(rule)
  })
  await heading(page, 'Overview').waitFor()
})

it('leaves the API to the browser: nothing of its own stands where an answer was expected', async () => {
  const page = await world.visitAs('/', OWNER, WITH_WORKER)
  await heading(page, 'Overview').waitFor()
  await controlled(page)
  await world.whileAway(async () => {
    const failed = page.goto(`${world.server.url}/api/v1/session`)
    await expect(failed).rejects.toThrow('ERR_CONNECTION_REFUSED')
  })
})

it('goes on with the scripts of the version that the server has then, and the words of it from there on', async () => {
  const home = mkdtempSync(join(tmpdir(), 'claviger-upgraded-'))
  const packed = join(home, 'package')
  cpSync(join(ROOT, 'dist'), join(packed, 'dist'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(packed, 'package.json'))
  const start = (port: string) => {
    const env = { PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb', CLAVIGER_PORT: port, ...quiet }
    return serve(home, env, [], join(packed, 'dist/claviger.js'))
  }
  let server: Served = await start('0')
  try {
    const page = await world.visit(server.link, WITH_WORKER)
    await becomeOwner(page, OWNER)
    await controlled(page)
    await page.reload()
    await heading(page, 'Overview').waitFor()
    const before = (await page.evaluate(LOADED)) as string[]
    expect(before.length).toBeGreaterThan(3)
    expect(await page.evaluate(CACHED)).toEqual(expect.arrayContaining(before))

    await server.end('SIGTERM')
    await page.reload()
    await away(page).waitFor()
    becomeNext(join(packed, 'dist/console'))
    server = await start(new URL(server.url).port)
    await heading(page, 'Overview').waitFor()
    expect(await page.evaluate('document.documentElement.dataset.release')).toBe('next')
    const after = (await page.evaluate(LOADED)) as string[]
    expect(after.length).toBeGreaterThan(3)
    expect(after.filter((path) => before.includes(path))).toEqual([])
    await go(page, 'Explain')
    await heading(page, 'Explain').waitFor()

    await page.evaluate(UPDATED)
    await server.end('SIGTERM')
    await page.reload()
    await heading(page, 'The next server cannot be reached').waitFor()
  } finally {
    await server.end('SIGTERM')
    rmSync(home, { recursive: true, force: true })
  }
}, 120_000)

/** Makes a build into another one: each file of it that is named by its content has another name. */
function becomeNext(directory: string): void {
  const assets = readdirSync(join(directory, 'assets'))
  const renamed = (text: string) =>
    assets.reduce((so, name) => so.replaceAll(name, name.replace(/.(?=\.\w+$)/, '~')), text)
  const change = (path: string, how: (text: string) => string) =>
    writeFileSync(join(directory, path), how(readFileSync(join(directory, path), 'utf8')))
  for (const name of assets) {
    change(join('assets', name), renamed)
    renameSync(join(directory, 'assets', name), join(directory, 'assets', renamed(name)))
  }
  const begins = assets.find((name) => /^index-.*\.js$/.test(name)) ?? ''
  change(join('assets', renamed(begins)), (text) => `${text};document.documentElement.dataset.release='next'`)
  change('index.html', renamed)
  change('service-worker.js', (text) => text.replace('The server cannot', 'The next server cannot'))
}
