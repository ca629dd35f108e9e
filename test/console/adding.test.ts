// Adding credentials in a real browser, with the sandbox in the place of the providers: values are checked as one types,
// tried out before they count, and a sign-in begins and ends in the page.

import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { accessibilityFaults, PHONE, picture, WIDE } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { PASSWORD, useConsole } from '../support/use-console.ts'

const GOOD = fakeKey('good')
const settings = { anthropicUrl: '', openaiIssuer: '' }

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await startSandbox({
    credentials: [{ provider: 'anthropic', kind: 'api-key', value: GOOD }],
  })
  sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  settings.anthropicUrl = sandbox.anthropicUrl
  settings.openaiIssuer = sandbox.issuerUrl
})

const world = useConsole(settings)

afterAll(() => sandbox.close())

const dialogOf = (page: Page) => page.getByRole('dialog')

async function choose(page: Page, title: string): Promise<Locator> {
  await dialogOf(page).getByRole('button', { name: title }).click()
  return page.getByRole('dialog', { name: `Add: ${title}` })
}

it('adds a Claude API key: refused first, then tried out and stored', async () => {
  const page = await world.visitAs('/')
  await page.getByRole('heading', { name: 'To a first run' }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'overview-first')
  await page.getByRole('link', { name: 'Add one for Claude Code' }).click()
  await page.getByRole('heading', { name: 'Claude Code', exact: true }).waitFor()
  expect(await page.getByRole('heading', { name: 'Codex', exact: true }).count()).toBe(0)
  const dialog = await choose(page, 'Anthropic API key')
  await dialog.getByText('Your Anthropic API balance, not a Claude subscription.').waitFor()
  const [name, key] = [dialog.getByLabel('Name'), dialog.getByLabel('API key')]
  await name.fill('main')
  await key.fill('something else')
  await dialog.getByText('The API key should start with sk-ant-.').waitFor()
  await key.fill(fakeKey('wrong'))
  await dialog.getByRole('button', { name: 'Test and add' }).click()
  await dialog.getByRole('alert').getByText('Nothing was stored.').waitFor()
  expect((await world.owner.call('credentials.list', {})).credentials).toEqual([])
  for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
    await page.setViewportSize(viewport)
    expect(await accessibilityFaults(page)).toEqual([])
    await picture(page, `adding-${size}`)
  }
  await key.fill(GOOD)
  await dialog.getByRole('button', { name: 'Test and add' }).click()
  await page.getByRole('heading', { level: 1, name: 'main' }).waitFor()
  const [stored] = (await world.owner.call('credentials.list', {})).credentials
  expect(stored).toMatchObject({ name: 'main', type: 'claude/api-key', state: 'ok', suffix: GOOD.slice(-4) })
  expect(await page.content()).not.toContain(GOOD)
})

it('says what was pasted instead, and leads there with it', async () => {
  const page = await world.visitAs('/credentials/new?type=claude/api-key&owner=me')
  const key = dialogOf(page).getByLabel('API key')
  await key.fill('sk-ant-oat01-not-a-real-token')
  await dialogOf(page).getByText('This looks like something else: Claude setup token').waitFor()
  await dialogOf(page).getByRole('button', { name: 'Add it as Claude setup token' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add: Claude setup token' })
  expect(await dialog.getByLabel('Setup token').inputValue()).toBe('sk-ant-oat01-not-a-real-token')
  // A subscription: its notice first, and for one's own runs only.
  await dialog.getByText('This stores your personal Claude subscription token').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await dialog.getByLabel('Owner').selectOption('Organization')
  await dialog.getByText('the policy is owner').waitFor()
  await dialog.getByLabel('Owner').selectOption('Personal')
  await dialog.getByLabel('Name').fill('max')
  await dialog.getByLabel('I have read this and accept it').check()
  const test = dialog.getByLabel('Test it first')
  if (await test.isVisible()) await test.uncheck()
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'max' }).waitFor()
})

