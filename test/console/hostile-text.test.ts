// What others write, say and answer, in a real browser that has been told to let everything run: names, descriptions, words
// of models, tools, machines and providers are text on every page, and no link leads to anything but the web.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { type ScriptedUpstream, startScripted } from '../../src/providers/scripted-upstream.ts'
import { fakeKey } from '../support/house.ts'
import { CLIENT, startIdentityProviders } from '../support/identity-providers.ts'
import { OWNER, PASSWORD, useConsole } from '../support/use-console.ts'
import { linkAccount } from './by-hand.ts'

const IMAGE = '<img src=x onerror=pwned=1>'
const HOSTILE = `${IMAGE}"'><script>pwned=2</script><svg/onload=pwned=3> [click](javascript:pwned=4)`
const EVE = 'eve@example.test'

const settings = { anthropicUrl: '', openaiIssuer: '', githubUrl: '' }
const providers = await startIdentityProviders()
let upstream: ScriptedUpstream

beforeAll(async () => {
  const error = { type: 'invalid_request_error', code: HOSTILE, message: `Your credit balance: ${HOSTILE}` }
  const body = { type: 'error', error, error_description: HOSTILE, message: HOSTILE }
  upstream = await startScripted(Array.from({ length: 30 }, () => ({ status: 400, body })))
  Object.assign(settings, {
    ...{ anthropicUrl: upstream.url, openaiIssuer: upstream.url, githubUrl: providers.url },
    ...{ githubClientId: CLIENT.id, githubClientSecret: CLIENT.secret },
  })
})

const world = useConsole(settings)

afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
  await providers.close()
})

const ids = { credential: '', run: '', userCode: '', invitation: '' }

beforeAll(async () => {
  const { owner } = world
  // Before another organization has an owner of this e-mail.
  await world.visitAs('/healthz')
  await world.invite(EVE, 'member')
  const { code } = await owner.call('invitations.create', { email: 'mallory@example.test', role: 'member' })
  await owner.call('invitations.accept', { code, name: IMAGE, password: PASSWORD, session: false })
  await owner.call('organizations.create', { name: IMAGE, owner: OWNER })
  await owner.call('agents.create', { name: 'nightly', description: HOSTILE })
  await owner.call('webhooks.create', { url: 'https://hooks.example.test/', description: HOSTILE })
  const fields = { key: fakeKey('main') }
  const wanted = { type: 'claude/api-key', name: 'main', owner: 'org', description: HOSTILE, fields } as const
  ids.credential = (await owner.call('credentials.create', wanted)).id
  ids.userCode = (await owner.call('device.start', { client: IMAGE })).userCode
  const other = await owner.call('device.start', { client: IMAGE })
  await owner.call('device.approve', { userCode: other.userCode })
  await owner.call('device.poll', { deviceCode: other.deviceCode })
  ids.run = await hostileRun()
})

/** A run that is carried out by a worker that is played, whose model, tools and program say what they like. */
async function hostileRun(): Promise<string> {
  const { owner, server } = world
  await owner.call('runs.create', { harness: 'claude', prompt: HOSTILE })
  const { code } = await owner.call('workers.enrol', { name: 'box' })
  const { token } = await owner.call('workers.join', { code })
  const worker = createClient({ server: server.url, token: new Secret(token) })
  const asked = { harnesses: ['claude' as const], capacity: 1, waitSeconds: 0, process: 'process', asked: 1 }
  const said = { version: '1.0.0', programs: [{ harness: 'claude' as const, version: IMAGE }] }
  const [run] = (await worker.call('runs.claim', { ...asked, ...said })).runs
  const { id = '', claim = '' } = run ?? {}
  await worker.call('leases.create', { harness: 'claude', run: id, claim })
  const failure = { kind: 'overload', status: 529, code: 'x', text: HOSTILE, resetsAt: null } as const
  const input = JSON.stringify({ command: HOSTILE, url: 'javascript:pwned=5' })
  const events = [
    { kind: 'session', session: 's1', model: IMAGE },
    { kind: 'text', text: HOSTILE },
    { kind: 'reasoning', text: HOSTILE },
    { kind: 'tool', call: 'c1', name: IMAGE, input },
    { kind: 'tool-result', call: 'c1', failed: false, output: HOSTILE },
    { kind: 'retry', attempt: 1, of: 3, failure },
    { kind: 'notice', text: HOSTILE },
    { kind: 'unknown', name: IMAGE },
    { kind: 'turn-failed', failure, usage: null },
  ] as const
  const at = new Date().toISOString()
  const items = events.map((event, place) => ({ is: 'event', seq: place + 1, at, event }) as const)
  const waits = { is: 'state', seq: items.length + 1, at, state: 'waiting_for_credentials' } as const
  await worker.call('runs.report', { id, claim, items: [...items, { ...waits, reason: HOSTILE }] })
  return id
}

