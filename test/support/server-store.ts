// The store of a server that does not run, opened with all the tables that a server makes.

import { peopleMigrations } from '../../src/identity/better-auth.ts'
import { engineOf, openSqlStore } from '../../src/store/sql/sql-store.ts'
import type { Store } from '../../src/store/store.ts'

/** Lends the store of the database at this URL, and closes it. */
export async function withServerStore<T>(url: string, work: (store: Store) => Promise<T>): Promise<T> {
  const extraMigrations = peopleMigrations(engineOf(url))
  const { store, close } = await openSqlStore({ url, extraMigrations })
  try {
    return await work(store)
  } finally {
    await close()
  }
}
