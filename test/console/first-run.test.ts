// From nothing to a first run, as somebody does it who has just typed `claviger serve`: the link of the terminal, the guide,
// a credential, and the real program that answers in the page. Nothing but clicks and keys.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { configFor } from '../e2e/codex-machine.ts'
import { quiet } from '../e2e/exec-run.ts'
import { accessibilityFaults, picture } from '../support/browser.ts'
import { type Served, serve } from '../support/served.ts'
import { useBrowser } from '../support/use-browser.ts'
import {
  addKey,
  becomeOwner,
  chooseType,
  go,
  heading,
  join as joinAs,
  log,
  startRun,
  type,
} from './by-hand.ts'

const KEY = 'sk-ant-test-first-run-0001'
const ADA = 'ada@example.test'

const browser = useBrowser()

let home: string
let sandbox: Sandbox
let server: Served | null = null

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'claviger-first-run-'))
  sandbox = await startSandbox({ credentials: [{ provider: 'anthropic', kind: 'api-key', value: KEY }] })
  sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  sandbox.reply(({ lastUserMessage }) => `You said: ${lastUserMessage}`)
  await mkdir(join(home, '.codex'), { mode: 0o700 })
  await writeFile(join(home, '.codex/config.toml'), configFor(sandbox))
  const { claude, codex } = await agentPrograms()
  server = await serve(home, {
    ...{ PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb', CLAVIGER_PORT: '0', ...quiet },
    ...{ CLAVIGER_CLAUDE_BIN: claude, CLAVIGER_CODEX_BIN: codex, ANTHROPIC_BASE_URL: sandbox.anthropicUrl },
    ...{ CLAVIGER_ANTHROPIC_URL: sandbox.anthropicUrl, CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl },
  })
})

afterEach(async () => {
  await server?.end('SIGTERM')
  await sandbox.close()
  await rm(home, { recursive: true, force: true })
})

/** The first person, at the guide. */
async function comeIn(): Promise<Page> {
  const page = await browser.open(server?.link ?? '')
  await becomeOwner(page, ADA)
  await page.getByRole('heading', { name: 'To a first run' }).waitFor()
  return page
}

async function askForTheFirstTime(page: Page, served: string): Promise<void> {
  await go(page, 'Overview')
  await page.getByRole('link', { name: 'Start a run' }).click()
  await startRun(page, served, 'Say hi.')
  await log(page).getByText('You said: Say hi.').waitFor({ timeout: 60_000 })
  expect(await log(page).getByText('You said: Say hi.').count()).toBe(1)
  await expect.poll(() => page.getByLabel('Message', { exact: true }).isEnabled()).toBe(true)
  // The guide has done its work.
  await go(page, 'Overview')
  await page.getByRole('heading', { name: 'What ends when' }).waitFor()
  await page.getByRole('heading', { name: 'To a first run' }).waitFor({ state: 'detached' })
}

it('a Claude API key is added and tried out, and the real claude answers', async () => {
  const page = await comeIn()
  await page.getByRole('radio', { name: /^Claude Code/ }).click()
  await page.getByRole('link', { name: 'Add one for Claude Code' }).click()
  await addKey(page, 'Anthropic API key', { name: 'main', key: KEY })
  // By the server: no program has run yet.
  expect(sandbox.requests().at(-1)).toMatchObject({
    provider: 'anthropic',
    status: 200,
    userAgent: 'claviger',
  })
  await askForTheFirstTime(page, 'main (claude/api-key)')
}, 120_000)

it('ChatGPT is signed in to by a code that is agreed to in another tab, and the real codex answers', async () => {
  const page = await comeIn()
  await page.getByRole('radio', { name: /^Codex/ }).click()
  await page.getByRole('link', { name: 'Add one for Codex' }).click()
  const dialog = await chooseType(page, 'ChatGPT sign-in')
  await type(dialog.getByLabel('Name'), 'chatgpt')
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  const code = dialog.locator('output')
  await code.waitFor()
  const size = await page.evaluate('parseFloat(getComputedStyle(document.querySelector("output")).fontSize)')
  expect(size).toBeGreaterThanOrEqual(28)
  const shown = await code.innerText()
  await picture(page, 'first-run-device')
  const [other] = await Promise.all([
    page.context().waitForEvent('page'),
    dialog.getByRole('link', { name: /codex\/device/ }).click(),
  ])
  await type(other.getByPlaceholder('XXXX-XXXX'), shown)
  await other.getByRole('button', { name: 'Agree' }).click()
  await other.getByText('The device is signed in').first().waitFor()
  await other.close()
  await heading(page, 'chatgpt').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await askForTheFirstTime(page, 'chatgpt (codex/oauth)')
}, 120_000)

it('says that a second person ends the worker of the server: before they are invited, and at the worker', async () => {
  const page = await comeIn()
  await page.goto(new URL('/settings/organization', page.url()).href)
  await page.getByRole('button', { name: 'Invite somebody' }).click()
  const form = page.getByRole('dialog', { name: 'Invite somebody' })
  await form.getByText("The server's own worker stops when a second person joins.").waitFor()
  await picture(page, 'settings-invite-with-own-worker')
  await form.getByLabel('E-mail').fill('bob@example.test')
  await form.getByRole('button', { name: 'Make the link' }).click()
  const link = await page.getByRole('dialog').locator('code').innerText()
  await page.getByRole('button', { name: 'I have it' }).click()
  await joinAs(await browser.open(link), 'Bob')
  await page.goto(new URL('/settings/machines', page.url()).href)
  await page.getByText(/It takes no runs: there is a second person/).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'settings-worker-off')
})

it('says which program is missing on a machine that has none, and how to have it', async () => {
  const bare = await mkdtemp(join(tmpdir(), 'claviger-bare-'))
  const other = await serve(bare, {
    ...{ PATH: '/usr/bin:/bin', HOME: bare, TERM: 'dumb', CLAVIGER_PORT: '0', ...quiet },
  })
  try {
    const page = await browser.open(other.link ?? '')
    await becomeOwner(page, ADA)
    await page.getByText(/^Claude Code is not installed on the machine of the server/).waitFor()
    await picture(page, 'overview-without-programs')
    await page.goto(new URL('/settings/machines', page.url()).href)
    await page.getByText(/^Codex is not installed on the machine of the server/).waitFor()
  } finally {
    await other.end('SIGTERM')
    await rm(bare, { recursive: true, force: true })
  }
})
