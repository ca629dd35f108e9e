// The console around its pages, in a real browser: signing in is asked for, one can go anywhere by mouse and by keyboard, it
// looks right, and nothing in it trips over the page's own policy.

import { expect, it } from 'vitest'
import { accessibilityFaults } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const world = useConsole()

const storeKey = (name: string) =>
  world.owner.call('credentials.create', {
    ...{ type: 'claude/api-key', name, owner: 'org', fields: { key: fakeKey(name) } },
  })

it('asks who one is, and remembers where one wanted to go', async () => {
  const page = await world.visit('/credentials?state=needs_login')
  await page.getByRole('heading', { name: 'Sign in to Claviger' }).waitFor()
  expect(new URL(page.url()).searchParams.get('next')).toBe('/credentials?state=needs_login')
  expect(await accessibilityFaults(page)).toEqual([])
})

it('goes to every place by mouse and by keyboard, and to none that is not there', async () => {
  const page = await world.visitAs('/')
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  for (const [name, path] of [
    ['Credentials', '/credentials'],
    ['Runs', '/runs'],
    ['Explain', '/explain'],
    ['Audit', '/audit'],
    ['Settings', '/settings/coding-agents'],
  ] as const) {
    await page.getByRole('navigation').getByRole('link', { name }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    expect(new URL(page.url()).pathname).toBe(path)
  }
  await page.keyboard.press('g')
  await page.keyboard.press('c')
  await page.getByRole('heading', { level: 1, name: 'Credentials' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').pressSequentially('over')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.goto(`${world.server.url}/settings/personal`)
  await page.getByRole('tab', { name: 'Personal', selected: true }).waitFor()
})

it('gives the focus back to what opened a window, and is covered by its scrim to the edge', async () => {
  const page = await world.visitAs('/credentials')
  const focused = () => page.evaluate('document.activeElement.textContent')
  const bell = page.getByRole('button', { name: 'Find' })
  await bell.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('combobox').waitFor()
  const reaches = 'document.elementFromPoint(innerWidth - 1, innerHeight / 2).matches(".bg-scrim")'
  expect(await page.evaluate(reaches)).toBe(true)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await expect.poll(focused).toMatch(/^Find/)
  const key = {
    type: 'claude/api-key',
    name: 'focus',
    owner: 'me',
    fields: { key: fakeKey('focus') },
  } as const
  const { id } = await world.owner.call('credentials.create', key)
  await page.goto(`${world.server.url}/credentials/${id}`)
  const menu = page.getByRole('button', { name: 'What to do with it' })
  await menu.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Rename…' }).press('Enter')
  await page.getByRole('dialog', { name: 'Rename focus' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await expect.poll(() => menu.evaluate((button) => button.ownerDocument.activeElement === button)).toBe(true)
})

it('finds by name what there is, says when there is nothing, and shows its keys', async () => {
  await storeKey('needle')
  const { id } = await world.owner.call('runs.create', { harness: 'claude', prompt: 'Thread the needle' })
  const page = await world.visitAs('/')
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.keyboard.press('/')
  await page.getByRole('combobox').fill('needle')
  await page.getByRole('option', { name: /^needle\s*Credential$/ }).waitFor()
  await page.getByRole('option', { name: /Thread the needle/ }).click()
  await page.getByRole('heading', { level: 1, name: 'Thread the needle' }).waitFor()
  expect(new URL(page.url()).pathname).toBe(`/runs/${id}`)
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('ada@')
  await page.getByRole('option', { name: /ada@example\.test/ }).waitFor()
  await page.getByRole('combobox').fill('no such thing')
  await page.getByRole('status').getByText('Nothing is called that.').waitFor()
  await page.getByRole('combobox').fill('start a')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Start a run' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys of the console' }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
})

it('says so itself when the server is away or the device is offline, and keeps what is written', async () => {
  await storeKey('draft')
  const { id } = await world.owner.call('runs.create', { harness: 'claude', prompt: 'A draft' })
  const page = await world.visitAs(`/runs/${id}`)
  const draft = page.getByLabel('Message', { exact: true })
  await draft.fill('Not sent yet')
  await world.whileAway(async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Audit' }).click()
    await page.getByText('The server does not answer.').waitFor()
    await page.getByRole('heading', { level: 1, name: 'This page cannot be shown' }).waitFor()
  })
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor()
  await page.goBack()
  expect(await draft.inputValue()).toBe('Not sent yet')
  await page.context().setOffline(true)
  await page.getByRole('navigation').getByRole('link', { name: 'Credentials' }).click()
  await page.getByText('This device is offline.').first().waitFor()
  await page.context().setOffline(false)
})

it('keeps the look somebody chose, from the first moment on', async () => {
  const page = await world.visitAs('/', undefined, { colorScheme: 'light' })
  const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
  await page.getByRole('button', { name: /^You:/ }).waitFor()
  const light = await background()
  await page.getByRole('button', { name: /^You:/ }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  const dark = await background()
  expect(dark).not.toBe(light)
  await page.reload({ waitUntil: 'commit' })
  await page.waitForFunction('document.body !== null')
  expect(await background()).toBe(dark)
})

it('can be installed, and keeps its own files only', async () => {
  const page = await world.visitAs('/', undefined, { serviceWorkers: 'allow' })
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)')
  await page.waitForFunction('navigator.serviceWorker.controller !== null')
  await page.goto(`${world.server.url}/credentials`)
  await page.getByRole('heading', { level: 1, name: 'Credentials' }).waitFor()
  const keys = "caches.open('claviger-assets').then((cache) => cache.keys())"
  await page.waitForFunction(`${keys}.then((all) => all.some(({ url }) => url.includes('/assets/list-')))`)
  const kept = (await page.evaluate(
    `${keys}.then((all) => all.map(({ url }) => new URL(url).pathname))`,
  )) as string[]
  expect(kept.length).toBeGreaterThan(3)
  expect(kept.filter((path) => !path.startsWith('/assets/'))).toEqual([])
  expect(await page.evaluate('caches.keys()')).toEqual(['claviger-assets'])
  const session = await page.context().newCDPSession(page)
  const { errors } = await session.send('Page.getAppManifest')
  expect(errors).toEqual([])
})

it('has no fault of accessibility, light and dark, wide and on a phone', async () => {
  const page = await world.visitAs('/settings/personal')
  await inEveryLook(page, 'settings', () => page.getByRole('heading', { name: 'You', exact: true }).waitFor())
  await page.getByRole('button', { name: 'Places' }).click()
  await page.getByRole('dialog').getByRole('link', { name: 'Runs' }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
})
