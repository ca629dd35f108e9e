// What a page of somebody else tries in the browser of a person who is signed in here: to change something with their cookie,
// to read with it, to frame our pages and to hold our window. From another port of this host, which browsers take for the
// same site and send the same cookies to, and from another site.

import type { BrowserContext, Page, Response } from 'playwright-core'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { OPERATION_NAMES, OPERATIONS } from '../../src/api/operations.ts'
import { fakeKey } from '../support/house.ts'
import { openOtherSite } from '../support/other-site.ts'
import { PASSWORD, useConsole } from '../support/use-console.ts'

const EVE = 'eve@example.test'

const site = await openOtherSite()
const world = useConsole()
const contexts: BrowserContext[] = []

let run = ''

beforeAll(async () => {
  await world.invite(EVE, 'member')
  const fields = { key: fakeKey('main') }
  await world.owner.call('credentials.create', { type: 'claude/api-key', name: 'main', owner: 'org', fields })
  run = (await world.owner.call('runs.create', { harness: 'claude', prompt: 'Wait.' })).id
})

afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close()
})

/** A browser that the first person is signed in with, on this page. What it complains of is what the attacker deserves. */
async function victimAt(address: string): Promise<Page> {
  const signedIn = await world.visitAs('/healthz')
  const context = await world.unwatched({ storageState: await signedIn.context().storageState() })
  context.setDefaultTimeout(20_000)
  contexts.push(context)
  const page = await context.newPage()
  await page.goto(address)
  return page
}

/** What the victim has, and would have no more after an attack. */
async function standing(page: Page) {
  const { owner } = world
  const own = (await page.context().cookies(world.server.url)).map(({ name, value }) => `${name}=${value}`)
  const headers = { cookie: own.join('; ') }
  const session = await (await fetch(`${world.server.url}/api/v1/session`, { headers })).json()
  return {
    ...{ own, email: (session as { person: { email: string } }).person.email },
    run: (await owner.call('runs.read', { id: run })).state,
    credentials: (await owner.call('credentials.list', {})).credentials.map(({ name }) => name),
    members: (await owner.call('members.list', {})).members.map(({ email, role }) => `${email} ${role}`),
    sessions: (await owner.call('sessions.list', {})).sessions.map(({ id }) => id),
    invitations: (await owner.call('invitations.list', {})).invitations.map(({ id }) => id),
    terminals: (await owner.call('tokens.list', {})).tokens.map(({ name }) => name),
  }
}

// Every way in which a page asks another server for something, without being asked itself.
const ATTEMPTS = `
  const attempt = (url, more) =>
    fetch(url, { credentials: 'include', ...more }).then(
      async (answer) => (answer.type === 'opaque' ? 'blind' : 'read: ' + (await answer.text())),
      () => 'blocked',
    )
  window.tryAll = async (asked) => {
    const outcomes = []
    for (const { method, url } of asked) {
      const simple = ['GET', 'POST'].includes(method)
      if (simple) outcomes.push(await attempt(url, { method, mode: 'no-cors' }))
      outcomes.push(await attempt(url, { method }))
    }
    return outcomes
  }`

const WHICH = ['neighbour', 'stranger'] as const

it.each(WHICH)('a page of a %s changes nothing and reads nothing', async (which) => {
  site.page = `<script>${ATTEMPTS}</script>`
  const page = await victimAt(site[which])
  const before = await standing(page)
  const answers: Response[] = []
  page.on('response', (response) => answers.push(response))
  const asked = OPERATION_NAMES.map((name) => {
    const { method, path } = OPERATIONS[name]
    const filled = path.replace(/runs\/\{\w+\}/, `runs/${run}`).replace(/\{\w+\}/g, 'main')
    return { method, url: `${world.server.url}${filled}` }
  })
  const outcomes = (await page.evaluate(`tryAll(${JSON.stringify(asked)})`)) as string[]
  expect(new Set(outcomes)).toEqual(new Set(['blind', 'blocked']))
  const done = answers.filter((answer) => answer.ok()).map((answer) => new URL(answer.url()).pathname)
  // Whoever they are, anybody may ask how one signs in, and to which server.
  expect([...new Set(done)]).toEqual(['/api/v1/sign-in', '/api/v1/server'])
  // The neighbour's requests had the cookie, and were refused for where they came from.
  const cancelled = answers.find((answer) => answer.url().endsWith(`${run}/cancel`))
  expect(cancelled?.status()).toBe(which === 'neighbour' ? 403 : 401)
  expect(await standing(page)).toEqual(before)
})

