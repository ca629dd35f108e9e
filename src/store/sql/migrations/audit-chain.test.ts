// A database from before the chain, on both engines, brought up to date.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompiledQuery } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { startPostgres } from '../../../../test/support/postgres.ts'
import { faultsOf } from '../../conformance/audit.conformance.ts'
import { openSqlStore } from '../sql-store.ts'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

// As store-0001 made it.
const BEFORE = [
  'drop table audit',
  'drop table audit_head',
  `create table audit (id text not null, organization_id text not null, at bigint not null, actor_kind text not null,
   actor_id text not null, actor_name text not null, action text not null, object_kind text not null,
   object_id text not null, object_name text not null, outcome text not null, details text not null,
   request_id text not null, constraint audit_key primary key (organization_id, id))`,
  "delete from kysely_migration where name = 'store-0006'",
]

const SIZES = { 'org-a': 2_345, 'org-b': 1, 'org-c': 1_000 } as const

async function goBack(url: string): Promise<void> {
  const { database, close } = await openSqlStore({ url })
  const run = (statement: string) => database.executeQuery(CompiledQuery.raw(statement))
  for (const statement of BEFORE) await run(statement)
  for (const [organizationId, size] of Object.entries(SIZES)) {
    const rows = Array.from({ length: size }, (_, i) => {
      const id = `aud_${String(i).padStart(6, '0')}`
      const details = i % 2 === 0 ? '{"z":1,"a":"é"}' : '{}'
      return `('${id}', '${organizationId}', ${i}, 'person', 'p', 'ada', 'lease.create', 'credential', 'c', 'main', 'allowed', '${details}', '')`
    })
    for (let from = 0; from < size; from += 500) {
      await run(`insert into audit values ${rows.slice(from, from + 500).join(', ')}`)
    }
  }
  await close()
}

async function expectChained(url: string): Promise<void> {
  const { store, close } = await openSqlStore({ url })
  cleanups.push(close)
  for (const [organizationId, size] of Object.entries(SIZES)) {
    expect(await faultsOf(store, organizationId)).toEqual([])
    expect(await store.audit.head(organizationId)).toMatchObject({ position: size })
  }
  expect(await store.audit.list('org-a', { after: 1_000, limit: 2 })).toMatchObject([
    { position: 1_001, id: 'aud_001000', at: 1_000, details: { a: 'é', z: 1 } },
    { position: 1_002, id: 'aud_001001', details: {} },
  ])
  const [last] = await store.audit.list('org-b', { limit: 1 })
  if (last === undefined) throw new Error('there is no entry')
  await store.audit.append({ ...last, id: 'aud_new' })
  expect(await faultsOf(store, 'org-b')).toEqual([])
}

describe('entries from before the chain get their places', () => {
  it('on SQLite', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'claviger-chain-'))
    cleanups.push(() => rmSync(directory, { recursive: true }))
    const url = `sqlite:${join(directory, 'claviger.db')}`
    await goBack(url)
    await expectChained(url)
  })

  it('on Postgres', async () => {
    const server = await startPostgres()
    cleanups.push(() => server.close())
    const url = await server.createDatabase()
    await goBack(url)
    await expectChained(url)
  })
})
