// Backups of real databases: made, restored into either engine, and everything a file can be that is no good backup.

import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase, migrationsOf, openFull } from '../../../test/support/full-database.ts'
import { errorOf } from '../../../test/support/house.ts'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import { faultsOf } from '../../store/conformance/audit.conformance.ts'
import type { Migrations } from '../../store/sql/migrations.ts'
import { emptyPlaceAt } from '../../store/sql/transfer/restore.ts'
import { openSnapshot } from '../../store/sql/transfer/snapshot.ts'
import { PASSING } from '../../store/transfer.ts'
import { createVault } from '../../vault/envelope.ts'
import { checkBackup } from './reading.ts'
import { restoreBackup } from './restoring.ts'
import { backupOf, PURPOSE } from './writing.ts'

const vault = createVault(randomBytes(32))
const AT = Date.UTC(2026, 5, 1)
let directory: string
const postgres = usePostgres()

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-backup-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const sqlite = (name: string) => `sqlite:${join(directory, name)}`
const engines = ['sqlite', 'postgres'] as const
const place = async (engine: (typeof engines)[number], name: string) =>
  engine === 'sqlite' ? sqlite(name) : postgres.createDatabase()

async function backUp(url: string, name = 'all.backup', without: readonly string[] = []): Promise<string> {
  const snapshot = await openSnapshot({ url, without })
  const chunks: Uint8Array[] = []
  for await (const chunk of backupOf(snapshot, { vault, program: '1.2.3', at: AT })) chunks.push(chunk)
  const file = join(directory, name)
  writeFileSync(file, Buffer.concat(chunks))
  return file
}

function restore(file: string, url: string, extraMigrations = migrationsOf(url), key = vault) {
  const into = emptyPlaceAt({ url, extraMigrations, beforeKeeping: async () => undefined })
  return restoreBackup({ file, place: into, vault: key, now: () => AT + 1, checked: async () => undefined })
}

async function everything(url: string): Promise<Record<string, Record<string, unknown>[]>> {
  const snapshot = await openSnapshot({ url, without: [] })
  const found: Record<string, Record<string, unknown>[]> = {}
  for (const table of snapshot.tables) {
    const rows: Record<string, unknown>[] = []
    for await (const page of snapshot.pages(table)) {
      const plain = (cell: unknown) => (typeof cell === 'boolean' ? Number(cell) : cell)
      rows.push(
        ...page.map((row) => Object.fromEntries(table.columns.map((name, i) => [name, plain(row[i])]))),
      )
    }
    // Where there is no key, engines do not agree on the order of nothing.
    const text = (row: object) =>
      JSON.stringify(row, (_, cell) => (typeof cell === 'bigint' ? `${cell}` : cell))
    found[table.name] = rows.sort((a, b) => (text(a) < text(b) ? -1 : 1))
  }
  await snapshot.close()
  return found
}

describe.each(engines.flatMap((from) => engines.map((to) => [from, to] as const)))(
  'from %s to %s',
  (from, to) => {
    it('brings everything back, sets rotating logins aside and ends leases', async () => {
      const source = await place(from, 'source.db')
      await fillDatabase(source, vault)
      const before = await everything(source)
      const file = await backUp(source)
      const target = await place(to, 'target.db')
      const report = await restore(file, target)
      expect(report).toMatchObject({ credentials: 18, closed: [], quarantined: 4, leasesEnded: 18 })
      expect(report.header).toMatchObject({
        engine: from,
        program: '1.2.3',
        createdAt: '2026-06-01T00:00:00.000Z',
      })

      const after = await everything(target)
      const { credential, lease, login_grant: grants, renewal_attempt: tries, ...notOfLogins } = after
      const { audit, audit_head: _, ...same } = notOfLogins
      const { credential: credentials, lease: leases, audit: entries, audit_head: __, ...others } = before
      const { login_grant: grantsBefore, renewal_attempt: triesBefore, ...rest } = others
      expect(same).toEqual(rest)
      const verified = {
        due_at: 0,
        revision: 2,
        facts: expect.stringMatching(/"attempt":null.*"unverified":true/),
      }
      expect(grants).toEqual(grantsBefore?.map((row) => ({ ...row, ...verified })))
      // Nobody waits for what was under way.
      const givenUp = { state: 'given_up', ended_at: AT + 1 }
      expect(tries).toEqual(
        triesBefore?.map((row) => (row['state'] === 'sent' ? { ...row, ...givenUp } : row)),
      )
      const rotates = (type: unknown) => type === 'claude/oauth' || type === 'codex/oauth'
      const set = {
        state: 'quarantined',
        state_reason: 'restored from a backup',
        revision: 2,
        updated_at: AT + 1,
      }
      expect(credential).toEqual(credentials?.map((row) => (rotates(row['type']) ? { ...row, ...set } : row)))
      const ended = { ended_at: AT + 1, end_reason: 'restored from a backup' }
      expect(lease).toEqual(leases?.map((row) => (row['ended_at'] === null ? { ...row, ...ended } : row)))
      expect(audit?.filter(({ action }) => action !== 'backup.restore')).toEqual(entries)
      const restored = audit?.filter(({ action }) => action === 'backup.restore') ?? []
      expect(restored.map((row) => row['organization_id'])).toEqual(['org-a', 'org-b'])
      const { store, close } = await openFull(target)
      for (const organization of ['org-a', 'org-b']) expect(await faultsOf(store, organization)).toEqual([])
      await close()
    })
  },
)

