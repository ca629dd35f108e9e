// Channels in a real browser: an App that GitHub makes becomes one, another is entered by hand; what others try with the way
// back does nothing.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { accessibilityFaults, picture } from '../support/browser.ts'
import { type GithubOfTest, startGithub } from '../support/github-api.ts'
import { comment, delivery, issueComment } from '../support/github-deliveries.ts'
import { useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const BOB = 'bob@example.test'
const PATH = '/settings/channels'
const SIGNING = 'lin_wh_not-a-real-secret'
const TOKEN = 'lin_api_not-a-real-token'

// Linear is away.
const settings = { githubUrl: '', githubApi: '', linearApi: 'http://127.0.0.1:1' }
const clock = { ahead: 0 }
let github: GithubOfTest

beforeAll(async () => {
  github = await startGithub(() => Date.now() + clock.ahead)
  Object.assign(settings, { githubUrl: github.url, githubApi: github.url })
})

const world = useConsole(settings)

afterAll(() => github.close())

beforeAll(async () => {
  await world.invite(BOB, 'member')
  await world.owner.call('agents.create', { name: 'reviewer' })
})

const channels = async () => (await world.owner.call('channels.list', {})).channels

beforeEach(async () => {
  for (const { id } of await channels()) await world.owner.call('channels.remove', { id })
})

/** To the page of ours that leads to GitHub. */
async function begin(page: Page, name: string, organization = ''): Promise<void> {
  await page.getByRole('button', { name: 'Add GitHub' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add GitHub' })
  await dialog.getByLabel('Name of the App').fill(name)
  await dialog.getByLabel('Organization at GitHub').fill(organization)
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('heading', { name: 'Make the App' }).waitFor()
}

/** At GitHub, where somebody agrees. */
async function agree(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Go on to' }).click()
  await page.getByRole('button', { name: 'Create GitHub App' }).click()
}

/** As `agree`, but the browser does not come back; returns where it would. */
async function agreeAndStay(page: Page): Promise<string> {
  const made = '**/settings/apps/manifest'
  let address = ''
  await page.route(made, async (route) => {
    address = (await route.fetch({ maxRedirects: 0 })).headers()['location'] ?? ''
    await route.fulfill({ body: 'not yet' })
  })
  await agree(page)
  await page.getByText('not yet').waitFor()
  await page.unroute(made)
  return address
}

const line = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name })

it('from an empty page to a working channel, by an App that GitHub makes', async () => {
  const page = await world.visitAs(PATH)
  await page.getByRole('heading', { name: 'There are no channels yet' }).waitFor()
  await page.getByRole('button', { name: 'Add GitHub' }).click()
  // This server is at an address of its own machine.
  await page.getByText('GitHub cannot reach this server.').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'channels-guided-wide-light')
  await page.keyboard.press('Escape')
  await begin(page, 'Claviger of Acme', 'acme')
  await page.getByText('pull requests: write').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'channels-make-the-app-wide-light')
  await agree(page)
  await page.getByText('the channel claviger-of-acme has its keys').waitFor()
  expect(page.url()).toBe(`${world.server.url}${PATH}?made=claviger-of-acme`)
  const install = await page.getByRole('link', { name: 'Install the App' }).getAttribute('href')
  expect(install).toBe(`${github.url}/apps/claviger-of-acme/installations/new`)
  await picture(page, 'channels-made-wide-light')
  expect(await accessibilityFaults(page)).toEqual([])
  // Nobody has tried it yet.
  await line(page, 'claviger-of-acme').getByText('App claviger-of-acme').waitFor()
  await page.getByRole('button', { name: 'Test claviger-of-acme' }).click()
  await page.getByText('It works: over there it is claviger-of-acme.', { exact: true }).waitFor()
  const [app] = github.pages.made.slice(-1)
  expect(app?.organization).toBe('acme')
  const asks = comment({ body: '@claviger-of-acme fix it' })
  const { headers, body } = delivery(
    'issue_comment',
    issueComment({ comment: asks }),
    'd-1',
    app?.webhookSecret,
  )
  const sent = await fetch(`${world.server.url}/webhooks/github`, {
    ...{ method: 'POST', headers: headers as Record<string, string>, body: Buffer.from(body) },
  })
  expect(sent.status).toBe(202)
  await line(page, 'claviger-of-acme')
    .getByText(/^delivered/)
    .waitFor()
  // What it knows is sealed: no page has it.
  const shown = await page.content()
  for (const secret of [app?.webhookSecret, 'PRIVATE KEY']) expect(shown).not.toContain(secret)
})

it('coming back again, in another browser or too late makes nothing, and says so', async () => {
  const page = await world.visitAs(PATH)
  await begin(page, 'Second')
  const address = await agreeAndStay(page)
  const other = await world.visitAs('/')
  const stranger = await world.visitAs('/', BOB)
  for (const one of [other, stranger]) {
    await one.goto(address)
    await one.getByText('Nothing was added.').waitFor()
    expect(one.url()).not.toContain('code=')
  }
  expect(await channels()).toEqual([])
  await page.goto(address)
  await page.getByText('the channel second has its keys').waitFor()
  await page.goto(address)
  await page.getByText('Nothing was added.').waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'channels-not-made-wide-light')
  expect(await channels()).toHaveLength(1)
  // GitHub's own hour.
  await page.goto(`${world.server.url}${PATH}`)
  await begin(page, 'Third')
  const late = await agreeAndStay(page)
  clock.ahead = 3_600_001
  await page.goto(late)
  await page.getByText('GitHub did not take what you came back with.').waitFor()
  clock.ahead = 0
  expect(await channels()).toHaveLength(1)
})

