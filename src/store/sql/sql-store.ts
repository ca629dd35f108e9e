// The store over SQL: opens an engine, brings its tables up to date and puts the groups together. Every write goes
// through group commit; reads outside of a unit are queries of their own and see only what is committed.

import type { Kysely } from 'kysely'
import { ClavigerError } from '../../domain/errors.ts'
import { groupsThrough } from '../groups-through.ts'
import { storeClosed } from '../refusals.ts'
import type { Store, StoreGroups } from '../store.ts'
import type { Snapshot } from '../transfer.ts'
import { createUnitScope } from '../unit-scope.ts'
import type { Engine } from './engine.ts'
import { createGroupCommit } from './group-commit.ts'
import { auditGroup } from './groups/audit.ts'
import { credentialGroup } from './groups/credentials.ts'
import { leaseGroup } from './groups/leases.ts'
import { installationGroup, settingGroup } from './groups/settings.ts'
import { tokenGroup } from './groups/tokens.ts'
import { versionGroup } from './groups/versions.ts'
import { type Migrations, migrate } from './migrations.ts'
import { isPostgresUrl, postgresAddress } from './postgres/address.ts'
import type { Execute } from './prepared.ts'
import type { Database } from './schema.ts'
import { openSqlite } from './sqlite.ts'
import { removeLeftCopies, snapshotOf } from './transfer/snapshot.ts'

const SQLITE = 'sqlite:'

export interface SqlStoreOptions {
  /** `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. */
  readonly url: string
  /** Migrations of tables that are not the store's. */
  readonly extraMigrations?: Migrations
  /** See SqliteOptions. */
  readonly maxPages?: number
  /** A directory of ours for what is needed for a while; without it there are no snapshots. */
  readonly scratch?: string
}

export interface SqlStore {
  readonly store: Store
  /** The database itself, for identity/. Never use it inside `atomically`: on SQLite it would wait for itself. */
  readonly database: Kysely<Database>
  /** This moment of the database, for a backup; tables `without` are left out. */
  snapshot(without: readonly string[]): Promise<Snapshot>
  /** The same as `store.close()`. */
  close(): Promise<void>
}

/** Which engine a URL asks for. */
export function engineOf(url: string): 'sqlite' | 'postgres' {
  return isPostgresUrl(url) ? 'postgres' : 'sqlite'
}

/** A database's URL as it may be shown and logged: without user and password. */
export function shownDatabase(url: string): string {
  return isPostgresUrl(url) ? `postgres://${postgresAddress(url).name}` : url
}

/**
 * Opens a database and brings it up to date. Throws `invalid` for a URL that is none; others: see openSqlite and
 * openPostgres.
 */
export async function openSqlStore(options: SqlStoreOptions): Promise<SqlStore> {
  const engine = await openEngine(options)
  const { url, scratch } = options
  try {
    await migrate(engine, options.extraMigrations, shownDatabase(url))
    if (scratch !== undefined && engine.copyTo !== undefined) await removeLeftCopies(scratch)
  } catch (error) {
    await engine.close()
    throw engine.translate(error)
  }
  const store = storeOver(engine)
  return {
    store,
    database: engine.database,
    snapshot: async (without) => {
      if (scratch === undefined) throw new ClavigerError('internal', 'There is no room for a snapshot.')
      return snapshotOf(engine, scratch, { url, without })
    },
    close: () => store.close(),
  }
}

async function openEngine({ url, maxPages }: SqlStoreOptions): Promise<Engine> {
  if (isPostgresUrl(url)) return (await import('./postgres.ts')).openPostgres(url)
  const path = url.startsWith(SQLITE) ? url.slice(SQLITE.length) : ''
  if (path === '') {
    throw new ClavigerError('invalid', 'This is not the URL of a database we can use.', {
      hint: 'Use sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE, for example --database sqlite:/var/lib/claviger/claviger.db',
    })
  }
  return openSqlite(maxPages === undefined ? { path } : { path, maxPages })
}

function storeOver(engine: Engine): Store {
  const groupsOver = sqlGroups(engine.database)
  const scope = createUnitScope()
  let closing: Promise<void> | undefined
  const refuse = () => {
    scope.refuseInside()
    if (closing !== undefined) throw storeClosed()
  }

  const committer = createGroupCommit(engine)
  const outer = groupsOver(engine.read)
  const read = async <T>(work: (groups: StoreGroups) => Promise<T>) => {
    refuse()
    return work(outer)
  }
  const atomically: Store['atomically'] = async (work) => {
    refuse()
    return committer.atomically((execute) => scope.run(() => work(groupsOver(execute))))
  }
  const groups = groupsThrough(read, atomically)
  return {
    ...groups,
    atomically,
    check: async () => {
      refuse()
      await engine.check()
    },
    close: () => {
      closing ??= committer.drained().then(() => engine.close())
      return closing
    },
  }
}

function sqlGroups(database: Kysely<Database>): (execute: Execute) => StoreGroups {
  const credentials = credentialGroup(database)
  const versions = versionGroup(database)
  const leases = leaseGroup(database)
  const tokens = tokenGroup(database)
  const audit = auditGroup(database)
  const settings = settingGroup(database)
  const installation = installationGroup(database)
  return (execute) => ({
    credentials: credentials(execute),
    versions: versions(execute),
    leases: leases(execute),
    tokens: tokens(execute),
    audit: audit(execute),
    settings: settings(execute),
    installation: installation(execute),
  })
}
