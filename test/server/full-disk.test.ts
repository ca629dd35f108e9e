// A database that may grow no further: what is asked of it is refused with one sentence, and nothing is changed.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, it } from 'vitest'
import { openSqlStore } from '../../src/store/sql/sql-store.ts'
import { createTestApp } from '../support/app.ts'
import { contentsOf, createHouse, fakeKey } from '../support/house.ts'

const directory = mkdtempSync(join(tmpdir(), 'claviger-full-'))
const path = join(directory, 'claviger.db')
const MASTER_KEY = randomBytes(32)
const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
  rmSync(directory, { recursive: true, force: true })
})

async function open(maxPages?: number) {
  const opened = await openSqlStore({ url: `sqlite:${path}`, ...(maxPages !== undefined && { maxPages }) })
  cleanups.push(opened.close)
  return createHouse(opened.store, MASTER_KEY)
}

it('answers storage_full, hands nothing out and keeps what it had', async () => {
  const roomy = await open()
  const id = await roomy.give('bob', 'me', 'main')
  for (const cleanup of cleanups.splice(0)) await cleanup()

  const file = new DatabaseSync(path)
  const pages = Number(file.prepare('pragma page_count').get()?.['page_count'])
  file.close()
  const house = await open(pages + 1)
  const { send, lines } = createTestApp(house)
  await send('bob', 'GET', '/api/v1/whoami')
  // The free pages are used up first; then what is left in the page of the audit.
  for (const use of [
    () => send('bob', 'POST', '/api/v1/leases', { harness: 'claude' }),
    () => send('ada', 'GET', '/api/v1/explain?harness=claude&user=bob@example.test'),
  ]) {
    let answer = await use()
    for (let i = 0; answer.ok && i < 500; i += 1) answer = await use()
    expect(answer.status).toBe(507)
  }
  const before = [await contentsOf(house), (await house.audit()).length]

  const value = 'x'.repeat(100_000)
  for (const [method, address, body] of [
    ['POST', '/api/v1/leases', { harness: 'claude' }],
    ['POST', '/api/v1/credentials', { type: 'raw', owner: 'me', name: 'BIG', fields: { value } }],
    ['PATCH', `/api/v1/credentials/${id}`, { description: 'x'.repeat(1000) }],
    ['DELETE', `/api/v1/credentials/${id}`, undefined],
  ] as const) {
    house.steps.length = 0
    const refused = await send('bob', method, address, body)
    expect([method, refused.status]).toEqual([method, 507])
    const problem = (await refused.json()) as { code: string; message: string; hint: string }
    expect(problem).toMatchObject({ code: 'storage_full', hint: expect.stringContaining('Make room') })
    expect(JSON.stringify(problem)).not.toContain(fakeKey('main'))
    expect(house.opened()).toBe(0)
  }
  expect([await contentsOf(house), (await house.audit()).length]).toEqual(before)
  expect((await send('bob', 'GET', `/api/v1/credentials/${id}`)).status).toBe(200)
  expect((await send(null, 'GET', '/readyz')).status).toBe(200)
  expect(lines.join()).toContain('storage_full')
})
