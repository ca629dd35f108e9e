// Adding credentials in a real browser, with the sandbox in the place of the providers: values are checked as one types,
// tried out before they count, and a sign-in begins and ends in the page.

import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { accessibilityFaults, PHONE, picture, WIDE } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'

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
