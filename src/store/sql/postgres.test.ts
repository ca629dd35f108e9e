import { afterAll, afterEach, beforeAll } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../test/support/postgres.ts'
import { describeStore } from '../store.conformance.ts'
import { openSqlStore, type SqlStore, type SqlStoreOptions } from './sql-store.ts'

let server: PostgresServer
const cleanups: (() => unknown)[] = []

beforeAll(async () => {
  server = await startPostgres()
  // Each test starts from a copy of this one, already brought up to date.
  await server.query('create database empty')
  await (await openSqlStore({ url: server.urlOf('empty') })).close()
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

afterAll(() => server.close())

async function open(url: string, options: Partial<SqlStoreOptions> = {}): Promise<SqlStore> {
  const opened = await openSqlStore({ url, ...options })
  cleanups.push(() => opened.close())
  return opened
}

describeStore('Postgres', async () => {
  const url = await server.createDatabase('template empty')
  const { store } = await open(url)
  return {
    store,
    reopen: async () => {
      await store.close()
      return (await open(url)).store
    },
  }
})
