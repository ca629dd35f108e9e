// Explain in a real browser: the whole list in order with its reasons, for oneself, another person, a team and an agent.

import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { accessibilityFaults, picture } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { OWNER, useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const BOB = 'bob@example.test'

const world = useConsole()

const create = (name: string, owner: string) =>
  world.owner.call('credentials.create', {
    ...{ type: 'claude/api-key' as const, name, owner, fields: { key: fakeKey(name) } },
  })

beforeAll(async () => {
  await create('shared-key', 'org')
  await create('ada-key', 'me')
  await world.owner.call('teams.create', { team: 'platform' })
  await world.owner.call('agents.create', { name: 'nightly' })
  await world.invite(BOB, 'member', ['platform'])
})

const candidates = (page: Page) => page.getByRole('list', { name: 'Candidates' }).getByRole('listitem')

it('shows every candidate in order with its reason, and marks the one that serves', async () => {
  const page = await world.visitAs('/explain')
  await candidates(page).first().waitFor()
  const { decisions } = await world.owner.call('explain', { harness: 'claude', user: OWNER })
  expect(await candidates(page).count()).toBe(decisions.length)
  for (const [place, { credential, reason }] of decisions.entries()) {
    await candidates(page).nth(place).getByText(reason, { exact: true }).waitFor()
    await candidates(page)
      .nth(place)
      .getByText(credential?.name ?? '', { exact: true })
      .waitFor()
  }
  const current = page.locator('li[aria-current]')
  expect(await current.count()).toBe(1)
  await current.getByText('ada-key').waitFor()
  await current.getByText('Chosen', { exact: true }).waitFor()
})

it('explains for another person, an agent and a team, in an address that can be sent', async () => {
  const page = await world.visitAs('/explain')
  await page.getByLabel('Person').selectOption(BOB)
  await page.locator('li[aria-current]').getByText('shared-key').waitFor()
  expect(new URL(page.url()).searchParams.get('user')).not.toBeNull()
  await page.getByLabel('Person').selectOption('Nobody')
  await page.getByText(/choose one/).waitFor()
  await page.getByLabel('As the agent').selectOption('nightly')
  await page.getByText(/for the agent nightly/).waitFor()
  await page.getByLabel('As the agent').selectOption('None')
  await page.getByLabel('Team').selectOption('platform')
  await page.getByText(/for nobody in the team platform/).waitFor()
})

it('of others is read when somebody asks, and says when it may be different', async () => {
  const entries = async () => {
    const found = await world.owner.call('audit.list', { action: 'explain', limit: 1000 })
    return found.entries.length
  }
  const before = await entries()
  const page = await world.visitAs('/explain')
  await page.locator('li[aria-current]').getByText('ada-key').waitFor()
  expect(await entries()).toBe(before)
  await page.getByLabel('Person').selectOption(BOB)
  await page.locator('li[aria-current]').getByText('shared-key').waitFor()
  expect(await entries()).toBe(before + 1)
  // Of oneself it would be there by itself.
  await create('third-key', 'org')
  await page.getByText('Something has changed since this was read.').waitFor()
  expect(await candidates(page).filter({ hasText: 'third-key' }).count()).toBe(0)
  expect(await entries()).toBe(before + 1)
  await page.getByRole('button', { name: 'Read it again' }).click()
  await candidates(page).filter({ hasText: 'third-key' }).waitFor()
  await page.getByText('Something has changed since this was read.').waitFor({ state: 'detached' })
  expect(await entries()).toBe(before + 2)
  await page.getByLabel('Person').selectOption('Yourself')
  await create('young-key', 'org')
  await candidates(page).filter({ hasText: 'young-key' }).waitFor()
  expect(await entries()).toBe(before + 2)
})

it('says in the words of a refused run that a harness is off, or that nothing fits', async () => {
  const page = await world.visitAs('/explain?harness=codex')
  await page.getByText(/^No Codex credential fits/).waitFor()
  await world.owner.call('harnesses.set', { harness: 'codex', enabled: false })
  await page.getByText(/^Codex is disabled for this organization/).waitFor()
  await world.owner.call('harnesses.set', { harness: 'codex', enabled: true })
})

it('begins with the reason of the one credential that is asked about, from its page on', async () => {
  const { credentials } = await world.owner.call('credentials.list', { name: 'shared-key' })
  const page = await world.visitAs(`/credentials/${credentials[0]?.id}`)
  await page.getByRole('link', { name: 'Why is it used, or not?' }).click()
  const why = page.getByRole('region', { name: 'Why shared-key is not used' })
  const decisionFor = async (user: string) => {
    const { decisions } = await world.owner.call('explain', { harness: 'claude', user })
    const place = decisions.findIndex(({ credential }) => credential?.name === 'shared-key')
    return { reason: decisions[place]?.reason ?? '', number: `Number ${place + 1} of ${decisions.length}:` }
  }
  const ofOwner = await decisionFor(OWNER)
  await why.getByText(ofOwner.reason, { exact: true }).waitFor()
  await why.getByText(ofOwner.number).waitFor()
  const asked = candidates(page).filter({ hasText: 'Asked about' })
  await asked.getByText('shared-key').waitFor()
  expect(await asked.count()).toBe(1)
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'explain-one-wide-light')
  await page.getByLabel('Person').selectOption(BOB)
  const used = page.getByRole('region', { name: 'Why shared-key is used' })
  await used.getByText((await decisionFor(BOB)).reason, { exact: true }).waitFor()
  await page.getByLabel('Harness').selectOption('Codex')
  await page
    .getByText('It is no candidate: it is for Claude Code, and this would be a run of Codex.')
    .waitFor()
  const { credentials: own } = await world.owner.call('credentials.list', { name: 'ada-key' })
  const bob = (await world.owner.call('members.list', { search: BOB })).members[0]?.id
  await page.goto(`${world.server.url}/explain?user=${bob}&credential=${own[0]?.id}`)
  await page.getByText(`It is no candidate for ${BOB}. It belongs to: Personal.`).waitFor()
})

it('offers a member nobody else, and is in order for every reader', async () => {
  const page = await world.visitAs('/explain', BOB)
  await candidates(page).first().waitFor()
  expect(await page.getByLabel('Person').count()).toBe(0)
  expect(await page.getByLabel('Team').count()).toBe(1)
  const ada = await world.visitAs('/explain')
  await inEveryLook(ada, 'explain', () => candidates(ada).first().waitFor())
})
