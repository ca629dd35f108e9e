// An empty database that a backup is put into, whole or not at all: on Postgres in one transaction, on SQLite in a file
// beside the real one, which takes its place when everything is in.

import { statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Kysely, sql, type Transaction } from 'kysely'
import { ClavigerError } from '../../../domain/errors.ts'
import type { EmptyPlace, Filling } from '../../transfer.ts'
import { auditChaining } from '../groups/audit.ts'
import { allMigrations, bringTo, type Migrations } from '../migrations.ts'
import { isPostgresUrl } from '../postgres/address.ts'
import type { Database } from '../schema.ts'
import { mustBeAlone, openPlace, type Place, placeName, sqlitePath, waitUntilAlone } from './place.ts'
import { insertRows, isEmpty, setCounters, unknownPlace } from './rows.ts'
import { everythingSealed } from './sealed.ts'
import { setAside } from './set-aside.ts'
import { findTables, type Table, type Tables } from './tables.ts'

export interface EmptyPlaceOptions {
  readonly url: string
  /** Migrations of tables that are not the store's. */
  readonly extraMigrations: Migrations
  /** Called when everything is in, just before it is kept. */
  readonly beforeKeeping: () => Promise<void>
}

/** The place at a URL. Nothing is opened before `fill`. */
export function emptyPlaceAt(options: EmptyPlaceOptions): EmptyPlace {
  const { url, extraMigrations } = options
  const known = allMigrations(isPostgresUrl(url) ? 'bytea' : 'blob', extraMigrations)
  return {
    name: placeName(url),
    unknown: (migrations) => migrations.filter((name) => !Object.hasOwn(known, name)),
    fill: (migrations, fill) =>
      isPostgresUrl(url)
        ? fillPostgres(options, known, migrations, fill)
        : fillSqlite(options, known, migrations, fill),
  }
}

type Fill<T> = (filling: Filling) => Promise<T>

async function fillPostgres<T>(
  { url, beforeKeeping }: EmptyPlaceOptions,
  known: Migrations,
  migrations: readonly string[],
  fill: Fill<T>,
): Promise<T> {
  const place = await openPlace(url, true)
  try {
    await waitUntilAlone(place)
    return await place.database.transaction().execute(async (transaction) => {
      await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction)
      await mustBeAlone(transaction, place.name)
      await mustBeEmpty(place, transaction)
      const result = await fillWithin(place, transaction, known, migrations, fill)
      await beforeKeeping()
      return result
    })
  } catch (error) {
    throw place.translate(error)
  } finally {
    await place.close()
  }
}

// The file itself is held meanwhile, so that no server starts on it. Its log must be empty when the other file takes its
// place: SQLite would take what is in it for the other one's.
async function fillSqlite<T>(
  { url, beforeKeeping }: EmptyPlaceOptions,
  known: Migrations,
  migrations: readonly string[],
  fill: Fill<T>,
): Promise<T> {
  const path = sqlitePath(url)
  const existed = statSync(path, { throwIfNoEntry: false }) !== undefined
  const real = await openPlace(url, true)
  let kept = false
  try {
    await mustBeEmpty(real, real.database)
    await removeDatabase(unfinished(path))
    const result = await fillFile(unfinished(path), known, migrations, fill)
    await beforeKeeping()
    await sql`pragma wal_checkpoint(truncate)`.execute(real.database)
    await rename(unfinished(path), path)
    kept = true
    await syncDirectory(dirname(path))
    return result
  } catch (error) {
    throw real.translate(error)
  } finally {
    await real.close()
    if (!kept) {
      await removeDatabase(unfinished(path))
      if (!existed) await removeDatabase(path)
    }
  }
}

async function fillFile<T>(
  path: string,
  known: Migrations,
  migrations: readonly string[],
  fill: Fill<T>,
): Promise<T> {
  const place = await openPlace(`sqlite:${path}`, true)
  try {
    return await place.database
      .transaction()
      .execute((transaction) => fillWithin(place, transaction, known, migrations, fill))
  } finally {
    await place.close()
  }
}

async function fillWithin<T>(
  place: Place,
  transaction: Transaction<Tables>,
  known: Migrations,
  migrations: readonly string[],
  fill: Fill<T>,
): Promise<T> {
  const database = transaction as unknown as Kysely<Database>
  const then = Object.fromEntries(Object.entries(known).filter(([name]) => migrations.includes(name)))
  await bringTo(database, place, then)
  const tables = await findTables(transaction, place.engine)
  return fill({
    insert: (shape, rows) =>
      insertRows(transaction, place.engine, tableNamed(tables, shape.name), shape, rows),
    complete: async () => {
      await setCounters(transaction, place.engine, tables)
      await bringTo(database, place, known)
    },
    ...afterwards(database),
    sealed: () => everythingSealed(transaction, place.engine),
  })
}

function afterwards(
  database: Kysely<Database>,
): Pick<Filling, 'forget' | 'quarantine' | 'endLeases' | 'organizations' | 'audit'> {
  const chaining = auditChaining(database, false)
  return {
    forget: async (fact) => {
      await database.deleteFrom('installation').where('name', '=', fact).execute()
    },
    quarantine: (types, reason, at) => setAside(database, types, reason, at),
    endLeases: async (reason, at) => {
      const { numUpdatedRows } = await database
        .updateTable('lease')
        .set({ ended_at: at, end_reason: reason })
        .where('ended_at', 'is', null)
        .executeTakeFirst()
      return Number(numUpdatedRows)
    },
    organizations: async () => {
      const query = database.selectFrom('audit').select('organization_id').distinct()
      return (await query.orderBy('organization_id').execute()).map((row) => row.organization_id)
    },
    // Nobody else writes here yet: the entry takes its place in the chain at once.
    audit: async (entry) => {
      const held = await chaining.hold([entry.organizationId], (query) => database.executeQuery(query))
      for (const statement of chaining.write([entry], held)) await database.executeQuery(statement)
    },
  }
}

function tableNamed(tables: readonly Table[], name: string): Table {
  const found = tables.find((table) => table.name === name)
  if (found === undefined) throw unknownPlace(name)
  return found
}

async function mustBeEmpty(place: Place, database: Kysely<Tables>): Promise<void> {
  if (await isEmpty(database, await findTables(database, place.engine))) return
  throw new ClavigerError('conflict', `${place.name} is not empty.`, {
    hint: 'A backup is restored into an empty place: set CLAVIGER_STATE_DIR to a new directory or name a new database with --database, or move the old one away.',
  })
}

function unfinished(path: string): string {
  return `${path}.restoring`
}

async function removeDatabase(path: string): Promise<void> {
  for (const end of ['', '-wal', '-shm', '-journal']) await rm(`${path}${end}`, { force: true })
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
