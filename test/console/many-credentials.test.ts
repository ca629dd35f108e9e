// Ten thousand credentials: the list has the rows in sight, and no more, wherever one is.

import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { CredentialRow } from '../../src/store/store.ts'
import { fakeKey } from '../support/house.ts'
import { withServerStore } from '../support/server-store.ts'
import { useConsole } from '../support/use-console.ts'

const MANY = 10_000
// Far fewer than one page of the API.
const IN_SIGHT = 60

const world = useConsole()

it('is read to its end with a few rows at a time', { timeout: 120_000 }, async () => {
  const made = { type: 'claude/api-key', owner: 'org', fields: { key: fakeKey('a') } } as const
  const { id } = await world.owner.call('credentials.create', { ...made, name: 'a' })
  const { organization } = await world.owner.call('whoami', {})
  await world.whileAway(() =>
    withServerStore(`sqlite:${join(world.stateDirectory, 'claviger.db')}`, async (store) => {
      const row = await store.credentials.get(organization.id, id)
      await store.atomically(async (unit) => {
        for (let i = 1; i < MANY; i += 1) await unit.credentials.insert(numbered(row, i))
      })
    }),
  )
  const page = await world.visitAs('/credentials')
  const rows = page.getByRole('grid').locator('[data-index]')
  await rows.first().focus()
  const place = async () => Number(await page.evaluate('document.activeElement.dataset.index'))
  const counts = [await rows.count()]
  while ((await place()) < MANY - 1) {
    await page.keyboard.press('End')
    counts.push(await rows.count())
  }
  expect(Math.max(...counts)).toBeLessThan(IN_SIGHT)
  await page.keyboard.press('Home')
  await expect.poll(place).toBe(0)
  await page.keyboard.press('PageDown')
  await expect.poll(place).toBeGreaterThan(1)
  await page.getByLabel('Find').fill('key-0999')
  await expect.poll(() => rows.count()).toBe(10)
  await page.getByRole('button', { name: 'Clear' }).click()
  await expect.poll(() => rows.count()).toBeGreaterThan(10)
  expect(await page.getByLabel('Find').inputValue()).toBe('')
})

it('is a page at a time where they are put in an order, explained and attached', {
  timeout: 120_000,
}, async () => {
  const page = await world.visitAs('/settings/coding-agents')
  const list = page.getByRole('list', { name: 'Claude Code, of the organization', exact: true })
  await list.getByText('key-00002').waitFor()
  expect(await list.getByRole('listitem').count()).toBe(50)
  await page.getByRole('button', { name: 'More credentials' }).click()
  await expect.poll(() => list.getByRole('listitem').count()).toBe(100)
  await page.getByRole('button', { name: 'Move key-00001 down' }).click()
  await page.getByText('key-00001 is number 3 now.').waitFor()
  const ordered = await world.owner.call('credentials.getOrder', { owner: 'org', harness: 'claude' })
  expect(ordered.credentials.map(({ name }) => name)).toEqual(['a', 'key-00002', 'key-00001'])
  await page.goto(new URL('/explain?harness=claude', page.url()).href)
  await page.getByRole('button', { name: 'Show more of the 10,000 candidates' }).waitFor()
  expect(await page.getByRole('list', { name: 'Candidates' }).getByRole('listitem').count()).toBe(50)
  await world.owner.call('agents.create', { name: 'nightly' })
  await page.goto(new URL('/settings/machines', page.url()).href)
  await page.getByRole('button', { name: 'Open nightly' }).click()
  await page.getByLabel('Find a credential to attach').fill('key-09999')
  await page.getByLabel('Attach a credential').selectOption('key-09999 (Organization)')
  await page.getByRole('list', { name: 'Attached credentials' }).getByText('key-09999').waitFor()
})

function numbered(row: CredentialRow | undefined, number: number): CredentialRow {
  if (row === undefined) throw new Error('There is no credential to copy.')
  const digits = String(number).padStart(5, '0')
  return { ...row, id: `${row.id}${digits}`, name: `key-${digits}` }
}
