// A database opened for being copied from or to, without a server: no unit, no migration, no limits of time. An SQLite
// file is held exclusively; on Postgres the migration lock and the list of sessions say whether a server uses it too.

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ControlledTransaction, Kysely, PostgresDialect, sql } from 'kysely'
import { ClavigerError } from '../../../domain/errors.ts'
import type { Engine } from '../engine.ts'
import { isPostgresUrl, type PostgresAddress, postgresAddress } from '../postgres/address.ts'
import { openSqlite } from '../sqlite.ts'
import type { EngineName, Tables } from './tables.ts'

const SQLITE = 'sqlite:'

/** Sessions of servers; see connections.ts. */
const SERVER_NAME = 'claviger'
const LISTENING_NAME = 'claviger listening'
const OWN_NAME = 'claviger copy'

// Milliseconds. Postgres takes a moment to notice that a process was killed.
const SESSION_ENDS_WITHIN = 3_000

export interface Place extends Pick<Engine, 'binary' | 'schema' | 'translate'> {
  readonly engine: EngineName
  /** For people: without user and password. */
  readonly name: string
  readonly database: Kysely<Tables>
  close(): Promise<void>
}

/** A place read as it was at one moment. */
export interface HeldPlace extends Place {
  /** Every query through it sees the same moment. */
  readonly still: Kysely<Tables>
}

/** The path of an SQLite database's URL; throws `invalid` for a URL that is none. */
export function sqlitePath(url: string): string {
  const path = url.startsWith(SQLITE) ? url.slice(SQLITE.length) : ''
  if (path !== '') return path
  throw new ClavigerError('invalid', 'This is not the URL of a database we can use.', {
    hint: 'Use sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE.',
  })
}

/** How the database at a URL is named for people: without user and password. */
export function placeName(url: string): string {
  return isPostgresUrl(url)
    ? `postgres://${postgresAddress(url).name}`
    : `${SQLITE}${resolve(sqlitePath(url))}`
}

/** Opens a place; an SQLite file must exist unless it is to be `made`. Throws as openSqlite and openPostgres do. */
export async function openPlace(url: string, made: boolean): Promise<Place> {
  if (isPostgresUrl(url)) return openPostgresPlace(postgresAddress(url))
  const path = sqlitePath(url)
  if (!made && statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new ClavigerError('not_found', `There is no database at ${path}.`, {
      hint: 'Check the path, or CLAVIGER_STATE_DIR.',
    })
  }
  const { database, binary, translate, close } = openAlone(path)
  return {
    ...{ engine: 'sqlite', name: placeName(url), binary, translate, close },
    database: database as unknown as Kysely<Tables>,
  }
}

/**
 * Holds a place still. With `alone`, nobody else may use it until it is closed: throws `conflict` when a server is
 * connected. An SQLite file is always alone.
 */
export async function hold(place: Place, alone: boolean): Promise<HeldPlace> {
  if (place.engine === 'sqlite') return { ...place, still: place.database }
  if (alone) await waitUntilAlone(place)
  let moment: ControlledTransaction<Tables> | undefined
  const end = async () => {
    // Nothing was written; a connection that is gone has ended it already.
    await moment
      ?.rollback()
      .execute()
      .catch(() => undefined)
  }
  try {
    moment = await place.database
      .startTransaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute()
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(moment)
    if (alone) await mustBeAlone(moment, place.name)
    else await sql`select 1 from pg_class limit 1`.execute(moment)
  } catch (error) {
    await end()
    throw place.translate(error)
  }
  return {
    ...place,
    still: moment,
    close: async () => {
      await end()
      await place.close()
    },
  }
}

/** Takes the migration lock of Postgres until the transaction ends; throws `conflict` when a server uses the place. */
export async function mustBeAlone(transaction: Kysely<Tables>, name: string): Promise<void> {
  const { MIGRATION_LOCK } = await import('../postgres.ts')
  const { rows } = await sql<{ free: boolean; servers: number }>`
    select pg_try_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)}) as free,
      (select count(*)::int from pg_stat_activity
        where datname = current_database() and application_name in (${SERVER_NAME}, ${LISTENING_NAME})) as servers`.execute(
    transaction,
  )
  if (rows[0]?.free === true && rows[0].servers === 0) return
  throw new ClavigerError('conflict', `A server is connected to ${name}.`, {
    hint: 'Stop every claviger serve that uses it, then type this again.',
  })
}

function openAlone(path: string): Engine {
  try {
    return openSqlite({ path })
  } catch (error) {
    if (!(error instanceof ClavigerError) || error.code !== 'conflict') throw error
    throw new ClavigerError('conflict', error.message, {
      hint: 'Stop the server that has it open, then type this again.',
      cause: error,
    })
  }
}

/** Waits a little until `mustBeAlone` would let a place pass; throws as it does. */
export async function waitUntilAlone({ engine, database, name, translate }: Place): Promise<void> {
  if (engine === 'sqlite') return
  const begun = performance.now()
  for (;;) {
    try {
      return await database.transaction().execute((transaction) => mustBeAlone(transaction, name))
    } catch (error) {
      const late = performance.now() - begun > SESSION_ENDS_WITHIN
      if (late || !(error instanceof ClavigerError) || error.code !== 'conflict') throw translate(error)
    }
    await sleep(50)
  }
}

async function openPostgresPlace(address: PostgresAddress): Promise<Place> {
  const [{ createConnections }, { postgresErrors }, { FITNESS_QUERY, refuseUnfit }, { textInByteOrder }] =
    await Promise.all([
      import('../postgres/connections.ts'),
      import('../postgres/errors.ts'),
      import('../postgres/fitness.ts'),
      import('../postgres/text-columns.ts'),
    ])
  const translate = postgresErrors(address)
  const connections = createConnections({
    ...{ address, translate, most: 3, unhurried: true, applicationName: OWN_NAME },
  })
  const database = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: connections.pool }),
    plugins: [textInByteOrder()],
  })
  const close = async () => {
    await database.destroy()
    await connections.close()
  }
  try {
    const { rows } = await connections.lend((run) => run({ text: FITNESS_QUERY }))
    const schema = refuseUnfit(rows[0], address)
    return {
      engine: 'postgres',
      name: placeName(address.url),
      schema,
      binary: 'bytea',
      translate,
      database,
      close,
    }
  } catch (error) {
    await close()
    throw translate(error)
  }
}
