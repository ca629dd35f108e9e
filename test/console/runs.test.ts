// Runs in a real browser, with the real programs and providers that refuse: what is said appears as it is said, once; what
// fails is healed before one's eyes, or says what to do.

import type { Page } from 'playwright-core'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { codexFile } from '../e2e/run-world.ts'
import { accessibilityFaults, PHONE, picture, WIDE } from '../support/browser.ts'
import { useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'
import { openRunsHouse } from './runs-house.ts'

const FIRST = 'sk-ant-test-console-first-0001'
const SECOND = 'sk-ant-test-console-second-0002'
const OPENAI = 'sk-test-console-codex-0003'
const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
const REFUSED =
  "Couldn't authenticate with Claude after multiple attempts. Check your credentials in Coding agents settings and try again."

const key = (value: string) => ({ provider: 'anthropic', kind: 'api-key', value }) as const
const house = await openRunsHouse([
  ...[key(FIRST), key(SECOND)],
  { provider: 'openai', kind: 'api-key', value: OPENAI },
])
const world = useConsole(house.settings)
const { sandbox } = house

beforeAll(() => house.startWorker(world))

beforeEach(async () => {
  const { credentials } = await world.owner.call('credentials.list', {})
  for (const { id } of credentials) await world.owner.call('credentials.delete', { id })
  for (const one of [FIRST, SECOND]) sandbox.accept(key(one))
  sandbox.reply(({ lastUserMessage }) => `You said: ${lastUserMessage}`)
})

async function storeKey(name: string, value: string): Promise<void> {
  const type = 'claude/api-key'
  await world.owner.call('credentials.create', { type, name, owner: 'me', fields: { key: value } })
}

async function storeCodexKey(): Promise<void> {
  const fields = { key: OPENAI, baseUrl: sandbox.openaiUrl }
  await world.owner.call('credentials.create', { type: 'codex/api-key', name: 'late', owner: 'me', fields })
}

/** Takes over what somebody has signed in to Codex with; returns the login's name at the provider. */
async function takeLogin(): Promise<string> {
  const made = sandbox.oauth.login({ provider: 'openai' })
  const login = { from: 'codex', name: 'chatgpt', owner: 'me', acceptNotice: true } as const
  await world.owner.call('logins.import', { ...login, file: codexFile(made) })
  return made.id
}

const log = (page: Page) => page.getByRole('log', { name: 'Conversation' })
const composer = (page: Page) => page.getByLabel('Message', { exact: true })
const pill = (page: Page, name = 'Claude') => page.getByRole('status').getByText(`Re-authenticating ${name}`)
const serving = (page: Page) =>
  page.locator('section').filter({ has: page.getByRole('heading', { name: 'Harness credential' }) })

async function begin(harness: 'claude' | 'codex', prompt: string): Promise<Page> {
  const { id } = await world.owner.call('runs.create', { harness, prompt })
  return world.visitAs(`/runs/${id}`)
}

async function send(page: Page, text: string): Promise<void> {
  await composer(page).fill(text)
  await composer(page).press('Enter')
}

// Every look of pill, text area and button, from now on.
const watching = (name: string) => `
  window.looks = []
  const look = () => {
    const area = document.querySelector('textarea')
    const button = [...document.querySelectorAll('button')].find((one) => one.textContent === 'Send')
    const told = [...document.querySelectorAll('[role=status]')].map((one) => one.textContent)
    const pill = told.some((one) => one.includes('Re-authenticating ${name}'))
    window.looks.push([pill, area?.disabled, button?.disabled].join(' '))
  }
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true })
`

/** While what serves the run is refused: it pauses, for everybody to see, and what was said arrives once. */
async function sayMore(page: Page, name: string): Promise<void> {
  await send(page, 'two fish')
  await log(page).getByText('switched').waitFor({ timeout: 60_000 })
  await log(page).getByText('You said: two fish').or(log(page).getByText('You said:').nth(1)).waitFor()
  await pill(page, name).waitFor({ state: 'hidden' })
  await expect.poll(() => composer(page).isEnabled()).toBe(true)
  const looks = (await page.evaluate('[...new Set(window.looks)]')) as string[]
  expect(looks).toContain('true true true')
  expect(looks.filter((one) => one.startsWith('true') && one !== 'true true true')).toEqual([])
  // Once in the page, and once in what the model was asked.
  expect(await log(page).getByText('You: two fish').count()).toBe(1)
  const asked = sandbox.requests().findLast(({ status, model }) => status === 200 && model !== null)
  expect(asked?.userTexts.filter((one) => one.includes('two fish'))).toHaveLength(1)
}

it('is started in a dialog, and the real claude answers in the page', async () => {
  await storeKey('main', FIRST)
  const input = { file_path: 'made.txt', content: HOSTILE }
  sandbox.reply(({ toolResults }) =>
    toolResults.length > 0 ? `It is written: ${HOSTILE}` : [{ type: 'tool', name: 'Write', input }],
  )
  const page = await world.visitAs('/runs')
  await page.getByRole('button', { name: 'Start a run' }).click()
  const dialog = page.getByRole('dialog', { name: 'Start a run' })
  await dialog.getByText('It would be main (claude/api-key)').waitFor()
  await dialog.getByLabel('Prompt').fill('Write the file.')
  await dialog.getByRole('button', { name: 'Start', exact: true }).click()
  await log(page).getByText('You: Write the file.').waitFor()
  await log(page).getByText(`It is written: ${HOSTILE}`).waitFor()
  const tool = log(page).locator('summary', { hasText: 'Write' })
  await tool.focus()
  await page.keyboard.press('Enter')
  await log(page).getByText('Asked').waitFor()
  expect(await page.title()).toBe('Write the file. · Claviger')
  expect(await page.locator('img').count()).toBe(0)
  const field = serving(page)
  for (const text of ['claude/api-key', 'Personal', '…0001'])
    expect(await field.getByText(text, { exact: true }).count()).toBe(1)
  await field.getByText('serves now').waitFor()
  await inEveryLook(page, 'run')
}, 90_000)

it('shapes what the model writes by its Markdown, and takes no link and no markup of it', async () => {
  await storeKey('main', FIRST)
  const code = 'const fish = "red"'
  sandbox.reply(() =>
    [
      ...['# A heading', 'Some **bold** words with `code()`.', '1. first\n2. second', '- a\n- b'],
      ...['```js', code, '```'],
      ...['See [the page](https://example.test/page) or [run](javascript:alert(1)).', HOSTILE],
    ]
      .join('\n\n')
      .replaceAll('\n\n```', '\n```')
      .replace('```js\n\n', '```js\n'),
  )
  const page = await begin('claude', 'Write it nicely.')
  await log(page).getByRole('heading', { name: 'A heading' }).waitFor()
  await log(page)
    .locator('strong', { hasText: /^bold$/ })
    .waitFor()
  await log(page).locator('pre', { hasText: code }).waitFor()
  expect(await log(page).getByRole('listitem').count()).toBe(4)
  const link = log(page).getByRole('link')
  expect(await link.evaluateAll((all) => all.map((one) => one.getAttribute('href')))).toEqual([
    'https://example.test/page',
  ])
  await log(page).getByText(HOSTILE).waitFor()
  expect(await page.locator('img').count()).toBe(0)
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'run-markdown')
}, 90_000)

