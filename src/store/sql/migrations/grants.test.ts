// A database from before grants, on both engines, brought up to date.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompiledQuery } from 'kysely'
import { afterEach, expect, it } from 'vitest'
import { usePostgres } from '../../../../test/support/use-postgres.ts'
import { attemptRow, bytes, credentialRow, grantRow } from '../../conformance/rows.ts'
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
  "delete from kysely_migration where name in ('store-0007', 'store-0011')",
]

const BEFORE_LEFTOVERS = [
  'drop index renewal_attempt_leftover',
  'alter table renewal_attempt drop column revoke_at',
  'alter table renewal_attempt drop column revoke_tries',
  `update login_grant set facts = replace(facts, '"orphans":[],', '')`,
  "delete from kysely_migration where name = 'store-0011'",
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

it.each(['sqlite', 'postgres'] as const)('what was left over before is to be revoked: %s', async (engine) => {
  const url = await places[engine]()
  const before = await openSqlStore({ url })
  const row = credentialRow({ type: 'codex/oauth', harness: 'codex' })
  await before.store.credentials.insert(row)
  const grant = grantRow(row.id)
  await before.store.grants.insert(grant)
  const left = attemptRow(row.id, { state: 'leftover', endedAt: 2000, answer: bytes(1) })
  const kept = attemptRow(row.id, { state: 'orphan', endedAt: 2000, answer: bytes(2) })
  for (const attempt of [left, kept]) await before.store.attempts.insert(attempt)
  for (const statement of BEFORE_LEFTOVERS) await before.database.executeQuery(CompiledQuery.raw(statement))
  await before.close()

  const { store, close } = await openSqlStore({ url })
  cleanups.push(close)
  expect(await store.attempts.leftovers(2000, 10)).toEqual([{ ...left, revokeAt: 2000 }])
  expect(await store.attempts.get(kept.id)).toEqual(kept)
  expect(await store.grants.get(row.id)).toEqual(grant)
})

it.each(['sqlite', 'postgres'] as const)(
  'what was written before there were parents has none: %s',
  async (engine) => {
    const { store, database, close } = await openSqlStore({ url: await places[engine]() })
    cleanups.push(close)
    const row = credentialRow({ type: 'codex/oauth', harness: 'codex' })
    await store.credentials.insert(row)
    const grant = grantRow(row.id)
    await store.grants.insert(grant)
    const older = `update login_grant set facts = replace(facts, '"parent":null,', '')`
    await database.executeQuery(CompiledQuery.raw(older))
    const { rows } = await database.executeQuery(CompiledQuery.raw('select facts from login_grant'))
    expect(JSON.stringify(rows)).not.toContain('parent')
    expect(await store.grants.get(row.id)).toEqual(grant)
  },
)
