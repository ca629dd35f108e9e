// Settings of the organization in a real browser: members and roles, an invitation whose link is shown once, teams.

import { beforeAll, expect, it } from 'vitest'
import { accessibilityFaults, PHONE, picture } from '../support/browser.ts'
import { useConsole } from '../support/use-console.ts'

const BOB = 'bob@example.test'
const PATH = '/settings/organization'

const world = useConsole()

beforeAll(async () => {
  await world.invite(BOB, 'member')
})

const member = async (email: string) =>
  (await world.owner.call('members.list', {})).members.find((one) => one.email === email)

it('somebody is invited by a link that is shown once, and it can be revoked', async () => {
  const page = await world.visitAs(PATH)
  await page.getByRole('button', { name: 'Invite somebody' }).click()
  const form = page.getByRole('dialog', { name: 'Invite somebody' })
  await form.getByLabel('E-mail').fill('eve@example.test')
  await form.getByLabel('Role').selectOption('auditor')
  const made: string[] = []
  page.on('request', (request) => request.method() === 'POST' && made.push(request.url()))
  // Twice in one task, as a mouse does that bounces.
  await form.getByRole('button', { name: 'Make the link' }).evaluate((button: { click(): void }) => {
    button.click()
    button.click()
  })
  const shown = page.getByRole('dialog', { name: 'Invitation for eve@example.test' })
  const link = await shown.locator('code').innerText()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'settings-invitation-wide-light')
  expect(made).toHaveLength(1)
  // It cannot be had again: a key or a press that slips does not take it away.
  await page.keyboard.press('Escape')
  await page.mouse.click(5, 5)
  expect(await shown.locator('code').innerText()).toBe(link)
  await shown.getByRole('button', { name: 'I have it' }).click()
  await page.getByText('to join as auditor').waitFor()
  expect(await page.content()).not.toContain(link)
  const code = new URL(link).searchParams.get('code') ?? ''
  expect(await world.owner.call('invitations.describe', { code })).toMatchObject({
    email: 'eve@example.test',
    role: 'auditor',
  })
  await page.getByRole('button', { name: 'Revoke the link for eve@example.test' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('to join as auditor').waitFor({ state: 'detached' })
  await expect(world.owner.call('invitations.describe', { code })).rejects.toThrow()
})

it('roles are changed, teams made, filled and deleted, and a member removed after the e-mail was typed', async () => {
  const page = await world.visitAs(PATH)
  await page.getByLabel('New team').fill('mobile')
  await page.getByRole('button', { name: 'Make the team' }).click()
  await page.getByLabel('Put somebody into mobile').selectOption(BOB)
  await page.getByRole('button', { name: `Take ${BOB} out of mobile` }).waitFor()
  await page.getByLabel(`Role of ${BOB}`).selectOption('admin')
  await expect.poll(async () => (await member(BOB))?.role).toBe('admin')
  expect((await member(BOB))?.teams).toEqual(['mobile'])
  await page.getByRole('button', { name: `Take ${BOB} out of mobile` }).click()
  await page.getByText('Nobody is in it').waitFor()
  await page.getByRole('button', { name: 'Delete the team mobile' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('The team mobile is deleted.', { exact: true }).waitFor()
  await world.invite('gone@example.test', 'member')
  await page.getByRole('button', { name: 'What to do with gone@example.test' }).click()
  await page.getByRole('menuitem', { name: 'Remove…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Remove gone@example.test?' })
  await dialog.getByText(/0 personal credentials/).waitFor()
  expect(await dialog.getByRole('button', { name: 'Remove', exact: true }).isDisabled()).toBe(true)
  await dialog.getByLabel(/^Type/).fill('gone@example.test')
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByText('gone@example.test is no member any more.', { exact: true }).waitFor()
  expect(await member('gone@example.test')).toBeUndefined()
})

it('is in order for every reader, and shows a member nobody else', async () => {
  await world.invite('carl@example.test', 'member')
  const carl = await world.visitAs(PATH, 'carl@example.test')
  await carl.getByText('Only admins change what is here', { exact: false }).waitFor()
  expect(await carl.getByRole('heading', { name: 'Members' }).count()).toBe(0)
  const page = await world.visitAs(PATH)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.getByLabel(`Role of ${BOB}`).waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await picture(page, `settings-organization-wide-${colorScheme}`)
  }
  await page.setViewportSize(PHONE)
  expect(await accessibilityFaults(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  await picture(page, 'settings-organization-phone-dark')
})