it('pauses while its token is refused in mid-conversation, and goes on by itself with another', async () => {
  await storeKey('a-first', FIRST)
  await storeKey('b-second', SECOND)
  const page = await begin('claude', 'one fish')
  await log(page).getByText('You said: one fish').waitFor()
  await page.evaluate(watching('Claude'))
  sandbox.teach(FIRST, 'revoked')
  await sayMore(page, 'Claude')
  const field = serving(page)
  expect(await field.getByRole('listitem').count()).toBe(2)
  await field.getByText('…0002', { exact: true }).waitFor()
  await picture(page, 'run-switched')
}, 90_000)

it('pauses with Codex as well when its login is refused, and goes on by itself with a key', async () => {
  const login = await takeLogin()
  await storeCodexKey()
  const page = await begin('codex', 'one fish')
  await log(page).getByText('You said: one fish').waitFor({ timeout: 60_000 })
  await serving(page).getByText('codex/oauth', { exact: true }).waitFor()
  await page.evaluate(watching('Codex'))
  sandbox.oauth.revokeLogin(login)
  await sayMore(page, 'Codex')
  await serving(page).getByText('…0003', { exact: true }).waitFor()
  await picture(page, 'run-switched-codex')
}, 120_000)

it('says what was tried when everything was refused, and where to look', async () => {
  await storeKey('main', FIRST)
  sandbox.teach(FIRST, 'revoked')
  const page = await begin('claude', 'hello')
  const end = page.getByRole('alert')
  await end.getByText(REFUSED).waitFor()
  await end.getByText(/^main \(claude\/api-key\): /).waitFor()
  expect(await end.getByRole('link', { name: 'Coding agents settings' }).getAttribute('href')).toBe(
    '/settings/coding-agents',
  )
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'run-refused')
  await page.setViewportSize(PHONE)
  const stickOut =
    'document.querySelector("[role=log]").scrollWidth - document.querySelector("[role=log]").clientWidth'
  expect(await page.evaluate(stickOut)).toBe(0)
  const { x = 0, width = 0 } = (await end.getByRole('button', { name: /another/ }).boundingBox()) ?? {}
  const box = await end.boundingBox()
  expect(x + width).toBeLessThan((box?.x ?? 0) + (box?.width ?? 0))
  await page.setViewportSize(WIDE)
  await end.getByRole('button', { name: 'Start again with another credential…' }).click()
  const again = page.getByRole('dialog', { name: 'Start again' })
  await again.getByText('main (claude/api-key) served').waitFor()
  expect(await again.getByLabel('Prompt').inputValue()).toBe('hello')
  await page.keyboard.press('Escape')
  await storeKey('other', SECOND)
  await send(page, 'again')
  await log(page).getByText('You said: again').waitFor()
  expect(await end.count()).toBe(0)
}, 90_000)

