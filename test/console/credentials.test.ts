// The list of credentials in a real browser: it stays light whatever its length, says what it knows in words, and takes no
// text of others for anything but text.

import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { accessibilityFaults, PHONE, picture, WIDE } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const MANY = 450
const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

const world = useConsole()

beforeAll(async () => {
  const create = (name: string, owner: string, description = '') =>
    world.owner.call('credentials.create', {
      ...{ type: 'claude/api-key', name, owner, description, fields: { key: fakeKey(name) } },
    })
  await Promise.all(
    Array.from({ length: MANY }, (_, i) => create(`key-${String(i).padStart(3, '0')}`, 'org')),
  )
  await create('mine', 'me', HOSTILE)
  const raw = { type: 'raw', name: 'DATABASE_URL', owner: 'me', fields: { value: 'not-a-secret' } } as const
  await world.owner.call('credentials.create', raw)
})

// Pixels by which a page is wider than its window, or than its place beside the navigation.
const BEYOND = `Math.max(
  document.documentElement.scrollWidth - innerWidth,
  document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth,
)`
const rows = (page: Page) => page.getByRole('grid').locator('[data-index]')
const heading = (page: Page) => page.getByRole('heading', { level: 1, name: 'Credentials' })

it('has only the rows in sight, and reads on as one goes down', async () => {
  const page = await world.visitAs('/credentials')
  await rows(page).first().waitFor()
  expect(await rows(page).count()).toBeLessThan(60)
  await rows(page).first().focus()
  await page.keyboard.press('ArrowDown')
  expect(await page.evaluate('document.activeElement.dataset.index')).toBe('1')
  const last = String(MANY + 1)
  for (let press = 0; press < 20; press += 1) {
    await page.keyboard.press('End')
    if ((await page.evaluate('document.activeElement.dataset.index')) === last) break
    await page.waitForTimeout(100)
  }
  expect(await page.evaluate('document.activeElement.dataset.index')).toBe(last)
  expect(await rows(page).count()).toBeLessThan(60)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'About' }).waitFor()
  expect(new URL(page.url()).pathname).toMatch(/^\/credentials\/.+/)
})

it('is filtered by harness, owner and state, in an address that can be sent', async () => {
  const page = await world.visitAs('/credentials')
  await page.getByLabel('Harness').selectOption('Raw secret')
  await page.getByRole('row', { name: /DATABASE_URL/ }).waitFor()
  expect(await rows(page).count()).toBe(1)
  expect(new URL(page.url()).search).toBe('?harness=raw')
  await page.getByLabel('Owner', { exact: true }).selectOption('Organization')
  await page.getByText('No credential is like that').waitFor()
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByRole('row', { name: /key-000/ }).waitFor()
  await page.goto(`${world.server.url}/credentials?owner=me&state=ok&harness=nonsense`)
  await page.getByRole('row', { name: /mine/ }).waitFor()
  expect(await page.getByLabel('State').inputValue()).toBe('ok')
})

it('takes what others wrote for text', async () => {
  const page = await world.visitAs('/credentials?owner=me')
  await page.getByText(HOSTILE).waitFor()
  expect(await page.title()).toBe('Credentials · Claviger')
  expect(await page.locator('img').count()).toBe(0)
})

it('says in a word and a shape how each does, and is in order for every reader', async () => {
  const page = await world.visitAs('/credentials')
  await inEveryLook(page, 'credentials', async () => {
    await rows(page).first().waitFor()
    const state = rows(page).first().getByText('ok', { exact: true })
    expect(await state.count()).toBe(1)
  })
})

it('keeps long words in their place, tells everything on a phone, and each row is a link', async () => {
  const long = 'x'.repeat(64)
  const key = { type: 'claude/api-key', name: long, owner: 'org', fields: { key: fakeKey('long') } } as const
  const { id } = await world.owner.call('credentials.create', key)
  const prompt = `https://example.test/${'y'.repeat(400)}`
  const run = await world.owner.call('runs.create', { harness: 'claude', prompt })
  const page = await world.visitAs('/')
  const looks = [
    ['/credentials?search=xxx', /^x{64}$/],
    [`/credentials/${id}`, 'Last characters'],
    [`/runs/${run.id}`, 'Harness credential'],
    ['/runs', /y{30}/],
    [`/explain?harness=claude&credential=${id}`, /^x{64}$/],
    ['/audit', 'run.create'],
  ] as const
  for (const viewport of [WIDE, PHONE]) {
    await page.setViewportSize(viewport)
    for (const [path, text] of looks) {
      await page.goto(`${world.server.url}${path}`)
      await page.locator('#main').getByText(text).filter({ visible: true }).first().waitFor()
      const beyond = await page.evaluate(BEYOND)
      expect([path, viewport.width, beyond]).toEqual([path, viewport.width, 0])
    }
  }
  await picture(page, 'audit-phone')
  await page
    .getByRole('row', { name: /main|system|ada|owner/i })
    .first()
    .waitFor()
  await page.goto(`${world.server.url}/credentials?search=xxx`)
  await page.getByRole('row', { name: /x{64}.*claude\/api-key.*Organization/ }).waitFor()
  await picture(page, 'credentials-long-phone')
  const link = page.getByRole('row').getByRole('link', { name: long })
  expect(new URL((await link.getAttribute('href')) ?? '', world.server.url).pathname).toBe(
    `/credentials/${id}`,
  )
  const other = page.context().waitForEvent('page')
  await page.getByRole('row', { name: long }).click({ modifiers: ['ControlOrMeta'] })
  await (await other).getByRole('heading', { level: 1, name: long }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/credentials')
})

it('says once that it was deleted elsewhere, and leads back', async () => {
  const key = {
    type: 'claude/api-key',
    name: 'short-lived',
    owner: 'org',
    fields: { key: fakeKey('s') },
  } as const
  const { id } = await world.owner.call('credentials.create', key)
  const page = await world.visitAs(`/credentials/${id}`)
  await page.getByRole('heading', { name: 'About' }).waitFor()
  await world.owner.call('credentials.delete', { id })
  await page.getByRole('alert').getByText('short-lived was deleted.').waitFor()
  expect(await page.getByRole('alert').count()).toBe(1)
  expect(await page.getByRole('heading', { name: 'About' }).count()).toBe(0)
  await page.getByRole('link', { name: 'All credentials' }).click()
  await rows(page).first().waitFor()
})

it('is deleted only after its name was typed', async () => {
  const page = await world.visitAs('/credentials?owner=me')
  await page.getByRole('row', { name: /mine/ }).click()
  await page.getByRole('button', { name: 'What to do with it' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete mine?' })
  const remove = dialog.getByRole('button', { name: 'Delete', exact: true })
  expect(await remove.isDisabled()).toBe(true)
  expect(await accessibilityFaults(page)).toEqual([])
  await dialog.getByLabel('Type mine to go on').fill('mine')
  await remove.click()
  await page.getByText('mine is deleted.', { exact: true }).waitFor()
  await heading(page).waitFor()
  expect((await world.owner.call('credentials.list', { name: 'mine' })).credentials).toEqual([])
})

it('shows the own sentence of the API when something is refused', async () => {
  const page = await world.visitAs('/credentials/no-such-credential')
  const error = await world.owner
    .call('credentials.get', { id: 'no-such-credential' })
    .catch((thrown) => thrown)
  await page.getByRole('alert').getByText(error.message).waitFor()
})
