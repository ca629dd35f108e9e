// Every way of signing in, in a real browser, as its person goes it and as somebody else would like it to go: links and codes
// a second time, an address that leads elsewhere afterwards, and an answer of a provider that was meant for another browser.

import type { Page } from 'playwright-core'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { codeOf, fromBase32 } from '../../src/identity/app-codes.ts'
import { CLIENT, startIdentityProviders } from '../support/identity-providers.ts'
import { OWNER, PASSWORD, useConsole } from '../support/use-console.ts'
import { linkAccount, signIn } from './by-hand.ts'

const PERSONAL = '/settings/personal'
const MALLORY = { id: '666', name: 'mallory', email: 'mallory@elsewhere.test', isVerified: true }

const providers = await startIdentityProviders()
const { id, secret } = CLIENT
const world = useConsole({
  ...{ githubClientId: id, githubClientSecret: secret, githubUrl: providers.url },
  ...{ oidcClientId: id, oidcClientSecret: secret, oidcIssuer: providers.url, oidcName: 'Acme ID' },
  ...{ linearClientId: id, linearClientSecret: secret, linearUrl: providers.url },
})

afterAll(() => providers.close())

beforeEach(() => {
  providers.who = MALLORY
})

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })
const overview = (page: Page) => heading(page, 'Overview')
const cookiesOf = async (page: Page) =>
  (await page.context().cookies(world.server.url)).map(({ name, value }) => `${name}=${value}`)

const signInWithGitHub = (page: Page) => page.getByRole('button', { name: 'Sign in with GitHub' }).click()

/** Links the account that is signed in at the providers, by the button of this one. */
async function link(email: string, provider: string, account: string): Promise<Page> {
  const page = await world.visitAs(PERSONAL, email)
  await linkAccount(page, provider)
  await page.getByText(`id ${account}`).waitFor()
  expect(new URL(page.url()).pathname).toBe(PERSONAL)
  return page
}

it.each([
  ['GitHub', '41', true],
  ['Acme ID', '42', true],
  ['Linear', '43', false],
] as const)(
  'an account of %s is linked by its button, and signs in where it may',
  async (provider, account, signsIn) => {
    const email = `person-${account}@example.test`
    await world.invite(email, 'member')
    providers.who = { id: account, name: `login-${account}`, email: null, isVerified: false }
    const page = await link(email, provider, account)
    await page
      .getByText(new RegExp(`login-${account} at`))
      .first()
      .waitFor()
    const other = await world.visit('/sign-in?next=%2Fcredentials')
    await other.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
    const button = other.getByRole('button', { name: `Sign in with ${provider}` })
    if (!signsIn) return expect(await button.count()).toBe(0)
    await button.click()
    await heading(other, 'Credentials').waitFor()
    await other.getByRole('button', { name: `You: person-${account}` }).waitFor()
  },
)

it('a code of the app lets in, once, and an admin takes a lost app away', async () => {
  const email = 'dan@example.test'
  await world.invite(email, 'member')
  const page = await world.visitAs(PERSONAL, email)
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const dialog = page.getByRole('dialog', { name: 'Set up an authenticator app' })
  await dialog.getByLabel('Your password').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Go on' }).click()
  const app = fromBase32((await dialog.locator('code').innerText()).replaceAll(' ', ''))
  const step = Math.floor(Date.now() / 30_000)
  await dialog.getByLabel('Code', { exact: true }).fill(codeOf(app, step))
  await dialog.getByRole('button', { name: 'Switch it on' }).click()
  await page.getByRole('button', { name: 'I have it' }).click()
  const next = codeOf(app, step + 1)
  for (const isFirst of [true, false]) {
    const other = await world.visit('/')
    await signIn(other, email)
    await other.getByLabel('Code').fill(next)
    await other.getByRole('button', { name: 'Go on' }).click()
    if (isFirst) await overview(other).waitFor()
    else await other.getByRole('alert').waitFor()
    expect(await cookiesOf(other)).toHaveLength(isFirst ? 1 : 0)
  }
  const ada = await world.visitAs('/settings/organization')
  await ada.getByRole('button', { name: `What to do with ${email}` }).click()
  await ada.getByRole('menuitem', { name: 'Reset the second factor…' }).click()
  await ada.getByRole('dialog').getByRole('button', { name: 'Reset' }).click()
  await ada.getByText(`The second factor of ${email} is off.`, { exact: true }).waitFor()
  const other = await world.visit('/')
  await signIn(other, email)
  await overview(other).waitFor()
})

