// Settings of coding agents in a real browser: the order by keyboard, a harness off and on, whom subscriptions may serve,
// and what a member sees of all that.

import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { accessibilityFaults, PHONE, picture } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'

const BOB = 'bob@example.test'
const PATH = '/settings/coding-agents'

const world = useConsole()

const create = (name: string, owner: string) =>
  world.owner.call('credentials.create', {
    ...{ type: 'claude/api-key' as const, name, owner, fields: { key: fakeKey(name) } },
  })

beforeAll(async () => {
  for (const name of ['one', 'two', 'three']) await create(name, 'org')
  await create('mine', 'me')
  await world.invite(BOB, 'member')
})

const list = (page: Page) => page.getByRole('list', { name: 'Claude Code, of the organization' })
const names = async (page: Page) =>
  (await list(page).getByRole('listitem').allInnerTexts()).map((text) => /one|two|three/.exec(text)?.[0])
const order = async () =>
  (await world.owner.call('credentials.getOrder', { owner: 'org', harness: 'claude' })).credentials.map(
    ({ name }) => name,
  )

it('is put in an order by keyboard, and the button that was pressed stays under the finger', async () => {
  const page = await world.visitAs(PATH)
  await list(page).waitFor()
  expect(await names(page)).toEqual(['one', 'three', 'two'])
  await page.getByRole('button', { name: 'Move two up' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('two is number 2 now.').waitFor()
  expect(await names(page)).toEqual(['one', 'two', 'three'])
  expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Move two up')
  await page.keyboard.press('Enter')
  await page.getByText('two is number 1 now.').waitFor()
  expect(await order()).toEqual(['two', 'one', 'three'])
  expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Move two down')
  await page.getByRole('button', { name: 'Order by type' }).click()
  await page.getByRole('button', { name: 'Order by type' }).waitFor({ state: 'detached' })
  expect(await order()).toEqual([])
})

it('a harness is switched off after a question, and on again', async () => {
  const page = await world.visitAs(PATH)
  await page.getByRole('button', { name: /^Switch Codex off/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click()
  await page.getByRole('button', { name: 'Switch Codex on' }).waitFor()
  const { harnesses } = await world.owner.call('harnesses.list', {})
  expect(harnesses.find(({ harness }) => harness === 'codex')?.enabled).toBe(false)
  await page.getByRole('button', { name: 'Switch Codex on' }).click()
  await page.getByRole('button', { name: /^Switch Codex off/ }).waitFor()
})

it('subscriptions are shared only after the terms were read', async () => {
  const policy = async () =>
    (await world.owner.call('policy.get', {})).policies.find((one) => one.sharingTerms)
  const page = await world.visitAs(PATH)
  const select = page.getByLabel('Claude Code subscriptions')
  await select.selectOption('shared')
  const dialog = page.getByRole('dialog', { name: 'Share Claude Code subscriptions?' })
  await dialog.getByText((await policy())?.sharingTerms ?? 'none').waitFor()
  expect(await dialog.getByRole('button', { name: 'Share them' }).isDisabled()).toBe(true)
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'settings-sharing-terms-wide-light')
  await dialog.getByLabel(/^I have read this/).check()
  await dialog.getByRole('button', { name: 'Share them' }).click()
  await page.getByText(/may also belong to the organization.*Chosen by/).waitFor()
  expect((await policy())?.policy).toBe('shared')
  await select.selectOption('default')
  await page.getByText(/serves only runs of the person.*Nobody has chosen otherwise/).waitFor()
})

it('a member sees that the organization has credentials, their names and types, and changes nothing', async () => {
  const page = await world.visitAs(PATH, BOB)
  await list(page).waitFor()
  const { suffix } = (await world.owner.call('credentials.list', { name: 'one' })).credentials[0] ?? {}
  const text = await page.locator('main').innerText()
  expect(text).toContain('claude/api-key')
  expect(text).toContain('take priority')
  expect(suffix).not.toBe('')
  expect(text).not.toContain(suffix)
  expect(text).not.toContain('mine')
  expect(await page.getByRole('button', { name: /^(Move|Switch|Order)/ }).count()).toBe(0)
  expect(await page.getByRole('combobox').count()).toBe(0)
})

it('is in order for every reader', async () => {
  const page = await world.visitAs(PATH)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await list(page).waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await picture(page, `settings-coding-agents-wide-${colorScheme}`)
  }
  await page.setViewportSize(PHONE)
  expect(await accessibilityFaults(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  await picture(page, 'settings-coding-agents-phone-dark')
})
