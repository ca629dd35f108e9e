// One credential in a real browser: its values come and go without being shown, its name and owner change, and a member
// sees of the organization's what is for members.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { accessibilityFaults, picture } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const [FIRST, SECOND] = [fakeKey('first'), fakeKey('second')]
const settings = { anthropicUrl: '' }

let sandbox: Sandbox

beforeAll(async () => {
  const key = { provider: 'anthropic', kind: 'api-key' } as const
  sandbox = await startSandbox({
    credentials: [
      { ...key, value: FIRST },
      { ...key, value: SECOND },
    ],
  })
  settings.anthropicUrl = sandbox.anthropicUrl
})

const world = useConsole(settings)

afterAll(() => sandbox.close())

const dialogOf = (page: Page) => page.getByRole('dialog')

async function choose(page: Page, item: string): Promise<void> {
  await page.getByRole('button', { name: 'What to do with it' }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

const create = (name: string, key: string, owner = 'org') =>
  world.owner.call('credentials.create', { type: 'claude/api-key', name, owner, fields: { key } })

it('gets a new value after a try, goes back to the old one, and is tested', async () => {
  const { id } = await create('main', FIRST)
  const page = await world.visitAs(`/credentials/${id}`)
  await page.getByRole('button', { name: 'Replace value…' }).click()
  await dialogOf(page).getByLabel('API key').fill(fakeKey('wrong'))
  await dialogOf(page).getByRole('button', { name: 'Test and replace' }).click()
  await dialogOf(page).getByText('Nothing was stored.').waitFor()
  await dialogOf(page).getByLabel('API key').fill(SECOND)
  await dialogOf(page).getByRole('button', { name: 'Test and replace' }).click()
  await page.getByText('main has a new value: version 2.', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Use version 1 again…' }).click()
  expect(await accessibilityFaults(page)).toEqual([])
  await dialogOf(page).getByRole('button', { name: 'Use version 1', exact: true }).click()
  await page.getByText('Version 3', { exact: true }).waitFor()
  const lease = await world.owner.call('leases.create', { harness: 'claude', credential: id })
  expect(lease.credential?.fields).toEqual({ key: FIRST })
  sandbox.teach(FIRST, 'no-credit')
  await page.getByRole('button', { name: 'Test now' }).click()
  await page.getByRole('dialog', { name: 'The key is good, there is no credit' }).waitFor()
  expect(await page.content()).not.toContain(FIRST)
})

it('changes one field and keeps the others', async () => {
  const fields = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'not-a-secret', region: 'us-east-1' }
  const given = { type: 'claude/bedrock-access-key', name: 'aws', owner: 'org', fields } as const
  const { id } = await world.owner.call('credentials.create', given)
  const page = await world.visitAs(`/credentials/${id}`)
  await page.getByText('us-east-1', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Replace value…' }).click()
  await dialogOf(page).getByLabel('AWS region').fill('eu-west-1')
  const test = dialogOf(page).getByLabel('Test it first')
  if (await test.isVisible()) await test.uncheck()
  await dialogOf(page).getByRole('button', { name: 'Replace', exact: true }).click()
  await page.getByText('eu-west-1', { exact: true }).waitFor()
  const lease = await world.owner.call('leases.create', { harness: 'claude', credential: id })
  expect(lease.credential?.fields).toMatchObject({ ...fields, region: 'eu-west-1' })
})

it('gets another name and another owner, and refers to what is cleared', async () => {
  const { id } = await create('old', fakeKey('old'), 'me')
  const page = await world.visitAs(`/credentials/${id}`)
  await choose(page, 'Rename…')
  await dialogOf(page).getByLabel('New name').fill('no name/of any')
  await dialogOf(page).getByRole('button', { name: 'Rename' }).click()
  await dialogOf(page).getByRole('alert').waitFor()
  await dialogOf(page).getByLabel('New name').fill('new')
  await dialogOf(page).getByRole('button', { name: 'Rename' }).click()
  await page.getByRole('heading', { level: 1, name: 'new' }).waitFor()
  await choose(page, 'Description…')
  await dialogOf(page).getByLabel('Description').fill('Changed each spring.')
  await dialogOf(page).getByRole('button', { name: 'Save' }).click()
  await page.getByRole('definition').getByText('Changed each spring.').waitFor()
  await world.owner.call('credentials.setOrder', { owner: 'me', harness: 'claude', credentials: [id] })
  await choose(page, 'Move to another owner…')
  await dialogOf(page).getByText('place 1 in the order').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await dialogOf(page).getByLabel('Owner').selectOption('Organization')
  await dialogOf(page).getByRole('button', { name: 'Move', exact: true }).click()
  await page.getByText('new is moved.', { exact: true }).waitFor()
  expect(await world.owner.call('credentials.get', { id })).toMatchObject({ name: 'new', owner: 'org' })
  await choose(page, 'Delete…')
  await dialogOf(page).getByLabel('Type new to go on').fill('new')
  await dialogOf(page).getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByText('new is deleted.', { exact: true }).waitFor()
})

it('tells a member name and type of what the organization has, and everything of their own', async () => {
  const { id } = await create('shared', fakeKey('shared'))
  await world.invite('bob@example.test', 'member')
  const page = await world.visitAs(`/credentials/${id}`, 'bob@example.test')
  await page.getByText('It may serve your runs.').waitFor()
  await page.getByText('Anthropic API key (claude/api-key)').waitFor()
  expect(await page.getByText(fakeKey('shared').slice(-4)).count()).toBe(0)
  expect(await page.getByRole('button', { name: /Replace|Test|What to do/ }).count()).toBe(0)
  expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual(['About'])
  expect(await accessibilityFaults(page)).toEqual([])
  await page.goto(`${world.server.url}/credentials/new?type=claude/api-key`)
  await dialogOf(page).getByLabel('API key').waitFor()
  expect(await dialogOf(page).getByLabel('Owner').locator('option').allTextContents()).toEqual(['Personal'])
  await dialogOf(page).getByLabel('Name').fill('own')
  await dialogOf(page).getByLabel('API key').fill(SECOND)
  await dialogOf(page).getByRole('button', { name: 'Test and add' }).click()
  await page
    .getByText(`…${SECOND.slice(-4)}`)
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Replace value…' }).waitFor()
})

it('draws what runs have used of it, with the numbers in words', async () => {
  const { id } = await create('busy', fakeKey('busy'), 'me')
  const { id: run } = await world.owner.call('runs.create', {
    ...{ harness: 'claude', credential: id, prompt: 'Say hi.' },
  })
  await work(run)
  const page = await world.visitAs(`/credentials/${id}`)
  await page.getByText('1 turn in 30 days: 100 tokens read, 40 of them from a cache, 7 written.').waitFor()
  await page.getByRole('img', { name: 'Tokens a day' }).waitFor()
  await page.getByRole('img', { name: 'Turns a day' }).waitFor()
  await page.getByText('In numbers').first().click()
  await page.getByText('In numbers').last().click()
  await page.getByRole('table', { name: 'Turns a day' }).getByText('1 turn').waitFor()
  await page.getByRole('table', { name: 'Tokens a day' }).getByText('107 tokens').waitFor()
  await page.getByRole('link', { name: 'Say hi.' }).first().waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'credential-usage')
})

/** One turn of the run, by a worker that is played. */
async function work(id: string): Promise<void> {
  const { code } = await world.owner.call('workers.enrol', { name: 'box' })
  const { token } = await world.owner.call('workers.join', { code })
  const worker = createClient({ server: world.server.url, token: new Secret(token) })
  const asked = {
    harnesses: ['claude' as const],
    capacity: 1,
    waitSeconds: 0,
    process: 'process of box',
    asked: 1,
  }
  const { runs } = await worker.call('runs.claim', asked)
  const { claim } = runs.find((one) => one.id === id) ?? { claim: '' }
  const lease = await worker.call('leases.create', { harness: 'claude', run: id, claim })
  const at = new Date().toISOString()
  const event = { kind: 'turn-done', usage: { input: 100, cachedInput: 40, output: 7 } } as const
  const items = [
    { is: 'state', seq: 1, at, state: 'working' } as const,
    { is: 'event', seq: 2, at, event, lease: lease.id } as const,
  ]
  await worker.call('runs.report', { id, claim, items })
}

it('is in order for every reader, light and dark, wide and on a phone', async () => {
  const { id } = await create('seen', fakeKey('seen'))
  const page = await world.visitAs(`/credentials/${id}`)
  await page.getByText('Version 1', { exact: true }).waitFor()
  await inEveryLook(page, 'credential')
})