async function makeLink(email: string): Promise<string> {
  const ada = await world.visitAs('/settings/organization')
  await ada.getByRole('button', { name: `What to do with ${email}` }).click()
  await ada.getByRole('menuitem', { name: 'Make a sign-in link' }).click()
  const shown = ada.getByRole('dialog', { name: `Sign-in link for ${email}` })
  return shown.locator('code').innerText()
}

it('each link works once: the second browser is told so, and gets nothing', async () => {
  const email = 'bob@example.test'
  const invited = await world.owner.call('invitations.create', { email, role: 'member' })
  const joins = await world.visit(invited.link)
  await joins.getByLabel('Your name').fill('Bob')
  await joins.getByLabel('Password').fill(PASSWORD)
  await joins.getByRole('button', { name: 'Join' }).click()
  await overview(joins).waitFor()
  const made = await makeLink(email)
  const sets = await world.visit(made)
  await sets.getByLabel('Password').fill('another long password')
  await sets.getByRole('button', { name: 'Set the password' }).click()
  await overview(sets).waitFor()
  const first = world.server.signInLink?.expose() ?? ''
  for (const [used, says] of [
    [first, 'This invitation was used already.'],
    [invited.link, 'This invitation was used already.'],
    [made, 'This invitation was used already.'],
  ] as const) {
    const page = await world.visit(used)
    await heading(page, 'This link does not work').waitFor()
    await page.getByRole('alert').getByText(says).waitFor()
    expect(await page.getByRole('textbox').count()).toBe(0)
    expect(await cookiesOf(page)).toEqual([])
  }
  // Nor does it stay behind where it was used.
  await sets.goBack()
  expect(sets.url()).not.toContain('code=')
})

it('a code of a terminal is decided on once', async () => {
  const { userCode } = await world.owner.call('device.start', { client: 'laptop' })
  const page = await world.visitAs(`/device?code=${userCode}`)
  await page.getByRole('button', { name: 'Turn it away' }).click()
  await page.getByText('laptop was turned away.').waitFor()
  await page.reload()
  await page.getByRole('alert').waitFor()
  expect(await page.getByRole('button', { name: 'Let it in' }).count()).toBe(0)
})

const ELSEWHERE = [
  ...['//evil.test/', '/\\evil.test/', 'https://evil.test/', 'javascript:document.title=1'],
  ...['%2F%2Fevil.test/', '/\t/evil.test/', '/a/..//evil.test/'],
]

/** Where the browser asks anybody for anything, from now on. */
function places(page: Page): Set<string> {
  const all = new Set<string>()
  page.on('request', (request) => all.add(new URL(request.url()).origin))
  return all
}

const there = (page: Page) =>
  page.waitForURL((url) => url.pathname !== '/sign-in' && url.pathname !== '/join')

it('a password leads nowhere else, whatever the address says', async () => {
  const page = await world.visit('/healthz')
  await world.invite('fay@example.test', 'member')
  const asked = places(page)
  for (const next of ELSEWHERE) {
    await page.goto(`${world.server.url}/sign-in?next=${encodeURIComponent(next)}`)
    await signIn(page, 'fay@example.test')
    await there(page)
    expect(await page.title()).not.toBe('1')
  }
  expect([...asked]).toEqual([world.server.url])
})

it.each(['GitHub', 'Acme ID'])('%s leads nowhere else, whatever the address says', async (provider) => {
  const account = { GitHub: '51', 'Acme ID': '52' }[provider] ?? ''
  await world.invite(`person-${account}@example.test`, 'member')
  providers.who = { id: account, name: `login-${account}`, email: null, isVerified: false }
  const page = await link(`person-${account}@example.test`, provider, account)
  const asked = places(page)
  for (const next of ELSEWHERE.slice(0, 2)) {
    await page.goto(`${world.server.url}/sign-in?next=${encodeURIComponent(next)}`)
    await page.getByRole('button', { name: `Sign in with ${provider}` }).click()
    await overview(page).waitFor()
  }
  // Without our page's own care.
  const path = `/api/v1/accounts/${provider === 'GitHub' ? 'github' : 'oidc'}`
  for (const returnTo of ELSEWHERE) {
    const headers = { 'content-type': 'application/json' }
    const request = JSON.stringify({
      method: 'POST',
      headers,
      body: JSON.stringify({ returnTo, password: PASSWORD }),
    })
    const answer = `fetch('${path}', ${request}).then((answer) => answer.json())`
    const { url } = (await page.evaluate(answer)) as { url?: string }
    if (url !== undefined) await page.goto(url)
  }
  expect([...asked].toSorted()).toEqual([world.server.url, providers.url].toSorted())
})