it('waits for a login with the way to sign in beside it, and goes on with the real codex by itself', async () => {
  sandbox.oauth.revokeLogin(await takeLogin())
  const page = await begin('codex', 'hello there')
  const waiting = log(page).getByText('It goes on by itself')
  await waiting.waitFor({ timeout: 60_000 })
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'run-waiting')
  await log(page).getByRole('button', { name: 'Sign in again for chatgpt' }).click()
  await page.getByRole('dialog', { name: 'Sign in again for chatgpt' }).waitFor()
  await page.keyboard.press('Escape')
  await storeCodexKey()
  await log(page).getByText('You said:').waitFor()
  await waiting.waitFor({ state: 'hidden' })
  expect(await log(page).getByText('You: hello there').count()).toBe(1)
}, 120_000)

it('is followed over a server that was away, put to sleep, woken by a message and ended', async () => {
  await storeKey('main', FIRST)
  const page = await begin('claude', 'red fish')
  await log(page).getByText('You said: red fish').waitFor()
  await world.whileAway(() => Promise.resolve())
  await send(page, 'blue fish')
  await log(page).getByText('You said: blue fish').waitFor()
  for (const text of ['You said: red fish', 'You: red fish', 'You: blue fish'])
    expect(await log(page).getByText(text).count()).toBe(1)
  const choose = async (what: string) => {
    await page.getByRole('button', { name: 'What to do with it' }).click()
    await page.getByRole('menuitem', { name: what }).click()
  }
  await choose('Hibernate')
  await log(page).getByText('It hibernates').waitFor()
  await send(page, 'new fish')
  await log(page).getByText('You said: new fish').waitFor()
  await choose('End…')
  await page.getByRole('button', { name: 'End it' }).click()
  await log(page).getByText('This run has ended.').waitFor()
  expect(await composer(page).count()).toBe(0)
}, 120_000)
