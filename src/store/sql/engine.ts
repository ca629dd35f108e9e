// What the store needs of a database engine. sqlite.ts and postgres.ts are the two; neither knows a table.

import type { Kysely } from 'kysely'
import type { Execute } from './prepared.ts'
import type { Database } from './schema.ts'

export interface Engine {
  readonly database: Kysely<Database>
  /** The type of a column of bytes. */
  readonly binary: 'blob' | 'bytea'
  /** The schema our tables are in, where the engine has schemas. */
  readonly schema?: string
  /** Starts a transaction that will write. */
  readonly begin: string
  /** On the connection that writes a statement may be sent before the last one was answered. */
  readonly pipelined: boolean
  readonly translate: (thrown: unknown) => unknown
  /** Runs one query that only reads, outside of any unit. */
  readonly read: Execute
  /** Lends the connection that writes until `use` has ended; nobody else uses it meanwhile. */
  connected(use: (execute: Execute) => Promise<void>): Promise<void>
  /** Lends the database for migrations, to one process at a time. */
  migrating<T>(work: (database: Kysely<Database>) => Promise<T>): Promise<T>
  /** Where a database is one file: writes everything that is committed to a new one, while others go on. */
  copyTo?(path: string): Promise<void>
  /** Throws `unavailable` when the database cannot be used now; answers within seconds. */
  check(): Promise<void>
  close(): Promise<void>
}
