// What a browser keeps of somebody: a cookie that no script sees and that is new with each sign-in, no value that was typed or
// shown once, and nothing at all once they are out.

import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { fakeKey } from '../support/house.ts'
import { OWNER, PASSWORD, useConsole } from '../support/use-console.ts'
import { signIn } from './by-hand.ts'

const world = useConsole()

const store = (name: string) =>
  world.owner.call('credentials.create', {
    ...{ type: 'claude/api-key' as const, name, owner: 'org', fields: { key: fakeKey(name) } },
  })

const signInPage = (page: Page) => page.getByRole('heading', { level: 1, name: 'Sign in to Claviger' })

// Everything that scripts of the page could find again, and what was asked for.
const KEPT = `(async () => {
  const stored = [localStorage, sessionStorage].map((one) => JSON.stringify({ ...one }))
  const databases = JSON.stringify(await indexedDB.databases())
  const cached = []
  for (const name of await caches.keys()) {
    const cache = await caches.open(name)
    for (const request of await cache.keys())
      cached.push(request.url, await (await cache.match(request)).text())
  }
  const typed = [...document.querySelectorAll('input, textarea')].map(({ value }) => value)
  const asked = performance.getEntries().map(({ name }) => name)
  return [document.documentElement.outerHTML, location.href, JSON.stringify(history.state), document.cookie,
    databases, ...stored, ...cached, ...typed, ...asked].join(' ')
})()`

it('a value that was typed and a token that was shown are nowhere in it afterwards', async () => {
  const page = await world.visitAs('/credentials/new?type=claude/api-key', OWNER, { serviceWorkers: 'allow' })
  const addresses: string[] = []
  page.on('request', (request) => addresses.push(request.url()))
  await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)')
  const key = fakeKey('typed')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('typed')
  await dialog.getByLabel('API key').fill(key)
  // It is there now: what looks for it can find it.
  expect(await page.evaluate(KEPT)).toContain(key)
  await dialog.getByRole('checkbox', { name: /test/i }).uncheck()
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'typed' }).waitFor()
  const kept = await page.evaluate(KEPT)
  expect(kept).toContain('/assets/')
  expect(kept).not.toContain(key)
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('tab', { name: 'Personal' }).click()
  await page.getByLabel('New token').fill('laptop')
  await page.getByLabel('It expires after').selectOption('30 days')
  await page.getByRole('button', { name: 'Make the token' }).click()
  const shown = page.getByRole('dialog', { name: 'Token laptop' })
  const token = await shown.locator('code').innerText()
  expect(await page.evaluate(KEPT)).toContain(token)
  await shown.getByRole('button', { name: 'I have it' }).click()
  await shown.waitFor({ state: 'detached' })
  expect(await page.evaluate(KEPT)).not.toContain(token)
  await page.goBack()
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  const after = await page.evaluate(KEPT)
  const all = [after, ...addresses].join(' ')
  const cookies = await page.context().cookies()
  for (const secret of [key, token, PASSWORD, ...cookies.map(({ value }) => value)])
    expect(all).not.toContain(secret)
})

it('the cookie is for this server, no script sees it, and each sign-in makes another', async () => {
  const email = 'bob@example.test'
  await world.invite(email, 'member')
  const { hostname, port } = new URL(world.server.url)
  const name = `__Host-claviger-${port}`
  const page = await world.visit('/sign-in')
  // Somebody has left one here, of which they know what it holds.
  const planted = { name, value: 'clv_session_planted', domain: hostname, path: '/', secure: true }
  await page.context().addCookies([planted])
  const values: string[] = []
  for (const _ of [1, 2]) {
    await page.goto(`${world.server.url}/sign-in`)
    await signIn(page, email)
    await page.getByRole('button', { name: 'You: bob' }).waitFor()
    const [cookie, ...more] = await page.context().cookies()
    expect(more).toEqual([])
    expect(cookie).toMatchObject({ name, domain: hostname, path: '/', secure: true, httpOnly: true })
    expect(cookie?.sameSite).toBe('Strict')
    values.push(cookie?.value ?? '')
    expect(await page.evaluate('document.cookie')).toBe('')
  }
  expect(new Set([planted.value, ...values]).size).toBe(3)
  const status = async (value: string) => {
    const headers = { cookie: `${name}=${value}` }
    return (await fetch(`${world.server.url}/api/v1/session`, { headers })).status
  }
  expect([await status(planted.value), await status(values[1] ?? '')]).toEqual([401, 200])
})

it('whoever goes back after signing out sees nothing of what was there', async () => {
  await store('not-for-others')
  await world.invite('carol@example.test', 'member')
  const page = await world.visit('/credentials')
  await signIn(page, 'carol@example.test')
  await page.getByRole('row', { name: /not-for-others/ }).waitFor()
  await page.getByRole('row', { name: /not-for-others/ }).click()
  await page.getByRole('heading', { level: 1, name: 'not-for-others' }).waitFor()
  await page.getByRole('button', { name: /^You:/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await signInPage(page).waitFor()
  const seen: string[] = []
  for (const _ of [1, 2, 3]) {
    await page.goBack({ waitUntil: 'commit' }).catch(() => null)
    await signInPage(page).waitFor()
    seen.push(await page.content())
  }
  expect(seen.join(' ')).not.toContain('not-for-others')
  expect(await page.evaluate(KEPT)).not.toContain('not-for-others')
})

it.each(['/', '/credentials', '/runs', '/explain', '/settings/personal', '/settings/coding-agents'])(
  'what is open at %s leaves for the sign-in page when its session is revoked',
  async (path) => {
    const email = `person${path.replaceAll('/', '-')}@example.test`
    await world.invite(email, 'member')
    const page = await world.visitAs(path, email)
    await page.getByRole('button', { name: /^You:/ }).waitFor()
    await page.getByRole('heading', { level: 1 }).first().waitFor()
    const [cookie] = await page.context().cookies()
    const headers = {
      ...{ origin: world.server.url, 'sec-fetch-site': 'same-origin' },
      cookie: `${cookie?.name}=${cookie?.value}`,
    }
    const ended = await fetch(`${world.server.url}/api/v1/session`, { method: 'DELETE', headers })
    expect(ended.ok).toBe(true)
    await signInPage(page).waitFor()
    expect(new URL(page.url()).searchParams.get('next') ?? '/').toBe(path)
  },
)
