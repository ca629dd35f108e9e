// Settings of the organization in a real browser: members and roles, an invitation whose link is shown once, teams, tokens,
// webhooks and what they were told.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { accessibilityFaults, picture } from '../support/browser.ts'
import { signInByDevice } from '../support/device-login.ts'
import { codeIn } from '../support/links.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { OWNER, useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const BOB = 'bob@example.test'
const PATH = '/settings/organization'

const settings = { openaiIssuer: '', allowPrivateUpstreams: 'yes' }

let sandbox: Sandbox
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver()
  sandbox = await startSandbox()
  sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  settings.openaiIssuer = sandbox.issuerUrl
})

const world = useConsole(settings)

afterAll(async () => {
  await sandbox.close()
  await receiver[Symbol.asyncDispose]()
})

beforeAll(async () => {
  await world.invite(BOB, 'member')
})

const member = async (email: string) =>
  (await world.owner.call('members.list', {})).members.find((one) => one.email === email)

/** By hand, with the question that is asked first. */
async function put(page: Page, email: string, team: string, called = email): Promise<void> {
  await page.getByLabel(`Put somebody into ${team}`).selectOption(email)
  const asks = page.getByRole('dialog', { name: `Put ${called} into ${team}?` })
  await asks.getByRole('button', { name: 'Put in' }).click()
  await page.getByRole('button', { name: `Take ${email} out of ${team}` }).waitFor()
}

it('an owner names the organization, and everybody themselves', async () => {
  const page = await world.visitAs(PATH)
  const name = page.getByLabel('Name of the organization')
  await name.fill('Acme')
  await name.press('Enter')
  await page.getByText('It is Acme now.', { exact: true }).waitFor()
  expect((await world.owner.call('session.read', {})).organization.name).toBe('Acme')
  const bob = await world.visitAs('/settings/personal', BOB)
  await bob.getByLabel('Your name').fill('Bob Ross')
  await bob.getByLabel('Your name').press('Enter')
  await bob.getByText('It is Bob Ross now.', { exact: true }).waitFor()
  expect((await member(BOB))?.name).toBe('Bob Ross')
  await world.visitAs(PATH, BOB).then((own) => own.getByText('Acme', { exact: true }).first().waitFor())
})

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
  const code = codeIn(link)
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
  await put(page, BOB, 'mobile')
  await page.getByLabel(`Role of ${BOB}`).selectOption('admin')
  const asks = page.getByRole('dialog', { name: `Make ${BOB} an admin?` })
  await asks.getByRole('button', { name: 'Keep it' }).click()
  await asks.waitFor({ state: 'detached' })
  expect([(await member(BOB))?.role, await page.getByLabel(`Role of ${BOB}`).inputValue()]).toEqual([
    ...['member', 'member'],
  ])
  await page.getByLabel(`Role of ${BOB}`).selectOption('admin')
  await asks.getByRole('button', { name: 'Change the role' }).click()
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

it('somebody is put into a team after a question that says what it gives them, and oneself by the same', async () => {
  await world.owner.call('teams.create', { team: 'web' })
  await world.invite('aud@example.test', 'auditor')
  const page = await world.visitAs(PATH)
  const choice = page.getByLabel('Put somebody into web')
  await choice.selectOption(BOB)
  const asks = page.getByRole('dialog', { name: `Put ${BOB} into web?` })
  await asks.getByText(`${BOB} can see and change the credentials of the team already`).waitFor()
  await asks.getByRole('button', { name: 'Not now' }).click()
  await asks.waitFor({ state: 'detached' })
  expect([(await member(BOB))?.teams, await choice.inputValue()]).toEqual([[], ''])
  await world.owner.call('members.update', { member: BOB, role: 'member' })
  await expect.poll(() => page.getByLabel(`Role of ${BOB}`).inputValue()).toBe('member')
  await choice.selectOption(BOB)
  await asks.getByText(`${BOB} will see, use and change all credentials of the team`).waitFor()
  await asks.getByText('Their runs may get these credentials from now on').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'settings-team-wide-light')
  await page.keyboard.press('Escape')
  await choice.selectOption('aud@example.test')
  const auditor = page.getByRole('dialog', { name: 'Put aud@example.test into web?' })
  await auditor.getByText('an auditor begins no runs').waitFor()
  await page.keyboard.press('Escape')
  await put(page, OWNER, 'web', 'yourself')
  expect((await world.owner.call('teams.list', {})).teams).toContainEqual({ team: 'web', members: [OWNER] })
})