describe('a restored place', () => {
  it('gets the migrations that came after the backup', async () => {
    await fillDatabase(sqlite('old.db'), vault)
    const file = await backUp(sqlite('old.db'))
    for (const engine of engines) {
      const url = await place(engine, 'new.db')
      const later: Migrations = {
        ...migrationsOf(url),
        'store-9999': {
          async up(database) {
            await database.schema.alterTable('zoo').addColumn('visitors', 'integer').execute()
            await database
              .updateTable('zoo' as never)
              .set({ visitors: 3 } as never)
              .execute()
          },
        },
      }
      await restore(file, url, later)
      expect((await everything(url))['zoo']?.map((row) => row['visitors'])).toEqual([3, 3, 3, 3, 3])
    }
  })

  it('counts on after the largest number that was restored, on Postgres', async () => {
    const counted = (url: string): Migrations => ({
      ...migrationsOf(url),
      'people-0998': {
        async up(database) {
          const serial = url.startsWith('sqlite:') ? 'integer' : 'serial'
          await database.schema
            .createTable('ticket')
            .addColumn('number', serial, (column) => column.primaryKey())
            .addColumn('text', 'text')
            .execute()
        },
      },
    })
    const { openSqlStore } = await import('../../store/sql/sql-store.ts')
    const url = sqlite('counted.db')
    const store = await openSqlStore({ url, extraMigrations: counted(url) })
    const tickets = store.database as never as {
      insertInto(name: string): { values(row: object): { execute(): Promise<unknown> } }
    }
    for (const text of ['one', 'two', 'three']) await tickets.insertInto('ticket').values({ text }).execute()
    await store.close()
    const target = await postgres.createDatabase()
    await restore(await backUp(url), target, counted(target))
    const name = new URL(target).pathname.slice(1)
    expect(await postgres.query("insert into ticket (text) values ('four') returning number", name)).toEqual([
      { number: 4 },
    ])
  })

  it('lacks what was left out, and says which credentials do not open', async () => {
    const source = sqlite('source.db')
    await fillDatabase(source, vault)
    const database = new DatabaseSync(join(directory, 'source.db'))
    database.exec(
      "insert into person_session select 's1', '2030', 'tok', '2026', '2026', null, null, id, null, null from person",
    )
    database.exec("update credential set name = 'renamed' where name = 'raw_of_org-b'")
    database.close()
    const file = await backUp(source, 'all.backup', ['person_session', ...PASSING])
    const report = await restore(file, sqlite('target.db'))
    expect(report).toMatchObject({ credentials: 18, closed: ['renamed'] })
    const target = await everything(sqlite('target.db'))
    for (const left of ['person_session', 'browser_session']) expect([left, target[left]]).toEqual([left, []])
    expect(target['second_factor']).toHaveLength(2)
  })
})

