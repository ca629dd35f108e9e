// A long list of runs while some of them change: what was loaded stays, nothing is there twice, and little is read again.

import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'

const MANY = 230

const world = useConsole()

const rows = (page: Page) => page.getByRole('grid').locator('[data-index]')

// What was asked for of the list since the last time.
function watchLists(page: Page): () => number {
  let asked = 0
  page.on('request', (request) => {
    if (request.method() === 'GET' && new URL(request.url()).pathname === '/api/v1/runs') asked += 1
  })
  return () => {
    const before = asked
    asked = 0
    return before
  }
}

it('calls one that was begun with nothing by its first message', async () => {
  const key = { type: 'claude/api-key', owner: 'me', name: 'own', fields: { key: fakeKey('own') } } as const
  await world.owner.call('credentials.create', key)
  const { id } = await world.owner.call('runs.create', { harness: 'claude' })
  const page = await world.visitAs('/runs')
  await page.getByRole('row', { name: id }).waitFor()
  await world.owner.call('runs.send', { id, text: 'Mend the build.\nIt fails on ARM.' })
  await page.getByRole('row', { name: /Mend the build\./ }).waitFor()
  expect(await page.getByRole('row', { name: id }).count()).toBe(0)
  await world.owner.call('runs.cancel', { id })
  await world.owner.call('runs.delete', { id })
})

it('reads again the page of what changed, and the first for what is new', { timeout: 120_000 }, async () => {
  const key = { type: 'claude/api-key', owner: 'me', name: 'key', fields: { key: fakeKey('key') } } as const
  await world.owner.call('credentials.create', key)
  const ids: string[] = []
  for (let i = 0; i < MANY; i += 1)
    ids.push((await world.owner.call('runs.create', { harness: 'claude', prompt: `number ${i}.` })).id)
  const page = await world.visitAs('/runs')
  const lists = watchLists(page)
  await rows(page).first().focus()
  const place = async () => Number(await page.evaluate('document.activeElement.dataset.index'))
  while ((await place()) < MANY - 1) await page.keyboard.press('End')
  await page.getByRole('row', { name: /number 0\./ }).waitFor()
  lists()

  // The oldest of all, on the third page.
  await world.owner.call('runs.cancel', { id: ids[0] ?? '' })
  await page.getByRole('row', { name: /number 0\..*cancelled/ }).waitFor()
  expect(lists()).toBe(1)

  await world.owner.call('runs.create', { harness: 'claude', prompt: 'the newest.' })
  await page
    .getByRole('grid')
    .and(page.locator(`[aria-rowcount="${MANY + 2}"]`))
    .waitFor()
  expect(lists()).toBe(1)
  await page.keyboard.press('Home')
  await page.getByRole('row', { name: /the newest\./ }).waitFor()

  // Many at once, on all pages, are read at once: at most three pages, and the first for each that is new.
  for (const id of [ids[1], ids[120], ids[220], ids[221], ids[222]])
    await world.owner.call('runs.cancel', { id: id ?? '' })
  await expect.poll(() => page.getByRole('row', { name: /cancelled/ }).count()).toBe(3)
  await page.keyboard.press('End')
  await page.getByRole('row', { name: /number 1\..*cancelled/ }).waitFor()

  // Every one is there, once, in order.
  const seen = new Map<number, string>()
  await page.keyboard.press('Home')
  for (let last = -1; ; ) {
    for (const row of await rows(page).all())
      seen.set(Number(await row.getAttribute('data-index')), (await row.innerText()).split('\n')[0] ?? '')
    await page.keyboard.press('PageDown')
    await expect.poll(place).toBeGreaterThanOrEqual(Math.min(last + 1, MANY))
    if ((await place()) === last) break
    last = await place()
  }
  const titles = [...seen].sort(([a], [b]) => a - b).map(([, title]) => title)
  const numbers = Array.from({ length: MANY }, (_, i) => `number ${MANY - 1 - i}.`)
  expect(titles).toEqual(['the newest.', ...numbers])
})
