// The overview in a real browser: what is well, what is not, what ends when, and who is waited for.

import { beforeAll, expect, it } from 'vitest'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const world = useConsole()

beforeAll(async () => {
  const { owner } = world
  const key = { type: 'claude/api-key', owner: 'org' } as const
  await owner.call('credentials.create', { ...key, name: 'main', fields: { key: fakeKey('main') } })
  await owner.call('credentials.create', {
    ...{ type: 'claude/setup-token', name: 'max', owner: 'me', acceptNotice: true },
    fields: { token: 'sk-ant-oat01-not-a-real-token' },
  })
  await owner.call('runs.create', { harness: 'claude', prompt: 'Say <b>hi</b>.' })
})

it('counts the states, draws what ends when, and names who is waited for', async () => {
  const page = await world.visitAs('/')
  await page.getByRole('link', { name: /^2 in all/ }).waitFor()
  const ends = page.getByRole('list', { name: 'Ends, the soonest first' })
  await ends.getByRole('link', { name: 'max' }).waitFor()
  // A setup token lasts a year, by estimate: a hollow mark.
  await page.getByText('by estimate', { exact: true }).waitFor()
  // There is nothing to sign in to.
  expect(await page.getByRole('link', { name: /Sign in again/ }).count()).toBe(0)
  await page.getByRole('heading', { name: 'Waiting for somebody' }).waitFor()
  await page.getByRole('link', { name: 'Say <b>hi</b>.' }).waitFor()
  const stored = page.getByRole('link', { name: /stored main\.$/ })
  expect(await stored.getAttribute('href')).toMatch(/^\/credentials\/cred_/)
  await page.getByText('no credential fits').waitFor()
  await inEveryLook(page, 'overview')
  await page.getByRole('link', { name: /^2\s*ok/ }).click()
  await page.getByRole('row', { name: /main/ }).waitFor()
  expect(new URL(page.url()).search).toBe('?state=ok')
})

it('changes by itself when others change something', async () => {
  const page = await world.visitAs('/')
  await page.getByRole('link', { name: /^2 in all/ }).waitFor()
  const raw = { type: 'raw', name: 'TOKEN', owner: 'me', fields: { value: 'not-a-secret' } } as const
  await world.owner.call('credentials.create', raw)
  await page.getByRole('link', { name: /^3 in all/ }).waitFor()
})
