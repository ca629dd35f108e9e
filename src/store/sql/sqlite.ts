// One SQLite file, opened for one process: node:sqlite behind Kysely's dialect. It owns the file, its lock, its modes
// and the translation of errors; it knows no table.

import { chmodSync, closeSync, openSync, statSync } from 'node:fs'
import { backup, DatabaseSync, type SQLInputValue } from 'node:sqlite'
import {
  CompiledQuery,
  Kysely,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
} from 'kysely'
import type { ClavigerError } from '../../domain/errors.ts'
import type { Engine } from './engine.ts'
import { sqliteErrors, unusable } from './errors.ts'
import type { Execute } from './prepared.ts'
import type { Database } from './schema.ts'

// Pages that are copied in one step, while a statement has to wait: some milliseconds.
const COPY_PAGES = 500

// What a mode may not have: any right for the group or others.
const OTHERS = 0o077

const IN_MEMORY = ':memory:'

// Statements are few, but lists of different lengths make new texts; beyond this many the cache starts again.
const MAX_CACHED_STATEMENTS = 500

// Exclusive locking comes first: it keeps the index of the log in memory, and no -shm file is made.
const SETTINGS = `
  pragma locking_mode = exclusive;
  pragma synchronous = full;
  pragma foreign_keys = on;
  pragma secure_delete = on;
  pragma temp_store = memory;
  pragma cache_size = -65536;
  pragma wal_autocheckpoint = 4000;
`

export interface SqliteOptions {
  /** A file, or `:memory:`. */
  readonly path: string
  /** The file may not grow beyond this many pages of 4 KiB: a limit for operators and a full disk for tests. */
  readonly maxPages?: number
}

/**
 * Opens the database and takes its lock until it is closed. Throws `conflict` when another process has it and
 * `unavailable` when it cannot be used. A new file is readable for its owner only; an existing one is made so.
 */
export function openSqlite(options: SqliteOptions): Engine {
  const translate = sqliteErrors(options.path)
  const connection = openLocked(options, translate)
  const database = new Kysely<Database>({ dialect: new Dialect({ database: asKyselyDatabase(connection) }) })
  const translated =
    (execute: Execute): Execute =>
    async (query) => {
      try {
        return await execute(query)
      } catch (error) {
        throw translate(error)
      }
    }
  return {
    database,
    binary: 'blob',
    begin: 'begin immediate',
    // A full disk makes SQLite take the whole transaction back: what came after would be stored by itself.
    pipelined: false,
    shared: false,
    translate,
    read: translated((query) => database.executeQuery(query)),
    // Kysely's own connection, without the layers that wait for it at each query.
    connected: (use) =>
      database
        .getExecutor()
        .provideConnection((only) => use(translated((query) => only.executeQuery(query)))),
    migrating: (work) => work(database),
    versionQuery: 'select sqlite_version() as version',
    // One process has it, and so this process's clock is the only one.
    now: async () => Date.now(),
    copyTo: (path) => copy(connection, database, path, translate),
    check: async () => {
      await database.executeQuery(CompiledQuery.raw('select 1 from sqlite_schema'))
    },
    close: async () => {
      try {
        if (connection.isOpen) connection.exec('pragma wal_checkpoint(truncate)')
      } catch (error) {
        throw translate(error)
      } finally {
        await database.destroy()
        if (connection.isOpen) connection.close()
      }
    },
  }
}

// SQLite copies in steps, and what is committed between them is in the copy too. The first step must not meet an open
// transaction: node:sqlite would take that for the end. So nobody else has the connection until it is done.
async function copy(
  connection: DatabaseSync,
  database: Kysely<Database>,
  path: string,
  translate: Engine['translate'],
): Promise<void> {
  makePrivate(path)
  const begun = Promise.withResolvers<void>()
  try {
    const copying = await database.getExecutor().provideConnection(async () => {
      const whole = backup(connection, path, { rate: COPY_PAGES, progress: () => begun.resolve() })
      await Promise.race([begun.promise, whole])
      return { whole }
    })
    await copying.whole
  } catch (error) {
    throw translate(error)
  }
}

function openLocked({ path, maxPages }: SqliteOptions, translate: Engine['translate']): DatabaseSync {
  if (path !== IN_MEMORY) makePrivate(path)
  let connection: DatabaseSync | undefined
  try {
    connection = new DatabaseSync(path, { timeout: 0 })
    connection.exec(SETTINGS)
    const journal = connection.prepare('pragma journal_mode = wal').get()?.['journal_mode']
    if (maxPages !== undefined) connection.exec(`pragma max_page_count = ${maxPages}`)
    connection.exec('begin immediate; commit')
    if (path !== IN_MEMORY && journal !== 'wal') {
      throw unusable(path, 'is on a file system without what it needs', 'Put it on a local disk.')
    }
    return connection
  } catch (error) {
    connection?.close()
    throw translate(error)
  }
}

// Never opens a file that may be a database in use: closing any descriptor of it would drop this process's locks.
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (!isFileError(error, 'EEXIST')) throw cannotOpen(path, error)
  }
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw cannotOpen(path)
  if (!found.isFile()) throw unusable(path, 'is no file', 'Choose a file with --database.')
  try {
    if (found.mode & OTHERS) chmodSync(path, 0o600)
  } catch (error) {
    throw unusable(path, 'is readable for others', 'Make it yours: chown it, then chmod 600.', error)
  }
  if (statSync(path).mode & OTHERS) {
    throw unusable(path, 'is readable for others', 'Put it on a file system that keeps modes.')
  }
}

function cannotOpen(path: string, cause?: unknown): ClavigerError {
  return unusable(path, 'cannot be opened', 'Check that its folder exists and is ours to write.', cause)
}

function isFileError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

// Kysely says no because of ALTER TABLE's limits; SQLite takes CREATE and DROP back as well as rows, and so a migration
// that was interrupted leaves nothing.
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class Dialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new Adapter()
  }
}

function asKyselyDatabase(connection: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    close: () => connection.close(),
    prepare: (sql) => {
      const cached = statements.get(sql)
      if (cached) return cached
      const made = asKyselyStatement(connection, sql)
      if (statements.size >= MAX_CACHED_STATEMENTS) statements.clear()
      statements.set(sql, made)
      return made
    },
  }
}

// Rows are read as arrays and made objects here: node:sqlite's own objects are slow to make and to copy.
function asKyselyStatement(connection: DatabaseSync, sql: string): SqliteStatement {
  const statement = connection.prepare(sql)
  const columns = statement.columns().map((column) => column.name)
  statement.setReturnArrays(true)
  const toObject = (row: unknown) => objectOf(columns, row as unknown[])
  return {
    reader: columns.length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])).map(toObject),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    iterate: function* (parameters) {
      for (const row of statement.iterate(...(parameters as SQLInputValue[]))) yield toObject(row)
    },
  }
}

function objectOf(columns: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (let place = 0; place < columns.length; place += 1) row[columns[place] ?? ''] = values[place]
  return row
}
