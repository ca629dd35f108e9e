// A Postgres for all tests of a file: there before the first of them, gone after the last.

import { afterAll, beforeAll } from 'vitest'
import { type PostgresServer, startPostgres } from './postgres.ts'

/** Call it at the top of the file, before other hooks. What it returns can be used from the first `beforeAll` on. */
export function usePostgres(): PostgresServer {
  const server = {} as PostgresServer
  beforeAll(async () => {
    Object.assign(server, await startPostgres())
  })
  afterAll(() => server.close())
  return server
}
