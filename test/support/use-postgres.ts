// A Postgres for all tests of a file: there before the first of them, gone after the last.

import { afterAll, beforeAll } from 'vitest'
import { type PostgresServer, startPostgres } from './postgres.ts'

/** Whose tables a database has: the store's, or those of people too, as a server makes them. */
type Tables = 'store' | 'server'

export interface PostgresOfFile extends PostgresServer {
  /** A new database that is up to date already; a copy of one that was brought there as a server does. */
  furnishedDatabase(tables: Tables): Promise<string>
}

/** Call it at the top of the file, before other hooks. What it returns can be used from the first `beforeAll` on. */
export function usePostgres(): PostgresOfFile {
  const server = {} as PostgresOfFile
  beforeAll(async () => {
    const started = await startPostgres()
    const templates: Partial<Record<Tables, Promise<string>>> = {}
    const furnishedDatabase: PostgresOfFile['furnishedDatabase'] = async (tables) => {
      templates[tables] ??= makeTemplate(started, tables)
      return started.createDatabase(`template ${await templates[tables]}`)
    }
    Object.assign(server, started, { furnishedDatabase })
  })
  afterAll(() => server.close())
  return server
}

async function makeTemplate(server: PostgresServer, tables: Tables): Promise<string> {
  const { openSqlStore } = await import('../../src/store/sql/sql-store.ts')
  const url = await server.createDatabase()
  if (tables === 'store') await (await openSqlStore({ url })).close()
  else {
    const { peopleMigrations } = await import('../../src/identity/better-auth.ts')
    await (await openSqlStore({ url, extraMigrations: peopleMigrations('postgres') })).close()
  }
  return new URL(url).pathname.slice(1)
}
