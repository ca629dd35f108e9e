// Coming in and going out, in a real browser: by the first link, by an invitation, by e-mail and password; a terminal that is
// let in; a session that ends elsewhere; and what others try at these doors.

import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { accessibilityFaults, PHONE, picture } from '../support/browser.ts'
import { PASSWORD, useConsole } from '../support/use-console.ts'
import { signIn } from './by-hand.ts'

const FIRST = 'grace@example.test'

const world = useConsole()

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })
const pathOf = (page: Page) => new URL(page.url()).pathname

it('the first person comes in by the link of the terminal, once', async () => {
  const link = world.server.signInLink?.expose() ?? ''
  const path = link.slice(world.server.url.length)
  const page = await world.visit(path)
  await page.getByLabel('Your name').fill('Grace Hopper')
  await page.getByLabel('Your e-mail').fill(FIRST)
  await page.getByLabel('Password').fill('short')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await heading(page, 'Welcome to Claviger').waitFor()
  await page.getByText('become the owner of My organization').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'join-wide-light')
  await page.getByLabel('Password').fill(PASSWORD)
  // Used up, the link is not asked about again: for a moment the page would say that it does not work.
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await page.getByRole('button', { name: 'Set the password' }).click()
  await heading(page, 'Overview').waitFor()
  expect(pathOf(page)).toBe('/')
  expect(asked).toContain('/api/v1/invitations/accept')
  expect(asked).not.toContain('/api/v1/invitations/describe')
  await page.getByRole('button', { name: /^You:/ }).click()
  await page.getByRole('menu').getByText('Grace Hopper').waitFor()
  const other = await world.visit(path)
  await heading(other, 'This link does not work').waitFor()
  await other.getByRole('alert').waitFor()
})

it('a sentence of the API says what is wrong, and the right password leads to where one wanted to go', async () => {
  const page = await world.visit('/settings/personal')
  await signIn(page, FIRST, 'not the password')
  const error = await fetch(`${world.server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: world.server.url },
    body: JSON.stringify({ email: FIRST, password: 'not the password' }),
  })
  const { message } = (await error.json()) as { message: string }
  await page.getByRole('alert').getByText(message).waitFor()
  await signIn(page, FIRST)
  await page.getByRole('heading', { name: 'You', exact: true }).waitFor()
  expect(pathOf(page)).toBe('/settings/personal')
  const cookies = await page.context().cookies()
  expect(cookies.map(({ httpOnly, secure, sameSite }) => ({ httpOnly, secure, sameSite }))).toEqual([
    { httpOnly: true, secure: true, sameSite: 'Strict' },
  ])
})

it('whoever signs out is out, and so is whoever goes back', async () => {
  const page = await world.visit('/')
  await signIn(page, FIRST)
  await page.getByRole('button', { name: /^You:/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await heading(page, 'Sign in to Claviger').waitFor()
  expect(await page.context().cookies()).toEqual([])
  await page.goBack()
  await heading(page, 'Sign in to Claviger').waitFor()
})

it('a session that is ended elsewhere leads to the sign-in page, and back', async () => {
  await world.invite('eve@example.test', 'member')
  const page = await world.visitAs('/settings/personal', 'eve@example.test')
  await page.getByRole('heading', { name: 'You', exact: true }).waitFor()
  await world.owner.call('members.remove', { member: 'eve@example.test' })
  await page.getByRole('link', { name: 'Credentials' }).click()
  await heading(page, 'Sign in to Claviger').waitFor()
  expect(new URL(page.url()).searchParams.get('next')).toBe('/credentials')
})

it('a sign-in leads nowhere else, whatever the address says', async () => {
  for (const next of ['//evil.test/', 'https://evil.test/', 'javascript:alert(1)', '/\\evil.test']) {
    const page = await world.visit(`/sign-in?next=${encodeURIComponent(next)}`)
    await signIn(page, FIRST)
    await heading(page, 'Overview').waitFor()
    expect(new URL(page.url()).origin).toBe(world.server.url)
  }
})

it('somebody who is invited joins, and sees what a member sees', async () => {
  const { link } = await world.owner.call('invitations.create', { email: 'bob@example.test', role: 'member' })
  const page = await world.visit(link.slice(world.server.url.length), { viewport: PHONE })
  await heading(page, 'Join My organization').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await page.getByLabel('Your name').fill('Bob <b>bold</b>')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Join' }).click()
  await heading(page, 'Overview').waitFor()
  await page.getByRole('button', { name: 'Places' }).click()
  await page.getByRole('dialog').getByRole('link', { name: 'Settings' }).waitFor()
  expect(await page.getByRole('dialog').getByRole('link', { name: 'Audit' }).count()).toBe(0)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^You:/ }).click()
  await page.getByText('Bob <b>bold</b>').waitFor()
})

it('a terminal is let in by who is signed in, after they have seen which one it is', async () => {
  const started = await world.owner.call('device.start', { client: 'laptop <img src=x>' })
  const page = await world.visit(`/device?code=${started.userCode}`)
  await signIn(page, FIRST)
  await page.getByText('laptop <img src=x>').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'device-wide-light')
  const poll = () => world.owner.call('device.poll', { deviceCode: started.deviceCode })
  expect(await poll()).toMatchObject({ state: 'pending' })
  await page.getByRole('button', { name: 'Let it in' }).click()
  await page.getByText(/is signed in/).waitFor()
  expect(await poll()).toMatchObject({ state: 'approved', person: { email: FIRST } })
})

it('one organization is left for another without a trace of the first', async () => {
  await world.owner.call('organizations.create', { name: 'Second house', owner: FIRST })
  const page = await world.visit('/')
  await signIn(page, FIRST)
  await page.getByRole('button', { name: /^You:/ }).click()
  await page.getByRole('menuitemradio', { name: 'Second house' }).click()
  await page.getByText('Second house').first().waitFor()
  await page.getByRole('button', { name: /^You:/ }).click()
  await page.getByRole('menuitemradio', { name: 'Second house', checked: true }).waitFor()
})
