// What others change appears by itself, in every browser that may know of it, and after the server was away too.

import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'

const world = useConsole()

const create = (name: string, owner = 'org') =>
  world.owner.call('credentials.create', {
    ...{ type: 'claude/api-key', name, owner, fields: { key: fakeKey(name) } },
  })
const row = (page: Page, name: string) => page.getByRole('row', { name: new RegExp(name) })
const away = (page: Page) => page.getByText('Not connected')
const isLive = (url: string) => url.endsWith('/api/v1/live')

it('a credential that somebody else adds appears, to those who may know of it only', async () => {
  await create('before')
  await world.invite('bob@example.test', 'member')
  const ada = await world.visitAs('/credentials')
  const bob = await world.visitAs('/credentials', 'bob@example.test')
  for (const page of [ada, bob]) await row(page, 'before').waitFor()
  await create('shared')
  await create('personal', 'me')
  for (const page of [ada, bob]) await row(page, 'shared').waitFor()
  await row(ada, 'personal').waitFor()
  expect(await row(bob, 'personal').count()).toBe(0)
  expect(await away(ada).count()).toBe(0)
})

it('a server that was away is found again, and nothing that changed is missed', async () => {
  const page = await world.visitAs('/credentials')
  await row(page, 'before').waitFor()
  await create('heard')
  await row(page, 'heard').waitFor()
  const again: (string | null)[] = []
  page.on('response', async (response) => {
    if (isLive(response.url())) again.push(await response.request().headerValue('last-event-id'))
  })
  await world.whileAway(() => away(page).waitFor())
  await create('meanwhile')
  await row(page, 'meanwhile').waitFor()
  await away(page).waitFor({ state: 'hidden' })
  expect(again.length).toBeGreaterThan(0)
  for (const lastEventId of again) expect(lastEventId).toMatch(/^\d+$/)
})