it('neither a link nor the code of a terminal leads elsewhere', async () => {
  const { owner, server } = world
  for (const [place, next] of ELSEWHERE.slice(0, 2).map(encodeURIComponent).entries()) {
    const email = `gus-${place}@example.test`
    const { link: invited } = await owner.call('invitations.create', { email, role: 'member' })
    const joins = await world.visit('/healthz')
    const asked = places(joins)
    const { origin, pathname, hash } = new URL(invited)
    await joins.goto(`${origin}${pathname}?next=${next}&returnTo=${next}${hash}`)
    await joins.getByLabel('Your name').fill('Gus')
    await joins.getByLabel('Password').fill(PASSWORD)
    await joins.getByRole('button', { name: 'Join' }).click()
    await overview(joins).waitFor()
    await joins.context().clearCookies()
    const { userCode } = await owner.call('device.start', { client: 'laptop' })
    await joins.goto(`${server.url}/device?code=${userCode}&next=${next}`)
    await signIn(joins, email)
    await joins.getByRole('button', { name: 'Turn it away' }).click()
    await joins.getByText('laptop was turned away.').waitFor()
    expect([...asked]).toEqual([server.url])
  }
})

/** The address to which the providers send this browser back, which it never opens. */
async function answerTo(page: Page, ask: () => Promise<void>): Promise<string> {
  const answered = Promise.withResolvers<string>()
  await page.route(`${providers.url}/**`, async (route) => {
    const answer = await route.fetch({ maxRedirects: 0 })
    answered.resolve(answer.headers()['location'] ?? '')
    // No content: it stays where it is.
    await route.fulfill({ status: 204 })
  })
  await ask()
  const address = await answered.promise
  await page.unroute(`${providers.url}/**`)
  return address
}

it('the answer to a sign-in of somebody else signs nobody in, and ends nothing', async () => {
  await world.invite('mallory@example.test', 'member')
  await link('mallory@example.test', 'GitHub', MALLORY.id)
  const mallory = await world.visit('/sign-in')
  const address = await answerTo(mallory, () => signInWithGitHub(mallory))
  // Nobody yet.
  const fresh = await world.visit(address)
  await fresh.getByRole('alert').getByText('began in another browser').waitFor()
  expect(await cookiesOf(fresh)).toEqual([])
  // On a way of their own.
  const away = await world.visit('/sign-in')
  await answerTo(away, () => signInWithGitHub(away))
  await away.goto(address)
  await away.getByRole('alert').getByText('began in another browser').waitFor()
  expect((await cookiesOf(away)).filter((one) => !one.includes('trip'))).toEqual([])
  // Signed in.
  const ada = await world.visitAs('/')
  const before = await cookiesOf(ada)
  await ada.goto(address)
  await ada.getByRole('alert').waitFor()
  expect(await cookiesOf(ada)).toEqual(before)
  // It was good all the while, where it belongs; and once.
  await mallory.goto(address)
  await overview(mallory).waitFor()
  await mallory.context().clearCookies()
  await mallory.goto(address)
  await mallory.getByRole('alert').getByText('began in another browser').waitFor()
  expect(await cookiesOf(mallory)).toEqual([])
})

it('the answer to a linking of somebody else links nothing to anybody', async () => {
  const email = 'trudy@example.test'
  await world.invite(email, 'member')
  providers.who = { ...MALLORY, id: '667' }
  const trudy = await world.visitAs(PERSONAL, email)
  const address = await answerTo(trudy, () => linkAccount(trudy, 'Acme ID'))
  const ada = await world.visitAs(PERSONAL)
  await ada.getByRole('button', { name: 'Link Acme ID' }).waitFor()
  await ada.goto(address)
  await ada.getByRole('alert').waitFor()
  for (const [page, who] of [
    [ada, OWNER],
    [trudy, email],
  ] as const) {
    await page.goto(`${world.server.url}${PERSONAL}`)
    await page.getByRole('button', { name: 'Link Acme ID' }).waitFor()
    expect([who, await page.getByText('id 667').count()]).toEqual([who, 0])
  }
})

it('what a provider says in the address is no markup, and nothing of it is shown', async () => {
  const markup = encodeURIComponent('<img src=x onerror="document.title=1">')
  const address = `/auth/callback/github?error=access_denied&error_description=${markup}&state=${markup}`
  for (const path of [address, `/sign-in?problem=${markup}`, `/auth/callback/${markup}?code=${markup}`]) {
    const page = await world.visit(path)
    await page.locator('body').getByText(/./).first().waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.content()).not.toContain('onerror')
  }
})
