// The audit page in a real browser: newest first and live, looked through by words and filters, opened, taken away, verified.

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { checkFile } from '../../src/cli/operating/audit-file.ts'
import { accessibilityFaults, PHONE, picture } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'

const BOB = 'bob@example.test'
const HOSTILE = '<img src=x onerror=alert(1)>'

const world = useConsole()

const create = (name: string) =>
  world.owner.call('credentials.create', {
    ...{ type: 'claude/api-key' as const, name, owner: 'org', fields: { key: fakeKey(name) } },
  })

const rows = (page: Page) => page.getByRole('grid').locator('[data-index]')

beforeAll(async () => {
  for (let i = 0; i < 120; i += 1) await world.owner.call('explain', { harness: 'claude', team: 'everyone' })
  await create('first-key')
  const { userCode } = await world.owner.call('device.start', { client: HOSTILE })
  await world.owner.call('device.approve', { userCode })
  await world.invite(BOB, 'member')
})

it('shows the newest first, of a long log only what is in sight, and what happens meanwhile', async () => {
  const page = await world.visitAs('/audit')
  await rows(page).first().waitFor()
  expect(await rows(page).count()).toBeLessThan(60)
  await create('while-looking')
  await rows(page).first().getByRole('gridcell', { name: 'while-looking' }).waitFor()
  expect(await page.locator('img').count()).toBe(0)
})

it('leaves whoever reads far down where they are, and shows what is newer when they ask', async () => {
  for (let i = 0; i < 150; i += 1) await world.owner.call('explain', { harness: 'claude', user: BOB })
  const page = await world.visitAs('/audit')
  await rows(page).first().waitFor()
  const older = page.waitForResponse((response) => response.url().includes('after='))
  await rows(page).first().focus()
  await page.keyboard.press('End')
  await older
  await create('while-reading')
  const show = page.getByRole('button', { name: 'Show newer entries' })
  await show.waitFor()
  expect(await page.getByText('while-reading').count()).toBe(0)
  await show.click()
  await rows(page).first().getByText('while-reading', { exact: true }).waitFor()
  await show.waitFor({ state: 'detached' })
})

it('is looked through by words and filters, in an address that can be sent', async () => {
  const page = await world.visitAs('/audit')
  await page.getByLabel('Search').fill('first-key')
  await page.getByLabel('Search').press('Enter')
  await page.getByRole('row', { name: /first-key/ }).waitFor()
  await page.getByRole('row', { name: /explain/ }).waitFor({ state: 'detached' })
  expect(new URL(page.url()).search).toBe('?search=first-key')
  await page.getByLabel('Outcome').selectOption('refused')
  await page.getByText('Nothing in the log is like that').waitFor()
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByLabel('What', { exact: true }).selectOption('credential…')
  await page.getByRole('row', { name: /first-key/ }).waitFor()
  await page.getByRole('row', { name: /explain/ }).waitFor({ state: 'detached' })
  await page.getByLabel('Until').fill('2001-01-01')
  await page.getByText('Nothing in the log is like that').waitFor()
})

it('opens an entry, with the text of others as text', async () => {
  const page = await world.visitAs(`/audit?search=${encodeURIComponent(HOSTILE)}`)
  await rows(page).first().focus()
  await page.keyboard.press('Enter')
  const { entries } = await world.owner.call('audit.list', { search: HOSTILE, order: 'newest' })
  const dialog = page.getByRole('dialog', { name: entries[0]?.action ?? 'none' })
  await dialog.getByText(entries[0]?.hash ?? 'none').waitFor()
  await dialog.getByText(HOSTILE).first().waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'audit-entry-wide-light')
})

it('is taken away as a file with the same filters, and verified', async () => {
  const page = await world.visitAs('/audit?search=first-key')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export as CSV' }).click(),
  ])
  const chunks: Buffer[] = []
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  expect(text).toContain('first-key')
  expect(text).not.toContain('explain')
  await page.getByRole('button', { name: 'Verify the log' }).click()
  await page.getByText(/Everything fits: \d{3,} entries were read/).waitFor()
  const line = await page.locator('code', { hasText: /^\d+:[0-9a-f]{64}$/ }).innerText()
  await page.getByLabel('Against a line you kept earlier').fill(line.replace(/[0-9a-f]{4}$/, 'beef'))
  await page.getByRole('button', { name: 'Verify the log' }).click()
  await page.getByText('Something does not fit.').waitFor()
  await page.getByLabel('Against a line you kept earlier').fill(line)
  await page.getByRole('button', { name: 'Verify the log' }).click()
  await page.getByText(/Everything fits: \d{3,} entries were read/).waitFor()
})

it('is taken away whole and signed, so that it is proven without a server', async () => {
  const page = await world.visitAs('/audit')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export signed' }).click(),
  ])
  const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n')
  const check = checkFile({})
  expect([...lines.flatMap((line) => check.add(line)), ...check.finish()]).toEqual([])
  expect(check.entries).toBeGreaterThan(120)
})

it('is for those who may read it, and in order for every reader', async () => {
  const bob = await world.visitAs('/audit', BOB)
  await bob.getByRole('alert').getByText('You may not read the audit log.', { exact: true }).waitFor()
  expect(await rows(bob).count()).toBe(0)
  const page = await world.visitAs('/audit')
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await rows(page).first().waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await picture(page, `audit-wide-${colorScheme}`)
  }
  await page.setViewportSize(PHONE)
  await rows(page)
    .getByText(/^to \S/)
    .filter({ visible: true })
    .first()
    .waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  await picture(page, 'audit-phone-dark')
})

it('has no refusal of a member or an auditor who looks at every place', async () => {
  await world.invite('aud@example.test', 'auditor')
  const auditor = await world.visitAs('/runs?start=yes', 'aud@example.test')
  await auditor.getByRole('heading', { level: 1, name: 'Runs' }).waitFor()
  await auditor.getByText('There are no runs yet').waitFor()
  expect(await auditor.getByRole('dialog').count()).toBe(0)
  await auditor.goto(new URL('/credentials', auditor.url()).href)
  await auditor.getByRole('row', { name: /first-key/ }).waitFor()
  expect(await auditor.getByRole('link', { name: 'Add a credential' }).count()).toBe(0)
  const refusals = async () =>
    (await world.owner.call('audit.list', { outcome: 'refused', limit: 1000 })).entries.map(
      ({ actor, action }) => `${actor.name} ${action}`,
    )
  const before = await refusals()
  const [first] = (await world.owner.call('credentials.list', {})).credentials
  const parts = ['coding-agents', 'organization', 'channels', 'machines', 'personal'].map(
    (part) => `settings/${part}`,
  )
  for (const email of [BOB, 'aud@example.test'])
    for (const place of [
      '',
      'credentials',
      'runs',
      'explain',
      'audit',
      `credentials/${first?.id}`,
      ...parts,
    ]) {
      const page = await world.visitAs(`/${place}`, email)
      await page.getByRole('heading', { level: 1 }).first().waitFor()
      await expect.poll(() => page.locator('main .animate-pulse').count()).toBe(0)
      await page.close()
    }
  expect(await refusals()).toEqual(before)
}, 180_000)
