// Moving between real engines, there and back, with everything a database can hold, interrupted and disturbed.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase, LARGE, migrationsOf, openFull } from '../../../../test/support/full-database.ts'
import { errorOf } from '../../../../test/support/house.ts'
import { usePostgres } from '../../../../test/support/use-postgres.ts'
import { carryOut } from '../../../control/backup/moving.ts'
import { createVault } from '../../../vault/envelope.ts'
import { openMove, takeBack } from './move.ts'
import { openSnapshot } from './snapshot.ts'

const vault = createVault(randomBytes(32))
let directory: string
const postgres = usePostgres()

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-move-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const sqlite = (name = 'one.db') => `sqlite:${join(directory, name)}`
const places = { sqlite: async () => sqlite(), postgres: () => postgres.createDatabase() }

function start(from: string, to: string) {
  return openMove({ from, to, extraMigrations: migrationsOf(to) })
}

async function move(from: string, to: string) {
  const started = await start(from, to)
  try {
    return await carryOut(started, vault, () => undefined)
  } finally {
    await started.close()
  }
}

/** Everything there is, in a form that is the same on both engines. */
async function everything(url: string): Promise<Record<string, unknown[]>> {
  const snapshot = await openSnapshot({ url, without: [] })
  const found: Record<string, unknown[]> = {}
  for (const table of snapshot.tables) {
    const rows: unknown[] = []
    for await (const page of snapshot.pages(table)) rows.push(...page)
    found[`${table.name} ${table.columns.join()}`] = rows
  }
  await snapshot.close()
  return found
}

/** A move that is given up in the middle of copying, as by kill -9: nothing is closed in an orderly way but sockets. */
async function interrupted(from: string, to: string, afterRows: number): Promise<void> {
  const started = await start(from, to)
  const stop = new Error('killed')
  await expect(
    started.copy((rows) => {
      if (rows >= afterRows) throw stop
    }),
  ).rejects.toBe(stop)
  await started.close()
}

async function change(url: string, sql: string): Promise<void> {
  if (url.startsWith('sqlite:')) {
    const database = new DatabaseSync(url.slice('sqlite:'.length))
    database.exec(sql)
    database.close()
  } else await postgres.query(sql, new URL(url).pathname.slice(1))
}

