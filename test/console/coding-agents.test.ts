// Settings of coding agents in a real browser: the order by keyboard, mouse and finger, a harness off and on, whom subscriptions may serve,
// and what a member sees of all that.

import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { accessibilityFaults, PHONE, picture } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'
import { chooseType } from './by-hand.ts'
import { inEveryLook } from './looks.ts'

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

const list = (page: Page) => page.getByRole('list', { name: 'Claude Code, of the organization', exact: true })
const names = async (page: Page) =>
  (await list(page).getByRole('listitem').allInnerTexts()).map((text) => /one|two|three/.exec(text)?.[0])
const order = async (owner = 'org') =>
  (await world.owner.call('credentials.getOrder', { owner, harness: 'claude' })).credentials.map(
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

it('one is added where it is missing, for whom and what is chosen already', async () => {
  const page = await world.visitAs(PATH)
  for (const [of, owner] of [
    ['you', 'Personal'],
    ['the organization', 'Organization'],
  ]) {
    await page.getByRole('button', { name: `Add a credential: Codex, of ${of}` }).click()
    const dialog = await chooseType(page, 'OpenAI API key')
    expect(await dialog.getByLabel('Owner').locator('option:checked').innerText()).toBe(owner)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
  const bob = await world.visitAs(PATH, BOB)
  await bob.getByRole('button', { name: 'Add a credential: Codex, of you' }).waitFor()
  expect(
    await bob.getByRole('button', { name: 'Add a credential: Codex, of the organization' }).count(),
  ).toBe(0)
})

const handle = (page: Page, name: string) => page.getByRole('button', { name: `Drag ${name}`, exact: true })
const said = (page: Page, words: string) =>
  page.getByText(words, { exact: true }).waitFor({ state: 'attached' })

async function middle(page: Page, name: string) {
  const box = await handle(page, name).boundingBox()
  if (box === null) throw new Error(`nothing to drag ${name} by is in sight`)
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

it('is put in an order by dragging, which is said aloud, and left as it was by escape', async () => {
  const page = await world.visitAs(PATH)
  await list(page).waitFor()
  expect(await names(page)).toEqual(['one', 'three', 'two'])
  await handle(page, 'two').scrollIntoViewIfNeeded()
  const [from, to] = [await middle(page, 'two'), await middle(page, 'one')]
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(to.x, to.y, { steps: 8 })
  await said(page, 'two is held as number 1 of 3.')
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'settings-order-dragging-wide-light')
  await page.mouse.up()
  await said(page, 'two is number 1 now.')
  expect(await names(page)).toEqual(['two', 'one', 'three'])
  expect(await order()).toEqual(['two', 'one', 'three'])
  const raise = async () => {
    await page.keyboard.press('Space')
    await said(page, 'three is held as number 3 of 3.')
    await page.keyboard.press('ArrowUp')
    await said(page, 'three is held as number 2 of 3.')
  }
  await handle(page, 'three').focus()
  await raise()
  await page.keyboard.press('Escape')
  await said(page, 'three stays number 3 of 3.')
  expect(await order()).toEqual(['two', 'one', 'three'])
  await raise()
  await page.keyboard.press('Space')
  await said(page, 'three is number 2 now.')
  expect(await order()).toEqual(['two', 'three', 'one'])
  await expect
    .poll(() => page.evaluate('document.activeElement.getAttribute("aria-label")'))
    .toBe('Drag three')
})

it('is put in an order with a finger', async () => {
  const page = await world.visitAs(PATH, undefined, { viewport: PHONE, hasTouch: true, isMobile: true })
  await list(page).waitFor()
  expect(await names(page)).toEqual(['two', 'three', 'one'])
  await handle(page, 'three').scrollIntoViewIfNeeded()
  const [from, to] = [await middle(page, 'one'), await middle(page, 'two')]
  const finger = await page.context().newCDPSession(page)
  const touch = (type: 'touchStart' | 'touchMove', { x, y }: { x: number; y: number }) =>
    finger.send('Input.dispatchTouchEvent', { type, touchPoints: [{ x, y }] })
  await touch('touchStart', from)
  for (const share of [0.2, 0.5, 0.8, 1])
    await touch('touchMove', { x: from.x, y: from.y + (to.y - from.y) * share })
  await said(page, 'one is held as number 1 of 3.')
  await finger.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  await said(page, 'one is number 1 now.')
  expect(await order()).toEqual(['one', 'two', 'three'])
  await world.owner.call('credentials.setOrder', { owner: 'org', harness: 'claude', credentials: [] })
})

it('moves all credentials of a type at once', async () => {
  await create('second', 'me')
  const fields = { token: 'not-a-secret', region: 'us-east-1' }
  const cloud = { type: 'claude/bedrock-api-key', name: 'cloud', owner: 'me', fields } as const
  await world.owner.call('credentials.create', cloud)
  const page = await world.visitAs(PATH)
  const own = page.getByRole('list', { name: 'Claude Code, of you', exact: true })
  await own.getByText('cloud').waitFor()
  await page.getByText('Order whole types').click()
  const types = page.getByRole('list', { name: 'Types of Claude Code, of you' })
  const [first = '', second = ''] = await types
    .getByRole('button', { name: /^Drag/ })
    .all()
    .then((all) => Promise.all(all.map((one) => one.getAttribute('aria-label'))))
    .then((labels) => labels.map((label) => label?.replace('Drag ', '') ?? ''))
  await page.getByRole('button', { name: `Move ${second} up` }).click()
  await said(page, `All of ${second} are number 1 of the types now.`)
  expect(await order('me')).toEqual(['cloud', 'mine', 'second'])
  expect(await accessibilityFaults(page)).toEqual([])
  await page.getByRole('button', { name: `Move ${first} up` }).click()
  await said(page, `All of ${first} are number 1 of the types now.`)
  expect(await order('me')).toEqual(['mine', 'second', 'cloud'])
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
  expect(await page.getByRole('button', { name: /^(Drag|Move|Switch|Order)/ }).count()).toBe(0)
  expect(await page.getByRole('combobox').count()).toBe(0)
})

it('is in order for every reader', async () => {
  const page = await world.visitAs(PATH)
  await inEveryLook(page, 'settings-coding-agents', () => list(page).waitFor())
})