// What has become an element that none of our pages has, a script that ran, and links that lead to no place of the web.
const FOUND = `(() => {
  const elements = [...document.querySelectorAll('img, iframe, object, embed, base, form[action], script:not([src]), *')]
  const ours = (one) => !['IMG', 'IFRAME', 'OBJECT', 'EMBED', 'BASE'].includes(one.tagName) &&
    !(one.tagName === 'SCRIPT' && !one.src) && ![...one.attributes].some(({ name }) => name.startsWith('on'))
  const links = [...document.querySelectorAll('a[href], area[href]')].map(({ href }) => href)
  return {
    ran: window.pwned ?? null,
    elements: elements.filter((one) => !ours(one)).map((one) => one.outerHTML),
    links: links.filter((href) => !/^https?:/.test(href)),
  }
})()`

const NOTHING = { ran: null, elements: [], links: [] }

/** As somebody who is signed in sees it, without the policy of the page that would stop what gets in. */
const see = (path: string, email = OWNER, more = {}) =>
  world.visitAs(path, email, { bypassCSP: true, ...more })

/** Waits for text of others on this page, and looks whether it is nothing but text. */
async function isText(page: Page, text = HOSTILE): Promise<void> {
  await page.getByText(text).filter({ visible: true }).first().waitFor()
  expect(await page.evaluate(FOUND)).toEqual(NOTHING)
}

it('without the policy a page lets everything run, so that these tests see what gets in', async () => {
  const page = await see('/')
  await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '${IMAGE}<a href="javascript:1">x</a>')`)
  await expect.poll(() => page.evaluate('window.pwned')).toBe(1)
  expect(await page.evaluate(FOUND)).toEqual({
    ran: 1,
    elements: [expect.any(String)],
    links: ['javascript:1'],
  })
})

it('and with it nothing runs that got in, whatever it was', async () => {
  const page = await world.visitAs('/healthz')
  const context = await world.unwatched({ storageState: await page.context().storageState() })
  const watched = await context.newPage()
  await watched.goto(`${world.server.url}/credentials`)
  await watched.getByRole('row', { name: /main/ }).waitFor()
  const tries = [
    `document.body.innerHTML = '${IMAGE}'`,
    `document.body.append(Object.assign(document.createElement('script'), { text: 'pwned=1' }))`,
    `document.body.append(Object.assign(document.createElement('script'), { src: 'data:,pwned=1' }))`,
  ]
  for (const attempt of tries)
    expect(await watched.evaluate(attempt).catch(String)).toMatch(/Trusted(HTML|Script)/)
  expect(await watched.evaluate('window.pwned ?? null')).toBe(null)
  await context.close()
})

it('names, descriptions and what was asked are text in every list', async () => {
  const page = await see('/healthz')
  for (const [path, text] of [
    ['/runs', IMAGE],
    ['/audit', IMAGE],
    ['/settings/organization', HOSTILE],
    ['/settings/machines', IMAGE],
    [`/credentials/${ids.credential}`, HOSTILE],
    [`/device?code=${ids.userCode}`, IMAGE],
  ] as const) {
    await page.goto(`${world.server.url}${path}`)
    await isText(page, text)
  }
  await page.goto(world.server.url)
  await page.getByRole('button', { name: /^You:/ }).click()
  await isText(page, IMAGE)
})

it('what stands in an address is text', async () => {
  const text = encodeURIComponent(HOSTILE)
  const page = await see('/healthz')
  for (const path of [
    ...[
      `/${text}`,
      `/credentials/${text}`,
      `/runs/${text}`,
      `/settings/${text}`,
      `/credentials?search=${text}`,
    ],
    ...[`/explain?user=${text}`, `/audit?search=${text}`, `/join?code=${text}`, `/device?code=${text}`],
    ...[`/sign-in-again#${text}`, `/sign-in?problem=${text}&next=${text}`],
    ...[`/settings/channels?made=${text}&problem=${text}`, `/auth/app/github?state=${text}&name=${text}`],
  ]) {
    await page.goto(`${world.server.url}${path}`)
    await page.getByText(/./).first().waitFor()
    await page.waitForLoadState()
    expect([path, await page.evaluate(FOUND)]).toEqual([path, NOTHING])
  }
})

