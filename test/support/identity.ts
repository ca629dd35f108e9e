// Real people for tests: better-auth's tables on a real database, changed in units of its store.

import { createIdentity, peopleMigrations } from '../../src/identity/better-auth.ts'
import type { Identity, PeopleChanges } from '../../src/identity/identity.ts'
import { engineOf, openSqlStore } from '../../src/store/sql/sql-store.ts'
import type { Store } from '../../src/store/store.ts'

export interface OpenIdentity {
  readonly identity: Identity
  readonly store: Store
  /** A unit of the store in which people are changed, and nothing else happens. */
  change<T>(work: (changes: PeopleChanges) => Promise<T>): Promise<T>
}

/** As one server opens them. */
export async function openIdentity(url: string): Promise<OpenIdentity> {
  const engine = engineOf(url)
  const { store, database, executeIn } = await openSqlStore({
    url,
    extraMigrations: peopleMigrations(engine),
  })
  const identity = createIdentity({
    database: database as never,
    engine,
    secret: 'a secret of this test and of nothing else',
    baseUrl: 'http://127.0.0.1:7717',
    executeIn,
  })
  return {
    identity,
    store,
    change: (work) => store.atomically((unit) => work(identity.changing(unit))),
  }
}