describe('the target', () => {
  it('must be empty: a place with a row in it stays as it is', async () => {
    await fillDatabase(sqlite('source.db'), vault)
    const file = await backUp(sqlite('source.db'))
    for (const engine of engines) {
      const url = await place(engine, 'full.db')
      const store = await openFull(url)
      await store.store.installation.put('a', 'b')
      await store.close()
      const before = await everything(url)
      expect(await errorOf(restore(file, url))).toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('not empty'),
      })
      expect(await everything(url)).toEqual(before)
    }
  })

  it('may have empty tables, and what a killed restore left', async () => {
    await fillDatabase(sqlite('source.db'), vault)
    const file = await backUp(sqlite('source.db'))
    const url = sqlite('target.db')
    await (await openFull(url)).close()
    for (const end of ['', '-wal', '-journal'])
      writeFileSync(join(directory, `target.db.restoring${end}`), 'left behind')
    expect(await restore(file, url)).toMatchObject({ credentials: 18, closed: [] })
    expect(readdirSync(directory).filter((name) => name.includes('restoring'))).toEqual([])
  })

  it('must not be in use', async () => {
    await fillDatabase(sqlite('source.db'), vault)
    const file = await backUp(sqlite('source.db'))
    for (const engine of engines) {
      const url = await place(engine, 'used.db')
      const store = await openFull(url)
      await store.store.check()
      expect(await errorOf(restore(file, url))).toMatchObject({ code: 'conflict' })
      await store.close()
    }
  })
})