it('Linear is added by hand: what is wrong stands beside the field, secrets are shown to nobody', async () => {
  const page = await world.visitAs(PATH)
  await page.getByRole('button', { name: 'Add Linear' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add Linear' })
  await dialog.getByText(`${world.server.url}/webhooks/linear`, { exact: true }).waitFor()
  await dialog.getByLabel('Name of the channel').fill('planning')
  await dialog.getByLabel('Handle').fill('not a handle')
  await dialog.getByLabel('Signing secret').fill(SIGNING)
  await dialog.getByLabel('Token').fill(TOKEN)
  for (const secret of ['Signing secret', 'Token'])
    expect(await dialog.getByLabel(secret).getAttribute('type')).toBe('password')
  const handle = dialog.getByLabel('Handle')
  await expect.poll(() => handle.getAttribute('aria-invalid')).toBe('true')
  await dialog.getByRole('button', { name: 'Add the channel' }).click()
  await dialog.getByText('Handle is not right (handle)').waitFor()
  expect(await dialog.getByRole('alert').count()).toBe(0)
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'channels-by-hand-wide-light')
  await handle.fill('claviger')
  await dialog.getByLabel('Repository', { exact: true }).fill('https://github.com/acme/shop.git')
  await dialog.getByRole('radio', { name: /An agent serves them/ }).check()
  expect(await dialog.getByRole('button', { name: 'Add the channel' }).isDisabled()).toBe(true)
  await dialog.getByLabel('Agent', { exact: true }).selectOption('reviewer')
  await dialog.getByRole('button', { name: 'Add the channel' }).click()
  await page.getByRole('dialog', { name: 'Channel planning' }).waitFor()
  expect(await channels()).toMatchObject([
    {
      ...{ kind: 'linear', name: 'planning', strangers: 'organization', agent: 'reviewer', access: 'write' },
      settings: { handle: 'claviger', repository: 'https://github.com/acme/shop.git' },
    },
  ])
  expect(await page.content()).not.toMatch(`${SIGNING}|${TOKEN}`)
  await page.keyboard.press('Escape')
  await line(page, 'planning').getByText('its account is not known yet').waitFor()
})

it('settings, who is served and secrets are changed, and a channel is removed after a question', async () => {
  await world.owner.call('channels.create', {
    ...{ kind: 'linear', name: 'planning', settings: { handle: 'claviger' } },
    secrets: { signing: SIGNING, token: TOKEN },
  })
  const page = await world.visitAs(PATH)
  await page.getByRole('button', { name: 'Open planning' }).click()
  const dialog = page.getByRole('dialog', { name: 'Channel planning' })
  expect(await dialog.getByLabel('Handle').inputValue()).toBe('claviger')
  await inEveryLook(page, 'channel', () => dialog.getByLabel('Handle').waitFor())
  await dialog.getByLabel('Name of the channel').fill('work')
  await dialog.getByLabel('What the runs of members may do').selectOption('read')
  await dialog.getByRole('button', { name: 'Save the settings' }).click()
  await page.getByText('The channel work is changed.', { exact: true }).waitFor()
  expect(await channels()).toMatchObject([{ name: 'work', access: 'read', strangers: 'refuse' }])
  await page.getByRole('button', { name: 'Open work' }).click()
  const secrets = page.getByRole('form', { name: 'Secrets of the channel' })
  await secrets.getByText('It has: Signing secret, Token.').waitFor()
  await secrets.getByRole('button', { name: 'Enter new secrets' }).click()
  for (const label of ['Signing secret', 'Token']) {
    expect(await secrets.getByLabel(label).inputValue()).toBe('')
    await secrets.getByLabel(label).fill('lin_another-not-real')
  }
  await secrets.getByRole('button', { name: 'Save the secrets' }).click()
  await page.getByText('The channel work has new secrets.', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Remove the channel work' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByText('The channel work is removed.', { exact: true }).waitFor()
  expect(await channels()).toEqual([])
})

it('members see which there are; it is in order for every reader, empty and not', async () => {
  const page = await world.visitAs(PATH)
  await inEveryLook(page, 'settings-channels-empty', () =>
    page.getByRole('heading', { name: 'There are no channels yet' }).waitFor(),
  )
  await world.owner.call('channels.create', {
    ...{ kind: 'linear', name: 'planning', settings: { handle: 'claviger' } },
    secrets: { signing: SIGNING, token: TOKEN },
  })
  await inEveryLook(page, 'settings-channels', () =>
    page.getByRole('button', { name: 'Open planning' }).waitFor(),
  )
  const bob = await world.visitAs(PATH, BOB)
  await line(bob, 'planning').getByText('@claviger').waitFor()
  for (const name of ['Add GitHub', 'Open planning', 'Test planning', 'Remove the channel planning'])
    expect(await bob.getByRole('button', { name }).count()).toBe(0)
})