it('a webhook is told some kinds only, what became of that is seen, and it is told again', async () => {
  const page = await world.visitAs(PATH)
  await page.getByRole('button', { name: 'Add a webhook' }).click()
  const form = page.getByRole('dialog', { name: 'Add a webhook' })
  await form.getByLabel('Address').fill(receiver.url)
  await form.getByLabel(/^Everything/).uncheck()
  expect(await form.getByRole('button', { name: 'Add it' }).isDisabled()).toBe(true)
  await form.getByLabel('A login is over', { exact: true }).check()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'settings-webhook-wide-light')
  await form.getByRole('button', { name: 'Add it' }).click()
  const shown = page.getByRole('dialog', { name: 'Secret of the webhook' })
  receiver.secret = await shown.locator('code').innerText()
  await shown.getByRole('button', { name: 'I have it' }).click()
  const webhook = page.getByRole('list', { name: 'Webhooks' }).getByRole('listitem')
  await webhook.getByText('A login is over', { exact: true }).waitFor()
  expect((await world.owner.call('webhooks.list', {})).webhooks).toMatchObject([
    { url: receiver.url, events: ['grant.login_needed'] },
  ])
  await loseLogin()
  const told = page.getByRole('list', { name: 'Events' }).getByRole('listitem')
  const event = told.filter({ hasText: 'A login is over: chatgpt' })
  await event.getByText('taken', { exact: true }).waitFor()
  await event.getByText('1 try, last answer 204').waitFor()
  expect(receiver.received.map(({ genuine }) => genuine)).toEqual([true])
  receiver.answer = (response) => response.writeHead(410).end()
  await page.getByRole('button', { name: 'Send again: A login is over, chatgpt' }).click()
  await page.getByText('It is sent again to 1 webhook.', { exact: true }).waitFor()
  await event.getByText('given up', { exact: true }).waitFor()
  expect(receiver.received.map(({ id }) => id)).toEqual([receiver.received[0]?.id, receiver.received[0]?.id])
  await page.getByLabel('Only what some webhook has not taken').check()
  await event.getByText('given up', { exact: true }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await page.getByRole('heading', { name: 'What webhooks were told' }).scrollIntoViewIfNeeded()
  await picture(page, 'settings-told-wide-light')
  receiver.answer = (response) => response.writeHead(204).end()
  await page.getByRole('button', { name: /^Send again/ }).click()
  await page.getByText('There are none.', { exact: true }).last().waitFor()
})

/** A login that its provider does not renew any more. */
async function loseLogin(): Promise<void> {
  const credential = await signInByDevice(world.owner, sandbox, 'chatgpt')
  const lease = await world.owner.call('leases.create', { harness: 'codex', credential })
  sandbox.oauth.revokeLogin(sandbox.oauth.logins()[0]?.id ?? '')
  const generation = lease.credential?.generation ?? 0
  await world.owner.call('leases.reject', { id: lease.id, generation, status: 401 })
}

it('all tokens are listed with whose they are and their use, and revoked', async () => {
  const { owner, server } = world
  await owner.call('tokens.create', { name: 'laptop', role: 'auditor', expiresInSeconds: null })
  await owner.call('agents.create', { name: 'nightly' })
  const given = { agent: 'nightly', name: 'robot', expiresInSeconds: 86_400 }
  const { token } = await owner.call('agents.token', given)
  await createClient({ server: server.url, token: new Secret(token) }).call('whoami', {})
  const page = await world.visitAs(PATH)
  const tokens = page.getByRole('list', { name: 'All tokens' }).getByRole('listitem')
  const [laptop, robot] = [tokens.filter({ hasText: 'laptop' }), tokens.filter({ hasText: 'robot' })]
  for (const words of [`of ${OWNER}`, 'as auditor', 'never used', 'never expires'])
    await laptop.getByText(words).waitFor()
  for (const words of ['of the agent nightly', 'used just now', 'expires tomorrow'])
    await robot.getByText(words).waitFor()
  await page.getByRole('button', { name: 'Revoke the token robot' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('The token robot is revoked.', { exact: true }).waitFor()
  await robot.waitFor({ state: 'detached' })
  await page.getByLabel('Also those that were revoked').check()
  await robot.getByText('revoked', { exact: true }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await page.getByRole('heading', { name: 'All tokens' }).scrollIntoViewIfNeeded()
  await picture(page, 'settings-tokens-wide-light')
  await world.invite('eve@example.test', 'auditor')
  const eve = await world.visitAs(PATH, 'eve@example.test')
  await eve.getByRole('list', { name: 'All tokens' }).getByText('laptop').waitFor()
  await eve.getByRole('list', { name: 'Events' }).waitFor()
  expect(await eve.getByRole('button', { name: /^(Revoke|Send again|Add a webhook)/ }).count()).toBe(0)
  expect(await accessibilityFaults(eve)).toEqual([])
})

it('is in order for every reader, and shows a member nobody else', async () => {
  await world.invite('carl@example.test', 'member')
  const carl = await world.visitAs(PATH, 'carl@example.test')
  await carl.getByText('Only admins change what is here', { exact: false }).waitFor()
  expect(await carl.getByRole('heading', { name: 'Members' }).count()).toBe(0)
  const page = await world.visitAs(PATH)
  await inEveryLook(page, 'settings-organization', () => page.getByLabel(`Role of ${BOB}`).waitFor())
})
