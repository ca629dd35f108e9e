// A long audit log in the page: few rows at a time, every entry once and in order, whatever happens meanwhile.

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { newId } from '../../src/lib/id.ts'
import { withServerStore } from '../support/server-store.ts'
import { useConsole } from '../support/use-console.ts'

const MANY = 900
// Far fewer than one page of the API.
const IN_SIGHT = 60

const world = useConsole()

it('is read to its end, each entry once, while new ones come', { timeout: 180_000 }, async () => {
  const { organization } = await world.owner.call('whoami', {})
  const filled = { organizationId: organization.id, requestId: 'r', outcome: 'allowed', details: {} } as const
  await world.whileAway(() =>
    withServerStore(`sqlite:${join(world.stateDirectory, 'claviger.db')}`, (store) =>
      store.atomically(async (unit) => {
        for (let i = 0; i < MANY; i += 1)
          await unit.audit.append({
            ...{ ...filled, id: newId('aud'), at: Date.now(), action: 'lease.create' },
            ...{ actorKind: 'person', actorId: 'filler', actorName: 'filler@example.test' },
            ...{ objectKind: 'credential', objectId: 'none', objectName: `numbered-${i}.` },
          })
      }),
    ),
  )
  const page = await world.visitAs('/audit')
  const rows = page.getByRole('grid').locator('[data-index]')
  await rows.first().focus()
  const place = async () => Number(await page.evaluate('document.activeElement.dataset.index'))
  // Of one page only what is new is put before it; from the second on nothing moves under whoever reads.
  const further = async () => {
    await page.keyboard.press('End')
    return place()
  }
  await expect.poll(further).toBeGreaterThan(200)
  await page.keyboard.press('Home')
  await expect.poll(place).toBe(0)
  const seen = new Map<number, string>()
  let most = 0
  for (let last = -1; ; ) {
    const shown = (await page.evaluate(
      `[...document.querySelectorAll('[data-index]')].map((row) => [Number(row.dataset.index), row.innerText])`,
    )) as [number, string][]
    most = Math.max(most, shown.length)
    for (const [index, text] of shown) {
      const name = /numbered-\d+\./.exec(text)?.[0] ?? text
      expect([index, seen.get(index) ?? name]).toEqual([index, name])
      seen.set(index, name)
    }
    await world.owner.call('explain', { harness: 'claude', team: 'everyone' })
    await page.keyboard.press('PageDown')
    const total = Number(await page.getByRole('grid').getAttribute('aria-rowcount')) - 1
    if (last === total - 1) break
    await expect.poll(place).toBeGreaterThan(last)
    last = await place()
  }
  expect(most).toBeLessThan(IN_SIGHT)
  const names = [...seen]
    .sort(([a], [b]) => a - b)
    .flatMap(([, name]) => /^numbered-/.exec(name)?.input ?? [])
  expect(names).toEqual(Array.from({ length: MANY }, (_, i) => `numbered-${MANY - 1 - i}.`))
  await page.getByRole('button', { name: 'Show newer entries' }).click()
  await rows.first().getByText('explain').waitFor()
})