describe('a file', () => {
  let file: string
  let bytes: Buffer
  let lines: string[]
  beforeEach(async () => {
    await fillDatabase(sqlite('source.db'), vault)
    file = await backUp(sqlite('source.db'))
    bytes = readFileSync(file)
    lines = gunzipSync(bytes).toString().trimEnd().split('\n')
  })

  /** Writes `content` in the place of the backup; the error, and that nothing was written. */
  async function refused(content: Uint8Array, key = vault) {
    writeFileSync(file, content)
    const before = readdirSync(directory)
    const error = await errorOf(restore(file, sqlite('target.db'), undefined, key))
    expect(readdirSync(directory)).toEqual(before)
    expect(existsSync(join(directory, 'target.db'))).toBe(false)
    expect(error.hint).toBeTruthy()
    return error
  }

  /** The same backup with other lines, authentic. */
  function forged(changed: readonly string[]): Buffer {
    const hmac = vault.authenticate(PURPOSE)
    const text = changed
      .slice(0, -1)
      .map((line) => `${line}\n`)
      .join('')
    hmac.update(text)
    return gzipSync(`${text}${JSON.stringify({ hmac: hmac.digest() })}\n`)
  }

  it('holds nothing in plaintext and not the key', () => {
    const text = lines.join('\n')
    expect(text).toContain('claude_api-key_of_org-a')
    expect(text).not.toContain('canary')
    expect(Buffer.from(text).toString('latin1')).not.toContain(
      Buffer.from('canary').toString('base64').slice(0, 7),
    )
  })

  it('that is cut short anywhere is refused', async () => {
    for (const length of [
      1,
      9,
      17,
      300,
      bytes.length >> 1,
      bytes.length - 9,
      bytes.length - 8,
      bytes.length - 1,
    ]) {
      expect((await refused(bytes.subarray(0, length))).message, `${length}`).toMatch(
        /cut short|not a backup/,
      )
    }
    for (const left of [1, 2, 30, lines.length - 2, lines.length - 1]) {
      const error = await refused(gzipSync(`${lines.slice(0, left).join('\n')}\n`))
      expect(error.message, `${left} lines`).toMatch(/cut short/)
    }
  })

  it('that was altered anywhere is refused', async () => {
    for (let at = 0; at < 40; at += 1) {
      // Behind the ten bytes of gzip's own header, of which only the first four mean anything to us.
      const place = at < 4 ? at : 10 + Math.floor(((bytes.length - 11) * (at - 4)) / 35)
      const altered = Buffer.from(bytes)
      altered[place] = (altered[place] ?? 0) ^ 0x10
      expect((await refused(altered)).message, `byte ${place}`).toMatch(/altered|cut short|not a backup/)
    }
    expect((await refused(Buffer.concat([bytes, Buffer.from('more')]))).message).toMatch(/altered/)
    expect((await refused(Buffer.concat([bytes, bytes]))).message).toMatch(/altered/)
  })

  it('of which a line was changed, left out, doubled or moved is refused', async () => {
    const row = lines.findIndex((line) => line.startsWith('["cred_') || line.startsWith('["id-'))
    const changes: [string, string[]][] = [
      ['a row changed', lines.with(row, (lines[row] ?? '').replace('org-a', 'org-b'))],
      ['a row changed', lines.with(row, (lines[row] ?? '').replace(/.$/, ',1]'))],
      ['a row left out', lines.toSpliced(row, 1)],
      ['a row doubled', lines.toSpliced(row, 0, lines[row] ?? '')],
      ['two rows swapped', lines.with(row, lines[row + 1] ?? '').with(row + 1, lines[row] ?? '')],
      ['another time in the header', lines.with(0, (lines[0] ?? '').replace('2026-06', '2026-05'))],
      ['other counts', lines.with(-2, (lines.at(-2) ?? '').replace('"zoo":5', '"zoo":6'))],
      ['an empty hmac', lines.with(-1, '{"hmac":""}')],
      ['another hmac', lines.with(-1, `{"hmac":"${'0'.repeat(64)}"}`)],
      ['something after the end', [...lines, lines[row] ?? '']],
      ['no JSON', lines.with(row, '["')],
      ['a cell that is none', lines.with(row, (lines[row] ?? '').replace(/"[^"]*"/, '{"x":1}'))],
    ]
    for (const [what, changed] of changes) {
      expect(changed, what).not.toEqual(lines)
      expect((await refused(gzipSync(`${changed.join('\n')}\n`))).message, what).toMatch(/altered/)
    }
  })

  it('that is empty, no backup, or not there is refused', async () => {
    expect((await refused(Buffer.alloc(0))).message).toBe('The file is empty.')
    expect((await refused(Buffer.from('hello\n'))).message).toMatch(/not a backup/)
    expect((await refused(gzipSync('hello\n'))).message).toMatch(/not a backup/)
    expect((await refused(gzipSync('')).catch((error) => error)).message).toMatch(/cut short|not a backup/)
    expect((await refused(gzipSync('{"format":"tar"}\n'))).message).toMatch(/not a backup/)
    expect(await errorOf(restore(join(directory, 'absent'), sqlite('t.db')))).toMatchObject({
      code: 'not_found',
    })
    expect(await errorOf(restore(directory, sqlite('t.db')))).toMatchObject({ code: 'invalid' })
  })

  it('of a newer version, a newer migration or an unknown table is refused, though it is authentic', async () => {
    const header = JSON.parse(lines[0] ?? '')
    const withHeader = (changed: object) => forged(lines.with(0, JSON.stringify({ ...header, ...changed })))
    expect((await refused(withHeader({ version: 2 }))).message).toMatch(/newer Claviger/)
    const migrations = [...header.migrations, 'store-9999']
    expect((await refused(withHeader({ migrations }))).message).toMatch(/newer Claviger/)
    const renamed = lines.map((line) =>
      line.replace(/"table":"zoo"/, '"table":"ark"').replace('"zoo":5', '"ark":5'),
    )
    expect((await refused(forged(renamed))).message).toMatch(/has no ark/)
    expect(await refused(withHeader({ migrations: 'x' }))).toMatchObject({ code: 'unavailable' })
  })

  it('of another master key is refused, and says which it wants', async () => {
    const error = await refused(bytes, createVault(randomBytes(32)))
    expect(error.message).toBe('This backup belongs to another master key.')
    expect(error.hint).toContain(vault.keyId)
  })

  it('is refused when a wrong key claims to be the right one', async () => {
    const liar = { ...createVault(randomBytes(32)), keyId: vault.keyId }
    expect((await refused(bytes, liar)).message).toMatch(/altered/)
  })

  it('is the same whatever packs it', async () => {
    writeFileSync(file, gzipSync(gunzipSync(bytes), { level: 1 }))
    expect(await checkBackup(file, vault)).toMatchObject({ counts: { zoo: 5 } })
  })
})
