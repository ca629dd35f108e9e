// Two people, two browsers, one story: Ada, an admin, shares a key and invites Bob; Bob sees of it what a member may, brings
// one of his own, which wins for his run; and Ada reads in the audit log which one served.

import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { useConsole } from '../support/use-console.ts'
import { addKey, go, heading, join, log, startRun, type } from './by-hand.ts'
import { openRunsHouse } from './runs-house.ts'

const SHARED = 'sk-ant-test-shared-0001'
const BOBS = 'sk-ant-test-of-bob-0002'
const [ADA, BOB] = ['ada.admin@example.test', 'bob@example.test']

const key = (value: string) => ({ provider: 'anthropic', kind: 'api-key', value }) as const
const house = await openRunsHouse([key(SHARED), key(BOBS)])
const world = useConsole(house.settings)

beforeAll(async () => {
  await house.startWorker(world)
  await world.invite(ADA, 'admin')
  house.sandbox.reply(({ lastUserMessage }) => `You said: ${lastUserMessage}`)
})

async function add(page: Page, name: string, key: string, owner?: string): Promise<void> {
  await go(page, 'Credentials')
  await page.getByRole('link', { name: 'Add a credential' }).first().click()
  await addKey(page, 'Anthropic API key', owner === undefined ? { name, key } : { name, key, owner })
}

async function invite(ada: Page): Promise<string> {
  await go(ada, 'Settings')
  await ada.getByRole('tab', { name: 'Organization' }).click()
  await ada.getByRole('button', { name: 'Invite somebody' }).click()
  const form = ada.getByRole('dialog', { name: 'Invite somebody' })
  await type(form.getByLabel('E-mail'), BOB)
  await form.getByRole('button', { name: 'Make the link' }).click()
  const link = await ada
    .getByRole('dialog', { name: `Invitation for ${BOB}` })
    .locator('code')
    .innerText()
  await ada.getByRole('button', { name: 'I have it' }).click()
  return link
}

it('Bob sees what a member may, his own key serves his run, and the audit log of Ada says so', async () => {
  const ada = await world.visitAs('/', ADA)
  await add(ada, 'shared', SHARED, 'Organization')
  const bob = await world.visit(new URL(await invite(ada)).href.slice(world.server.url.length))
  await join(bob, 'Bob')

  // That it is there, its name and its type.
  await go(bob, 'Credentials')
  const row = bob.getByRole('row', { name: /shared/ })
  await row.getByRole('gridcell', { name: 'claude/api-key', exact: true }).waitFor()
  await row.getByRole('gridcell', { name: 'Organization', exact: true }).waitFor()
  await row.click()
  await heading(bob, 'shared').waitFor()
  expect(await bob.getByRole('button', { name: 'What to do with it' }).count()).toBe(0)
  expect(await bob.locator('main').innerText()).not.toContain('…0001')
  expect(await bob.content()).not.toContain(SHARED)

  await add(bob, 'own', BOBS)
  await go(bob, 'Runs')
  await bob.getByRole('button', { name: 'Start a run' }).first().click()
  const dialog = bob.getByRole('dialog', { name: 'Start a run' })
  await dialog.getByRole('radio', { name: /^shared/ }).waitFor()
  await startRun(bob, 'own (claude/api-key): it belongs to the person the run is for', 'Say hi.')
  await log(bob).getByText('You said: Say hi.').waitFor({ timeout: 60_000 })
  const used = house.sandbox.requests().filter(({ userAgent }) => userAgent !== 'claviger')
  expect(new Set(used.flatMap(({ credentials }) => credentials.map(({ value }) => value)))).toEqual(
    new Set([BOBS]),
  )

  // Whose it was and why, and who began the run.
  await go(ada, 'Audit')
  await ada
    .getByRole('row', { name: /run\.create/ })
    .getByRole('gridcell', { name: BOB })
    .waitFor()
  await type(ada.getByLabel('Search'), 'lease.create')
  await ada.keyboard.press('Enter')
  await ada.getByRole('row', { name: /run\.create/ }).waitFor({ state: 'detached' })
  const leases = ada.getByRole('row', { name: /lease\.create/ })
  await leases.first().waitFor()
  expect(await leases.count()).toBe(1)
  await leases.click()
  const entry = ada.getByRole('dialog', { name: 'lease.create' })
  await entry.getByText('own (credential)').waitFor()
  await entry.getByText('it belongs to the person the run is for').waitFor()
  const { members } = await world.owner.call('members.list', {})
  await entry.getByText(`user:${members.find(({ email }) => email === BOB)?.id}`, { exact: true }).waitFor()
  expect(await entry.innerText()).not.toContain(BOBS)
}, 120_000)
