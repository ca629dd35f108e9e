// What the store needs of a database engine. sqlite.ts and postgres.ts are the two; neither knows a table.

import type { CompiledQuery, Kysely } from 'kysely'
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
  /** Other servers may write to the database at the same time. */
  readonly shared: boolean
  readonly translate: (thrown: unknown) => unknown
  /** Runs one query that only reads, outside of any unit. */
  readonly read: Execute
  /** Lends the connection that writes until `use` has ended; nobody else uses it meanwhile. */
  connected(use: (execute: Execute) => Promise<void>): Promise<void>
  /** Where other servers may use the same database: how texts reach them. */
  readonly signals?: EngineSignals
  /** Lends the database for migrations, to one process at a time. */
  migrating<T>(work: (database: Kysely<Database>) => Promise<T>): Promise<T>
  /** Where a database is one file: writes everything that is committed to a new one, while others go on. */
  copyTo?(path: string): Promise<void>
  /** Throws `unavailable` when the database cannot be used now; answers within seconds. */
  check(): Promise<void>
  /** The clock that everybody who uses the database shares; throws as `check` does. */
  now(): Promise<number>
  /** Answers with one row of one column: the version of the database itself. */
  readonly versionQuery: string
  close(): Promise<void>
}

export interface EngineSignals {
  /** The statement that sends a text to every server, this one too, when the transaction it is part of is committed. */
  send(text: string): CompiledQuery<unknown>
  /** Hears texts until the engine is closed; null for a gap in which any may have been lost. To be called once. */
  listen(hear: (text: string | null) => void): void
}
