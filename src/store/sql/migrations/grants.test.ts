// A database from before grants, on both engines, brought up to date.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompiledQuery } from 'kysely'
import { afterEach, expect, it } from 'vitest'
import { usePostgres } from '../../../../test/support/use-postgres.ts'
import { credentialRow, grantRow } from '../../conformance/rows.ts'
import { openSqlStore } from '../sql-store.ts'

const postgres = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const BEFORE = [
  'drop table renewal_attempt',
  'drop table login_grant',
  'alter table credential drop column expires_at',
  "delete from kysely_migration where name = 'store-0007'",
]

const places = {
  sqlite: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'claviger-grants-'))
    cleanups.push(() => rmSync(directory, { recursive: true }))
    return `sqlite:${join(directory, 'claviger.db')}`
  },
  postgres: () => postgres.createDatabase(),
}

it.each(['sqlite', 'postgres'] as const)(
  'of credentials from before nobody knows when they end: %s',
  async (engine) => {
    const url = await places[engine]()
    const before = await openSqlStore({ url })
    const row = credentialRow({ type: 'codex/oauth', harness: 'codex' })
    await before.store.credentials.insert(row)
    for (const statement of BEFORE) await before.database.executeQuery(CompiledQuery.raw(statement))
    await before.close()

    const { store, close } = await openSqlStore({ url })
    cleanups.push(close)
    expect(await store.credentials.get('org-a', row.id)).toEqual({ ...row, expiresAt: null })
    expect(await store.credentials.update('org-a', row.id, row.revision, { expiresAt: 5000 })).toBe(true)
    expect((await store.credentials.candidates('org-a', 'codex', [row.owner]))[0]?.expiresAt).toBe(5000)
    await store.grants.insert(grantRow(row.id))
    expect(await store.grants.list('org-a')).toHaveLength(1)
  },
)