it('stores a refused value for whoever knows better, and says that it is rejected', async () => {
  const page = await world.visitAs('/credentials/new?type=claude/api-key')
  await dialogOf(page).getByLabel('Name').fill('later')
  await dialogOf(page).getByLabel('API key').fill(fakeKey('later'))
  await dialogOf(page).getByRole('button', { name: 'Test and add' }).click()
  await dialogOf(page).getByRole('button', { name: 'Save anyway' }).click()
  await page.getByRole('heading', { level: 1, name: 'later' }).waitFor()
  await page.getByText('rejected', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'Overview' }).click()
  const attention = page.locator('section', { has: page.getByRole('heading', { name: 'Needs attention' }) })
  await attention.getByRole('link', { name: 'later' }).waitFor()
})

it('signs in with ChatGPT by a code; what the provider says of the account is text', async () => {
  const email = '<img/src=x/onerror=document.title=1>@example.test'
  sandbox.oauth.signInAs('openai', { email })
  const page = await world.visitAs('/credentials/new?harness=codex')
  const dialog = await choose(page, 'ChatGPT sign-in')
  await dialog.getByLabel('Name').fill('chatgpt')
  await dialog.getByLabel('Owner').selectOption('Organization')
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await dialog.getByRole('button', { name: 'Copy the code' }).waitFor()
  const [code = ''] = sandbox.oauth.waitingDevices()
  expect(await dialog.locator('output').textContent()).toBe(code)
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'adding-device')
  await page.reload()
  await page.getByRole('dialog', { name: 'Signing in: chatgpt' }).getByText(code, { exact: true }).waitFor()
  sandbox.oauth.decideDevice(code, 'approve')
  await page.getByRole('heading', { level: 1, name: 'chatgpt' }).waitFor()
  await page.getByText(email).waitFor()
  expect(await page.title()).toBe('chatgpt · Claviger')
  await page.getByRole('button', { name: 'Test now' }).click()
  await page.getByText('chatgpt works.', { exact: true }).waitFor()
  const renewals = page.getByRole('list', { name: 'Renewals, the latest first' })
  await renewals.getByText('Generation 1', { exact: true }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'credential-login')
})

it('signs in by a link and what it ends on; left, the sign-in is ended', async () => {
  sandbox.oauth.signInAs('openai', { id: 'acct-other', email: 'other@example.test' })
  const page = await world.visitAs('/credentials/new?type=codex/oauth')
  await dialogOf(page).getByLabel('Name').fill('left')
  await dialogOf(page).getByLabel('By a link').check()
  await dialogOf(page).getByRole('button', { name: 'Sign in', exact: true }).click()
  await dialogOf(page).getByLabel('Address of the page').waitFor()
  const ended = page.waitForResponse((response) => response.request().method() === 'DELETE' && response.ok())
  await page.keyboard.press('Escape')
  await ended
  await page.goto(`${world.server.url}/credentials/new?type=codex/oauth`)
  await dialogOf(page).getByLabel('Name').fill('mine')
  await dialogOf(page).getByLabel('By a link').check()
  await dialogOf(page).getByRole('button', { name: 'Sign in', exact: true }).click()
  const link = dialogOf(page).getByRole('link', { name: 'Open the sign-in page' })
  const answer = await fetch((await link.getAttribute('href')) ?? '', { redirect: 'manual' })
  const address = dialogOf(page).getByLabel('Address of the page')
  await address.fill('what?')
  await dialogOf(page).getByRole('button', { name: 'Finish signing in' }).click()
  await dialogOf(page).getByRole('alert').waitFor()
  await address.fill(answer.headers.get('location') ?? '')
  await dialogOf(page).getByRole('button', { name: 'Finish signing in' }).click()
  await page.getByRole('heading', { level: 1, name: 'mine' }).waitFor()
})

