// Settings of one's own in a real browser: preferences, tokens, sessions, the password, a second factor and signing in with
// it, an account elsewhere that is linked and signed in with, and leaving.

import { readFile } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'
import readQr from 'qr/decode.js'
import { afterAll, expect, it } from 'vitest'
import { codeOf, fromBase32 } from '../../src/identity/app-codes.ts'
import { accessibilityFaults, picture } from '../support/browser.ts'
import { CLIENT, startIdentityProviders } from '../support/identity-providers.ts'
import { OWNER, PASSWORD, useConsole } from '../support/use-console.ts'
import { signIn } from './by-hand.ts'
import { inEveryLook } from './looks.ts'

const PATH = '/settings/personal'

const providers = await startIdentityProviders()
const world = useConsole({
  ...{ githubClientId: CLIENT.id, githubClientSecret: CLIENT.secret, githubUrl: providers.url },
})

afterAll(() => providers.close())

const overview = (page: Page) => page.getByRole('heading', { level: 1, name: 'Overview' })

it('keeps what runs begin with, and makes and revokes a token of one’s own', async () => {
  const page = await world.visitAs(PATH)
  await page.getByLabel('Harness').selectOption('codex')
  await page.getByLabel('Model of Claude Code').fill('a-model')
  await page.getByRole('button', { name: 'Keep these' }).click()
  await page.getByText('Your preferences are kept.', { exact: true }).waitFor()
  await page.reload()
  await expect.poll(() => page.getByLabel('Harness').inputValue()).toBe('codex')
  expect(await page.getByLabel('Model of Claude Code').inputValue()).toBe('a-model')
  await page.getByLabel('New token').fill('laptop')
  await page.getByLabel('It expires after').selectOption('30 days')
  await page.getByRole('button', { name: 'Make the token' }).click()
  const shown = page.getByRole('dialog', { name: 'Token laptop' })
  const authorization = `Bearer ${await shown.locator('code').innerText()}`
  const whoami = () => fetch(`${world.server.url}/api/v1/whoami`, { headers: { authorization } })
  expect(await (await whoami()).json()).toMatchObject({ kind: 'person', name: OWNER })
  await shown.getByRole('button', { name: 'I have it' }).click()
  await page.getByRole('button', { name: 'Revoke the token laptop' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('The token laptop is revoked.', { exact: true }).waitFor()
  expect((await whoami()).status).toBe(401)
})

it('lists the browsers one is signed in with, and signs another out', async () => {
  await world.invite('eve@example.test', 'member')
  const page = await world.visitAs(PATH, 'eve@example.test')
  const other = await world.visit('/')
  await signIn(other, 'eve@example.test')
  await overview(other).waitFor()
  await page.reload()
  await page.getByText('this one', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Sign out all others' }).click()
  await page.getByText('1 browser is signed out.', { exact: true }).waitFor()
  await other.getByRole('link', { name: 'Credentials' }).click()
  await other.getByRole('heading', { name: 'Sign in to Claviger' }).waitFor()
  await page.getByLabel('Current password').fill('not the password')
  await page.getByLabel('New password').fill('another long password')
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Current password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page
    .getByText(/^Your password is changed/)
    .first()
    .waitFor()
  await signIn(other, 'eve@example.test', 'another long password')
  await other.getByRole('heading', { name: 'Credentials', level: 1 }).waitFor()
})

it('a second factor is set up, asked for at the next sign-in, and a recovery code does, too', async () => {
  const email = 'dan@example.test'
  await world.invite(email, 'member')
  const page = await world.visitAs(PATH, email)
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const dialog = page.getByRole('dialog', { name: 'Set up an authenticator app' })
  await dialog.getByLabel('Your password').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Go on' }).click()
  const drawn = dialog.getByRole('img', { name: 'The secret, for the camera of your app' })
  await drawn.waitFor()
  const text = await dialog.locator('code').innerText()
  const uri = new URL(await readPicture(drawn))
  expect([uri.protocol, uri.searchParams.get('secret')]).toEqual(['otpauth:', text.replaceAll(' ', '')])
  await picture(page, 'settings-second-factor-wide-light')
  await page.emulateMedia({ colorScheme: 'dark' })
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'settings-second-factor-wide-dark')
  const secret = fromBase32((await dialog.locator('code').innerText()).replaceAll(' ', ''))
  const step = Math.floor(Date.now() / 30_000)
  await dialog.getByLabel('Code', { exact: true }).fill(codeOf(secret, step))
  expect(await accessibilityFaults(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Switch it on' }).click()
  const shown = page.getByRole('dialog', { name: 'Recovery codes' })
  const lines = shown.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem')
  await lines.first().waitFor()
  const codes = await lines.allInnerTexts()
  expect(codes.length).toBeGreaterThan(1)
  const keeping = page.waitForEvent('download')
  await shown.getByRole('button', { name: 'Keep as a file' }).click()
  const kept = await keeping
  expect(kept.suggestedFilename()).toBe('claviger-recovery-codes.txt')
  expect(await readFile(await kept.path(), 'utf8')).toBe(`${codes.join('\n')}\n`)
  await picture(page, 'settings-recovery-codes-wide-light')
  await shown.getByRole('button', { name: 'I have it' }).click()
  await page.getByText(`${codes.length} recovery codes are left.`).waitFor()
  const other = await world.visit('/')
  await signIn(other, email)
  await other.getByLabel('Code').fill('000 not a code')
  await other.getByRole('button', { name: 'Go on' }).click()
  await other.getByRole('alert').waitFor()
  expect(await accessibilityFaults(other)).toEqual([])
  await picture(other, 'sign-in-code-wide-light')
  await other.getByLabel('Code').fill(codes[0] ?? '')
  await other.getByRole('button', { name: 'Go on' }).click()
  await overview(other).waitFor()
  await page.reload()
  await page.getByText(`${codes.length - 1} recovery codes are left.`).waitFor()
  await page.getByRole('button', { name: 'Switch it off' }).click()
  const off = page.getByRole('dialog', { name: 'Switch the second factor off' })
  await off.getByLabel('Your password').fill(PASSWORD)
  await off.getByLabel(/^Code of the app/).fill(codes[1] ?? '')
  await off.getByRole('button', { name: 'Switch it off' }).click()
  await page.getByText('The second factor is off.', { exact: true }).waitFor()
})

it('the secret of a second factor stands there as text where its picture cannot be loaded', async () => {
  const email = 'fay@example.test'
  await world.invite(email, 'member')
  const page = await world.visitAs(PATH, email)
  const refused = page.waitForEvent('requestfailed')
  await page.route(/qr-code/, (route) => route.abort())
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const dialog = page.getByRole('dialog', { name: 'Set up an authenticator app' })
  await dialog.getByLabel('Your password').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Go on' }).click()
  expect((await refused).url()).toContain('qr-code')
  await dialog.getByLabel('Code', { exact: true }).waitFor()
  expect(await dialog.locator('code').innerText()).toMatch(/^[A-Z2-7]{16,}$/)
  expect(await dialog.getByRole('img').count()).toBe(0)
})

// As a camera sees it: each square of the drawing some pixels wide.
async function readPicture(drawn: Locator): Promise<string> {
  const [path, box] = [await drawn.locator('path').getAttribute('d'), await drawn.getAttribute('viewBox')]
  const squares = Number(box?.split(' ')[2])
  const size = squares * 4
  const data = new Uint8Array(size * size * 4).fill(255)
  for (const [, x, y] of (path ?? '').matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let row = 0; row < 4; row += 1) {
      const from = ((Number(y) * 4 + row) * size + Number(x) * 4) * 4
      for (let pixel = from; pixel < from + 16; pixel += 4) data.fill(0, pixel, pixel + 3)
    }
  }
  return readQr({ width: size, height: size, data })
}

it('a member leaves after the name was typed, with everything of theirs; the last owner stays', async () => {
  const email = 'gone@example.test'
  await world.invite(email, 'member')
  const page = await world.visitAs(PATH, email)
  const { name } = (await world.owner.call('whoami', {})).organization
  await page.getByRole('button', { name: `Leave ${name}…` }).click()
  const dialog = page.getByRole('dialog', { name: `Leave ${name}?` })
  await dialog.getByText(/0 personal credentials/).waitFor()
  const leave = dialog.getByRole('button', { name: 'Leave', exact: true })
  expect(await leave.isDisabled()).toBe(true)
  expect(await accessibilityFaults(page)).toEqual([])
  await dialog.getByLabel(/^Type/).fill(name)
  await leave.click()
  await page.getByRole('heading', { name: 'Sign in to Claviger' }).waitFor()
  const { members } = await world.owner.call('members.list', {})
  expect(members.map((one) => one.email)).not.toContain(email)
  await signIn(page, email)
  await page.getByRole('alert').waitFor()
  const last = await world.visitAs(PATH)
  await last.getByRole('button', { name: `Leave ${name}…` }).click()
  const asked = last.getByRole('dialog', { name: `Leave ${name}?` })
  await asked.getByLabel(/^Type/).fill(name)
  await asked.getByRole('button', { name: 'Leave', exact: true }).click()
  await asked
    .getByRole('alert')
    .getByText(/last owner/)
    .waitFor()
})

it('an account elsewhere is linked, signed in with, and unlinked', async () => {
  providers.who = { id: '77', name: 'ada-elsewhere', email: 'ada@elsewhere.test', isVerified: true }
  const stranger = await world.visit('/sign-in')
  await stranger.getByRole('button', { name: 'Sign in with GitHub' }).click()
  await stranger.getByText(/Nobody here has that account/).waitFor()
  const page = await world.visitAs(PATH)
  await page.getByRole('button', { name: 'Link GitHub' }).click()
  const proof = page.getByRole('dialog', { name: 'Link GitHub' })
  await proof.getByLabel('Your password').fill(`${PASSWORD} not`)
  await proof.getByRole('button', { name: 'Go on' }).click()
  await proof.getByText(/This is not your current password/).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await proof.getByLabel('Your password').fill(PASSWORD)
  await proof.getByRole('button', { name: 'Go on' }).click()
  await page.getByText('id 77').waitFor()
  expect(new URL(page.url()).pathname).toBe(PATH)
  const other = await world.visit(`/sign-in?next=${encodeURIComponent('/credentials')}`)
  await other.getByRole('button', { name: 'Sign in with GitHub' }).click()
  await other.getByRole('heading', { name: 'Credentials', level: 1 }).waitFor()
  await page.getByRole('button', { name: /^Unlink ada-elsewhere/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
  await page.getByText('The account is unlinked.', { exact: true }).waitFor()
})

it('is in order for every reader', async () => {
  const page = await world.visitAs(PATH)
  await inEveryLook(page, 'settings-personal', () => page.getByText('this one', { exact: true }).waitFor())
})
