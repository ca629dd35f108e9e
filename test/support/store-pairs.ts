// For tests: every store, twice on one database, as two servers have it. Call it in a test file; what it opens goes after
// each test.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openSqlStore } from '../../src/store/sql/sql-store.ts'
import type { Store } from '../../src/store/store.ts'
import { usePostgres } from './use-postgres.ts'

type Pairs<Name extends string> = Readonly<Record<Name, () => Promise<[Store, Store]>>>

export function useStorePairs(): Pairs<string> & Pairs<'memory' | 'sqlite' | 'postgres'> {
  const postgres = usePostgres()
  const cleanups: (() => unknown)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })
  const opened = async (url: string) => {
    const { store, close } = await openSqlStore({ url })
    cleanups.push(close)
    return store
  }
  return {
    memory: async () => {
      const store = createMemoryStore()
      return [store, store]
    },
    // One process has it.
    sqlite: async () => {
      const directory = mkdtempSync(join(tmpdir(), 'claviger-stores-'))
      cleanups.push(() => rmSync(directory, { recursive: true }))
      const store = await opened(`sqlite:${join(directory, 'claviger.db')}`)
      return [store, store]
    },
    postgres: async () => {
      const url = await postgres.furnishedDatabase('store')
      return [await opened(url), await opened(url)]
    },
  }
}