describe.each([
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
] as const)('from %s to %s', (here, there) => {
  let from: string
  let to: string
  beforeEach(async () => {
    from = await places[here]()
    to = await places[there]()
    await fillDatabase(from, vault)
  })

  it('takes everything along, and back again without a difference', async () => {
    const before = await everything(from)
    const report = await move(from, to)
    expect(report).toMatchObject({ state: 'new', credentials: 18, closed: [] })
    expect(report.counts).toMatchObject({ zoo: 5, aviary: 600, credential: 18, person: 1 })
    expect(report.counts).toMatchObject({ login_grant: 4, renewal_attempt: 8 })
    expect(JSON.stringify(report)).not.toContain(postgres.password)

    const there = await openFull(to)
    expect(await there.store.credentials.list('org-a', {}, { limit: 50 })).toHaveLength(9)
    expect(await there.store.audit.list('org-b', { limit: 50 })).toHaveLength(7)
    await there.close()

    expect(await move(to, from)).toMatchObject({ state: 'new', closed: [] })
    const after = await everything(from)
    expect(after).toEqual(before)
    const zoo = Object.entries(after).find(([name]) => name.startsWith('zoo'))?.[1]
    expect(JSON.stringify(zoo, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).toContain(
      `"${LARGE}"`,
    )
  })

  it('keeps servers off the target until it is complete, and off the source from then on', async () => {
    await interrupted(from, to, 300)
    const unfinished = await errorOf(openFull(to))
    expect(unfinished).toMatchObject({ code: 'unavailable' })
    expect(unfinished.hint).toContain('claviger migrate --from')
    await (await openFull(from)).close()

    expect(await move(from, to)).toMatchObject({ state: 'resumed' })
    await (await openFull(to)).close()
    const gone = await errorOf(openFull(from))
    expect(gone.message).toContain('has been moved to')
    expect(gone.hint).toContain('--take-back')
    expect(`${gone.message}${gone.hint}`).not.toContain(postgres.password)
    expect(await move(from, to)).toMatchObject({ state: 'done' })

    expect(await takeBack(from)).toBe(true)
    await (await openFull(from)).close()
    expect(await takeBack(from)).toBe(false)
  })

  it('goes on from wherever it was interrupted', async () => {
    const before = await everything(from)
    for (const rows of [1, 1, 90, 251]) await interrupted(from, to, rows)
    expect(await move(from, to)).toMatchObject({ state: 'resumed', closed: [] })
    const after = await everything(to)
    expect(Object.values(after).map((rows) => rows.length)).toEqual(
      Object.values(before).map((rows) => rows.length),
    )
  })

  it('begins anew when the source has got another row since', async () => {
    await interrupted(from, to, 300)
    await change(from, "insert into setting values ('org-a', '*', 'new', '1')")
    const report = await move(from, to)
    expect(report).toMatchObject({ state: 'again', counts: { setting: 15 } })
  })

  it('notices a row that was changed in place between two runs', async () => {
    await interrupted(from, to, 120)
    await change(from, "update setting set value = '\"changed\"' where name = 'setting-3'")
    await move(from, to)
    const there = await openFull(to)
    expect(await there.store.settings.get('org-a', '*', 'setting-3')).toBe('changed')
    await there.close()
  })

  it('is the same move after being killed between the two marks at the end', async () => {
    const started = await start(from, to)
    await started.copy(() => undefined)
    await started.close()
    // What `finish` does first.
    const [incoming] = await rowsOf(to, "select value from installation where name = 'transfer-incoming'")
    const { move: id } = JSON.parse(incoming?.value ?? '')
    const mark = JSON.stringify({ move: id, to: 'there', at: '2026-01-01T00:00:00.000Z' })
    await change(from, `insert into installation values ('transfer-moved-to', '${mark}')`)
    expect((await errorOf(openFull(from))).message).toContain('has been moved')
    expect((await errorOf(openFull(to))).message).toContain('not complete')
    expect(await move(from, to)).toMatchObject({ state: 'resumed' })
    await (await openFull(to)).close()
  })

  it('refuses a target that holds something else, and one that another move is filling', async () => {
    const other = there === 'sqlite' ? sqlite('other.db') : await postgres.createDatabase()
    await fillDatabase(other, vault)
    const before = await everything(other)
    expect(await errorOf(start(from, other))).toMatchObject({ code: 'conflict' })
    expect(await everything(other)).toEqual(before)
    await interrupted(from, to, 300)
    expect((await errorOf(start(other, to))).message).toContain('not complete')
    // The unfinished target is no source either.
    expect((await errorOf(start(to, sqlite('third.db')))).message).toContain('not complete')
  })

  it('refuses while a server uses the source or the target', async () => {
    const server = await openFull(from)
    await server.store.check()
    expect(await errorOf(start(from, to))).toMatchObject({ code: 'conflict' })
    await server.close()
    const other = await openFull(to)
    await other.store.check()
    expect(await errorOf(start(from, to))).toMatchObject({ code: 'conflict' })
    await other.close()
  })

  it('refuses another master key before anything is copied', async () => {
    const started = await start(from, to)
    const wrong = createVault(randomBytes(32))
    const error = await errorOf(carryOut(started, wrong, () => undefined))
    await started.close()
    expect(error.message).toContain('sealed with another master key')
    expect(error.hint).toContain(vault.keyId)
  })

  it('names credentials that opened on neither side, and moves them all the same', async () => {
    const altered = here === 'sqlite' ? "x'0102'" : "'\\x0102'"
    await change(
      from,
      `update credential_value set sealed = ${altered} where credential_id = (select min(id) from credential)`,
    )
    const report = await move(from, to)
    expect(report).toMatchObject({ credentials: 18, closed: ['claude_oauth_of_org-a'] })
  })
})

async function rowsOf(url: string, sql: string): Promise<{ value: string }[]> {
  if (!url.startsWith('sqlite:')) return postgres.query(sql, new URL(url).pathname.slice(1))
  const database = new DatabaseSync(url.slice('sqlite:'.length))
  const rows = database.prepare(sql).all() as { value: string }[]
  database.close()
  return rows
}

it('moves ten thousand rows within seconds', { timeout: 60_000 }, async () => {
  await fillDatabase(sqlite(), vault, 20_000)
  const started = performance.now()
  const report = await move(sqlite(), await postgres.createDatabase())
  expect(report.counts['audit']).toBe(20_014)
  expect(performance.now() - started).toBeLessThan(40_000)
})

it('refuses a database that is not there, that has nothing, that is newer, and one for both', async () => {
  expect(await errorOf(start(sqlite('absent.db'), sqlite('x.db')))).toMatchObject({ code: 'not_found' })
  new DatabaseSync(join(directory, 'empty.db')).close()
  expect(await errorOf(start(sqlite('empty.db'), sqlite('x.db')))).toMatchObject({ code: 'not_found' })
  await fillDatabase(sqlite(), vault)
  expect(await errorOf(start(sqlite(), sqlite()))).toMatchObject({ code: 'invalid' })
  await change(sqlite(), "insert into kysely_migration values ('store-9999', '2026')")
  expect((await errorOf(start(sqlite(), sqlite('x.db')))).message).toContain('newer')
})
