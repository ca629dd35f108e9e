import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Migrations } from './migrations.ts'
import { openSqlStore } from './sql-store.ts'

let directory: string
let url: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-migrations-'))
  url = `sqlite:${join(directory, 'claviger.db')}`
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

const createTable = (name: string) => async (database: Kysely<unknown>) => {
  await database.schema.createTable(name).addColumn('id', 'text').execute()
}

async function tableNames(extraMigrations: Migrations = {}): Promise<string[]> {
  const { database, close } = await openSqlStore({ url, extraMigrations })
  const tables = await database.introspection.getTables()
  await close()
  return tables.map((table) => table.name)
}

describe('migrations', () => {
  it('run once; opening again changes nothing', async () => {
    const { store, close } = await openSqlStore({ url })
    await store.installation.put('a', 'b')
    await close()
    const again = await openSqlStore({ url })
    expect(await again.store.installation.get('a')).toBe('b')
    await again.close()
  })

  it('of others are run too, in their own line of numbers, now or later', async () => {
    const first = { 'identity-0001': { up: createTable('person') } }
    expect(await tableNames()).not.toContain('person')
    expect(await tableNames(first)).toContain('person')
    const second = { ...first, 'identity-0002': { up: createTable('session') } }
    expect(await tableNames(second)).toEqual(expect.arrayContaining(['person', 'session', 'credential']))
    expect(await tableNames(second)).toContain('session')
  })

  it('that fail leave nothing of themselves', async () => {
    const failing = async (database: Kysely<unknown>) => {
      await createTable('half')(database)
      throw new RangeError('no')
    }
    const extraMigrations = {
      'identity-0001': { up: createTable('person') },
      'identity-0002': { up: failing },
    }
    await expect(openSqlStore({ url, extraMigrations })).rejects.toThrow(RangeError)
    const left = await tableNames()
    expect(left).toContain('credential')
    expect(left).not.toContain('half')
    expect(left).not.toContain('person')
  })

  it('are not run over tables of others', async () => {
    const database = new DatabaseSync(url.slice('sqlite:'.length))
    database.exec('create table lease (id text)')
    database.close()
    await expect(tableNames()).rejects.toMatchObject({
      code: 'unavailable',
      message: `${url} has tables that are not as Claviger makes them.`,
      hint: expect.stringContaining('CLAVIGER_DATABASE_URL'),
    })
  })

  it('that this program does not know mean a newer Claviger wrote the database: nothing is changed', async () => {
    await tableNames({ 'store-9999': { up: createTable('later') } })
    await expect(tableNames({ 'identity-0001': { up: createTable('person') } })).rejects.toMatchObject({
      code: 'unavailable',
      message: 'This database was written by a newer Claviger.',
      hint: expect.stringContaining('Start that version again'),
    })
    expect(await tableNames({ 'store-9999': { up: createTable('later') } })).not.toContain('person')
  })
})