it('what a model, its tools and its program say is text, and no link', async () => {
  const page = await see(`/runs/${ids.run}`)
  const log = page.getByRole('log', { name: 'Conversation' })
  await log.getByText(HOSTILE).first().waitFor()
  for (const summary of await log.locator('summary').all()) await summary.click()
  await log.getByText('Answered').waitFor()
  await isText(page)
  expect(await log.getByText(HOSTILE).count()).toBeGreaterThan(5)
  // Ours only, such as the way to the settings.
  const hrefs = "[...document.querySelectorAll('[role=log] a')].map((one) => one.getAttribute('href'))"
  const links = (await page.evaluate(hrefs)) as string[]
  expect(links.filter((href) => !/^\/[a-z]/.test(href))).toEqual([])
  expect(await page.title()).toContain(IMAGE)
})

it('a name that is markup is refused, with a sentence that shows it as text', async () => {
  const page = await see('/credentials/new?type=claude/api-key')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill(IMAGE)
  await dialog.getByLabel('API key').fill(fakeKey('named'))
  await dialog.getByRole('checkbox', { name: /test/i }).uncheck()
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await isText(page, IMAGE)
  await page.goto(`${world.server.url}/settings/machines`)
  await page.getByLabel('New agent').fill(IMAGE)
  await page.getByRole('button', { name: 'Make the agent' }).click()
  await page.getByRole('alert').first().waitFor()
  expect(await page.evaluate(FOUND)).toEqual(NOTHING)
  const names = (await world.owner.call('credentials.list', {})).credentials.map(({ name }) => name)
  expect(names).toEqual(['main'])
})

it('what a provider answers to a test and to a sign-in is no markup', async () => {
  const page = await see(`/credentials/${ids.credential}`)
  await page.getByRole('button', { name: 'Test now' }).click()
  await page
    .getByText(/balance is used up|What answered/)
    .first()
    .waitFor()
  expect(await page.evaluate(FOUND)).toEqual(NOTHING)
  await page.goto(`${world.server.url}/credentials/new?type=codex/oauth`)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('chatgpt')
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await dialog.getByRole('alert').waitFor()
  expect(await page.evaluate(FOUND)).toEqual(NOTHING)
  await dialog.getByLabel('By a link').check()
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  const address = dialog.getByLabel('Address of the page')
  const start = (await dialog.getByRole('link', { name: 'Open the sign-in page' }).getAttribute('href')) ?? ''
  const state = new URL(start).searchParams.get('state') ?? ''
  const answers = [
    { error: 'access_denied', error_description: HOSTILE, state },
    { code: 'mine', state: 'mine' },
  ]
  for (const answer of [...answers, { code: 'x', state }]) {
    await address.fill(`http://localhost:1455/auth/callback?${new URLSearchParams(answer)}`)
    await dialog.getByRole('button', { name: 'Finish signing in' }).click()
    await dialog.getByRole('alert').waitFor()
    expect(await page.evaluate(FOUND)).toEqual(NOTHING)
  }
  expect(upstream.asked.filter((one) => one.includes('/oauth/token'))).toHaveLength(1)
  expect((await world.owner.call('credentials.list', { name: 'chatgpt' })).credentials).toEqual([])
})

it('a login of GitHub and what a browser calls itself are text', async () => {
  providers.who = { id: '77', name: IMAGE, email: null, isVerified: false }
  const page = await world.visit('/settings/personal', { bypassCSP: true, userAgent: `Testzilla ${IMAGE}` })
  await page.getByLabel('E-mail').fill(EVE)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await isText(page, `Testzilla ${IMAGE}`)
  await linkAccount(page, 'GitHub')
  await isText(page, `${IMAGE} at github`)
  const ada = await see('/audit?search=account.link')
  await ada.getByRole('grid').locator('[data-index]').first().click()
  await isText(ada, IMAGE)
})