it('lets the person with the account sign in again by a link, once, and nobody else', async () => {
  await world.invite('bob@example.test', 'member')
  await world.invite('carol@example.test', 'member')
  sandbox.oauth.signInAs('openai', { id: 'acct-sandbox', email: 'team@example.test' })
  const [login] = (await world.owner.call('credentials.list', { name: 'chatgpt' })).credentials
  const ada = await world.visitAs(`/credentials/${login?.id}`)
  await ada.getByRole('button', { name: 'What to do with it' }).click()
  await ada.getByRole('menuitem', { name: 'Link to sign in again…' }).click()
  await dialogOf(ada).getByLabel('For whom').fill('bob@example.test')
  await dialogOf(ada).getByRole('button', { name: 'Make the link' }).click()
  const link = (await dialogOf(ada).locator('code').textContent()) ?? ''
  expect(await accessibilityFaults(ada)).toEqual([])
  const carol = await world.visitAs(link, 'carol@example.test')
  await carol.getByRole('alert').waitFor()
  expect(await carol.getByRole('button', { name: 'Sign in', exact: true }).count()).toBe(0)
  // Nobody yet: the code is still there after signing in.
  const bob = await world.visit(link)
  await bob.getByLabel('E-mail').fill('bob@example.test')
  await bob.getByLabel('Password').fill(PASSWORD)
  await bob.getByRole('button', { name: 'Sign in', exact: true }).click()
  await bob.getByRole('heading', { name: 'Sign in again' }).waitFor()
  await bob.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  expect(await accessibilityFaults(bob)).toEqual([])
  await picture(bob, 'sign-in-again')
  await bob.getByRole('button', { name: 'Sign in', exact: true }).click()
  await bob.getByRole('button', { name: 'Copy the code' }).waitFor()
  sandbox.oauth.decideDevice((await bob.locator('output').textContent()) ?? '', 'approve')
  await bob.getByText('Thank you: chatgpt works again.').waitFor()
  await bob.reload()
  await bob.getByRole('alert').waitFor()
})

it('leaves no trace of what was begun on the overview and cancelled, at whichever step', async () => {
  const page = await world.visitAs('/')
  const cancel = dialogOf(page).getByRole('button', { name: 'Cancel' })
  const begin = () => page.getByRole('link', { name: 'Add one for Codex' }).click()
  const left = async () => {
    await dialogOf(page).waitFor({ state: 'detached' })
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    expect([new URL(page.url()).pathname, new URL(page.url()).search]).toEqual(['/', ''])
  }
  const entries = async () => (await world.owner.call('audit.list', { limit: 1, order: 'newest' })).searchedTo
  const stored = async () => (await world.owner.call('credentials.list', {})).credentials.length
  const before = [await entries(), await stored()]
  await page.getByRole('radio', { name: /^Codex/ }).click()
  await begin()
  await cancel.click()
  await left()
  await page.getByRole('radio', { name: /^Codex/ }).click()
  await begin()
  const typed = await choose(page, 'OpenAI API key')
  await typed.getByLabel('Name').fill('never-mind')
  await typed.getByLabel('API key').fill(fakeKey('never-mind'))
  await cancel.click()
  await left()
  expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')).not.toContain(
    'never-mind',
  )
  expect([await entries(), await stored()]).toEqual(before)
  await page.getByRole('radio', { name: /^Codex/ }).click()
  await begin()
  const login = await choose(page, 'ChatGPT sign-in')
  await login.getByLabel('Name').fill('never-mind')
  await login.getByRole('button', { name: 'Sign in', exact: true }).click()
  await login.getByRole('button', { name: 'Copy the code' }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'adding-device-cancel')
  const ended = page.waitForResponse((response) => response.request().method() === 'DELETE' && response.ok())
  await cancel.click()
  await ended
  await left()
  expect(await stored()).toBe(before[1])
  // Neither going back nor loading it anew leads into it again.
  await page.goBack()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.getByRole('link', { name: 'Add one for' }).waitFor()
  expect(await dialogOf(page).count()).toBe(0)
})
