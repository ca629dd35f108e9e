// Starting runs and looking at the list of them: what may be chosen is said in the words of the API, and stays true while
// it is looked at. Nothing is carried out here.

import { beforeEach, expect, it } from 'vitest'
import { picture, WIDE } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { OWNER, useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const HOSTILE = '<img src=x onerror="document.title=1">'
const RAW_ONLY =
  'No Claude Code credential fits. A raw secret cannot be used here: create it again as a typed credential.'
const CODEX_OFF = 'Codex is disabled for this organization. Ask an admin, or choose another harness.'

const world = useConsole()

beforeEach(async () => {
  for (const { id } of (await world.owner.call('credentials.list', {})).credentials)
    await world.owner.call('credentials.delete', { id })
  for (const { id, state } of (await world.owner.call('runs.list', {})).runs) {
    if (state === 'queued') await world.owner.call('runs.cancel', { id })
    await world.owner.call('runs.delete', { id })
  }
})

const store = (type: 'claude/api-key' | 'codex/api-key', name: string, owner = 'me') =>
  world.owner.call('credentials.create', { type, name, owner, fields: { key: keyFor(type, name) } })
const keyFor = (type: string, name: string) =>
  type === 'claude/api-key' ? fakeKey(name) : `sk-test-${name}-0000000000`

async function open(path = '/runs?start=yes', email?: string) {
  const page = await world.visitAs(path, email)
  const dialog = page.getByRole('dialog', { name: 'Start a run' })
  await dialog.waitFor()
  return { page, dialog, start: dialog.getByRole('button', { name: 'Start', exact: true }) }
}

it('says in the words of the API that no coding agent is configured', async () => {
  const { dialog, start } = await open()
  const error = await world.owner.call('runs.create', { harness: 'claude' }).catch((thrown) => thrown)
  await dialog.getByText(error.message, { exact: true }).waitFor()
  expect(await start.isDisabled()).toBe(true)
})

it('says with a raw secret only that it cannot be used, and makes a typed one in the dialog', async () => {
  const fields = { value: 'not-a-secret' }
  await world.owner.call('credentials.create', {
    type: 'raw',
    name: 'ANTHROPIC_API_KEY',
    owner: 'me',
    fields,
  })
  const { page, dialog, start } = await open()
  await dialog.getByText(RAW_ONLY, { exact: true }).waitFor()
  expect(await start.isDisabled()).toBe(true)
  expect(await dialog.getByText('ANTHROPIC_API_KEY').count()).toBe(0)
  await picture(page, 'start-raw-only')
  await dialog.getByRole('button', { name: 'Create a Claude Code credential' }).click()
  const adding = page.getByRole('dialog', { name: 'Add a credential' })
  await adding
    .getByRole('button', { name: /API key/ })
    .first()
    .click()
  const typed = page.getByRole('dialog', { name: /^Add: / })
  await typed.getByLabel('Name', { exact: true }).fill('typed')
  await typed.getByLabel('API key', { exact: true }).fill(fakeKey('typed'))
  await typed.getByRole('checkbox', { name: /test/i }).uncheck()
  await typed.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.getByText('It would be typed (claude/api-key)').waitFor()
  expect(await start.isEnabled()).toBe(true)
  expect((await world.owner.call('runs.list', {})).runs).toEqual([])
})

it('lists what fits, says what would be chosen and why, and that an explicit choice stands alone', async () => {
  await store('claude/api-key', 'shared', 'org')
  await store('claude/api-key', 'mine')
  await store('codex/api-key', 'other')
  const { page, dialog, start } = await open()
  await dialog
    .getByText('It would be mine (claude/api-key): it belongs to the person the run is for')
    .waitFor()
  const picker = dialog.getByRole('group', { name: 'Harness credential' })
  expect(await picker.getByRole('radio').count()).toBe(3)
  const focused = dialog.getByRole('group', { name: 'Harness', exact: true }).locator('input:focus')
  expect(await focused.getAttribute('value')).toBe('claude')
  expect(await picker.getByText('other').count()).toBe(0)
  await inEveryLook(page, 'start')
  await page.setViewportSize(WIDE)
  await picker.getByRole('radio', { name: /^mine/ }).check()
  const { credentials } = await world.owner.call('credentials.list', { name: 'mine' })
  await world.owner.call('credentials.delete', { id: credentials[0]?.id ?? '' })
  await dialog.getByText('The chosen credential is not there any more.').waitFor()
  expect(await start.isDisabled()).toBe(true)
  await picker.getByRole('radio', { name: /^shared/ }).focus()
  await page.keyboard.press('Space')
  await dialog.getByText('Only shared serves this run: there is no fallback.').waitFor()
  await dialog.getByLabel('Prompt').fill(HOSTILE)
  await dialog.getByLabel('Access').selectOption('Read only')
  await dialog.getByLabel('Workspace').selectOption('A Git repository')
  expect(await start.isDisabled()).toBe(true)
  await dialog.getByLabel('Repository').fill('https://git.example.test/one.git')
  await start.click()
  await page.getByText('shared was asked for by name: nothing else serves this run.').waitFor()
  const [run] = (await world.owner.call('runs.list', {})).runs
  expect(await world.owner.call('runs.read', { id: run?.id ?? '' })).toMatchObject({
    title: HOSTILE,
    wanted: { credential: 'shared', access: 'read', workspace: { kind: 'git', ref: null } },
  })
  expect(await page.title()).toBe(`${HOSTILE} · Claviger`)
  expect(await page.locator('img').count()).toBe(0)
})

it('says that a harness is disabled while the dialog is open, and that it is not any more', async () => {
  await store('codex/api-key', 'main')
  await world.owner.call('preferences.set', { harness: 'codex' })
  const { page, dialog, start } = await open()
  await dialog.getByText('It would be main (codex/api-key)').waitFor()
  expect(await start.isEnabled()).toBe(true)
  const codex = dialog
    .getByRole('group', { name: 'Harness', exact: true })
    .getByRole('radio', { name: 'Codex' })
  expect(await codex.isChecked()).toBe(true)
  await world.owner.call('harnesses.set', { harness: 'codex', enabled: false })
  await dialog.getByText(CODEX_OFF, { exact: true }).waitFor()
  expect([await codex.isDisabled(), await start.isDisabled()]).toEqual([true, true])
  await picture(page, 'start-disabled')
  await world.owner.call('harnesses.set', { harness: 'codex', enabled: true })
  await dialog.getByText('It would be main (codex/api-key)').waitFor()
  expect(await start.isEnabled()).toBe(true)
  await world.owner.call('preferences.set', { harness: null })
})

it('keeps the list as it is, with messages in their order, and the end of a run', async () => {
  await store('claude/api-key', 'main', 'org')
  const { id } = await world.owner.call('runs.create', { harness: 'claude', prompt: 'first of all' })
  const page = await world.visitAs('/runs?state=queued&harness=claude')
  await page.getByRole('row', { name: /first of all/ }).waitFor()
  await world.owner.call('runs.create', { harness: 'claude', prompt: 'appears by itself' })
  await page.getByRole('row', { name: /appears by itself/ }).waitFor()
  await inEveryLook(page, 'runs')
  await page.setViewportSize(WIDE)
  await page.getByLabel('Harness', { exact: true }).selectOption('Codex')
  await page.getByText('No run is like that').waitFor()
  await page.goto(`${world.server.url}/runs/${id}`)
  await page.getByText('No worker takes this run now.').waitFor()
  const composer = page.getByLabel('Message', { exact: true })
  for (const text of ['second of all', 'third of all']) {
    await composer.fill(text)
    await composer.press('Enter')
    await page.getByRole('list', { name: 'Queued messages' }).getByText(text).waitFor()
    expect(await composer.inputValue()).toBe('')
  }
  expect(
    await page.getByRole('list', { name: 'Queued messages' }).getByRole('listitem').allInnerTexts(),
  ).toEqual(['first', 'second', 'third'].map((one) => expect.stringContaining(`${one} of all`)))
  const choose = async (what: string) => {
    await page.getByRole('button', { name: 'What to do with it' }).click()
    await page.getByRole('menuitem', { name: what }).click()
  }
  await choose('Cancel…')
  await page.getByRole('button', { name: 'Cancel it' }).click()
  await page.getByText('This run was cancelled.').waitFor()
  expect(await composer.count()).toBe(0)
  await choose('Delete…')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByText('The run is deleted.', { exact: true }).waitFor()
  await page.getByRole('row', { name: /appears by itself/ }).waitFor()
})

it('lets a team read, an admin stop, and an auditor see that it was', async () => {
  await world.owner.call('teams.create', { team: 'platform' })
  await world.invite('bob@example.test', 'member', ['platform'])
  await world.invite('eve@example.test', 'auditor')
  await world.owner.call('teams.join', { team: 'platform', member: OWNER })
  await store('claude/api-key', 'main', 'org')
  const prompt = 'words of the team'
  const { id } = await world.owner.call('runs.create', { harness: 'claude', prompt, team: 'platform' })
  const bob = await world.visitAs(`/runs/${id}`, 'bob@example.test')
  await bob.getByText('you may read it.').waitFor()
  expect(await bob.getByLabel('Message', { exact: true }).count()).toBe(0)
  const eve = await world.visitAs(`/runs/${id}`, 'eve@example.test')
  await eve.getByText('An auditor sees that a run was').waitFor()
  expect(await eve.getByText(prompt).count()).toBe(0)
})