it.each(WHICH)('a page of a %s hears nothing of what happens here', async (which) => {
  site.page = `<script>
    window.heard = new Promise((resolve) => {
      const source = new EventSource('${world.server.url}/api/v1/live', { withCredentials: true })
      for (const name of ['ready', 'changed', 'error']) source.addEventListener(name, () => resolve(name))
    })</script>`
  const page = await victimAt(site[which])
  expect(await page.evaluate('heard')).toBe('error')
})

interface Form {
  readonly action: string
  readonly type?: string
  readonly fields: Readonly<Record<string, string>>
}

const submitted = ({ action, type, fields }: Form) =>
  [
    "const form = document.body.appendChild(document.createElement('form'))",
    `Object.assign(form, ${JSON.stringify({ method: 'post', action, enctype: type ?? '' })})`,
    ...Object.entries(fields).map(
      ([name, value]) =>
        `Object.assign(form.appendChild(document.createElement('input')), ${JSON.stringify({ name, value })})`,
    ),
    // After this script: its end is waited for.
    'setTimeout(() => form.submit())',
  ].join('\n')

it.each(WHICH)('a form of a %s is not taken, nor signs somebody in as somebody else', async (which) => {
  const { url } = world.server
  const invited = await world.owner.call('invitations.create', {
    email: 'mallory@example.test',
    role: 'member',
  })
  const joining = { code: invited.code, name: 'Mallory', password: PASSWORD }
  // One field, named and filled so that all of it is JSON.
  const session = { [`{"email":"${EVE}","password":"${PASSWORD}","organization":"`]: '"}' }
  const forms: readonly (Form & { headers?: Record<string, string> })[] = [
    { action: `${url}/api/v1/runs/${run}/cancel`, fields: {} },
    { action: `${url}/api/v1/session`, type: 'text/plain', fields: session },
    { action: `${url}/join`, fields: joining },
    { action: `${site[which]}elsewhere?to=${encodeURIComponent(`${url}/join`)}`, fields: joining },
    // A page of no origin at all.
    {
      ...{ action: `${url}/join`, fields: joining },
      headers: { 'content-security-policy': 'sandbox allow-scripts allow-forms' },
    },
  ]
  const page = await victimAt('about:blank')
  const before = await standing(page)
  for (const { headers = {}, ...form } of forms) {
    Object.assign(site, { page: '<body></body>', headers })
    const tab = await page.context().newPage()
    await tab.goto(site[which])
    const answer = tab.waitForResponse((response) => response.url().startsWith(url))
    await tab.evaluate(submitted(form))
    expect([form.action, (await answer).ok()]).toEqual([form.action, false])
    await tab.waitForURL(`${url}/**`)
  }
  expect(await standing(page)).toEqual(before)
})

it('no address changes something by being opened', async () => {
  const { owner, server } = world
  const { userCode, deviceCode } = await owner.call('device.start', { client: 'of somebody else' })
  const { code } = await owner.call('invitations.create', { email: 'carol@example.test', role: 'member' })
  const page = await victimAt('about:blank')
  const before = await standing(page)
  for (const path of [
    ...[`/device?code=${userCode}`, `/device?code=${userCode}&decision=approve`, `/join?code=${code}`],
    ...[`/api/v1/runs/${run}/cancel`, '/api/v1/device/approve', '/auth/callback/github?code=a&state=b'],
  ]) {
    Object.assign(site, { page: `<a href="${server.url}${path}">Look!</a>`, headers: {} })
    await page.goto(site.neighbour)
    await Promise.all([page.waitForURL(`${server.url}/**`), page.getByRole('link').click()])
    await page.waitForLoadState('networkidle')
  }
  expect(await owner.call('device.poll', { deviceCode })).toMatchObject({ state: 'pending' })
  expect(await standing(page)).toEqual(before)
})

it.each(WHICH)('a %s frames no page, and holds no window', async (which) => {
  const { userCode } = await world.owner.call('device.start', { client: 'of somebody else' })
  const paths = ['/', '/sign-in', '/join?code=x', `/device?code=${userCode}`, '/credentials', '/docs']
  const addresses = paths.map((path) => `${world.server.url}${path}`)
  site.headers = {}
  site.page = addresses
    .map((at) => `<iframe src="${at}"></iframe><object data="${at}"></object><embed src="${at}">`)
    .join('')
  const page = await victimAt(site[which])
  const framed = () =>
    page
      .mainFrame()
      .childFrames()
      .map((frame) => frame.url())
  await expect.poll(() => framed().includes('')).toBe(false)
  expect(framed().length).toBeGreaterThanOrEqual(paths.length)
  expect(new Set(framed())).toEqual(new Set(['chrome-error://chromewebdata/']))
  await page.evaluate(`window.held = window.open(${JSON.stringify(world.server.url)})`)
  await page.waitForFunction('window.held.closed')
})
