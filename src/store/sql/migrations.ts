// The store's migrations: numbered, forward only. A migration that was released is never edited; a change is a new one.
// Others (identity/) hand in theirs, in a line of numbers of their own.

import { type ColumnDataType, type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { ClavigerError } from '../../domain/errors.ts'
import type { Engine } from './engine.ts'
import { chainAudit } from './migrations/audit-chain.ts'
import { createChannels, failingThreads, nameAccounts } from './migrations/channels.ts'
import { credentialState } from './migrations/credential-state.ts'
import { createGrants } from './migrations/grants.ts'
import { indexHolders } from './migrations/holdings.ts'
import { leaseChoice } from './migrations/lease-choice.ts'
import { revokeLeftovers } from './migrations/leftovers.ts'
import { createLogins } from './migrations/logins.ts'
import { createMachines } from './migrations/machines.ts'
import { createOutbox } from './migrations/outbox.ts'
import { createRuns } from './migrations/runs/create.ts'
import { removedRuns } from './migrations/runs/removed.ts'
import { createUses } from './migrations/runs/uses.ts'
import { createSessions } from './migrations/sessions.ts'
import { createSigningIn } from './migrations/signing-in.ts'
import { tokenUse } from './migrations/token-use.ts'
import { workerMachine } from './migrations/worker-machine.ts'
import { workerProcesses } from './migrations/worker-processes.ts'
import type { Database } from './schema.ts'
import { refuseMarked } from './transfer/marks.ts'

export type Migrations = Readonly<Record<string, Migration>>

/** The store's own migrations; `binary` is the engine's type for bytes. */
function storeMigrations(binary: Engine['binary']): Migrations {
  const bytes = binary === 'blob' ? 'blob' : 'bytea'
  return {
    'store-0001': {
      up: async (database: Kysely<unknown>) => {
        await createCredentials(database, bytes)
        await createLeases(database)
        await createTokens(database)
        await createRecords(database)
      },
    },
    'store-0002': { up: indexHolders },
    'store-0003': { up: createSigningIn },
    'store-0004': { up: createMachines },
    'store-0005': credentialState,
    'store-0006': { up: chainAudit },
    'store-0007': { up: (database: Kysely<unknown>) => createGrants(database, bytes) },
    'store-0008': { up: (database: Kysely<unknown>) => createLogins(database, bytes) },
    'store-0009': { up: (database: Kysely<unknown>) => createOutbox(database, bytes) },
    'store-0010': leaseChoice,
    'store-0011': revokeLeftovers,
    'store-0012': { up: createRuns },
    'store-0013': workerMachine,
    'store-0014': { up: createUses },
    'store-0020': { up: (database: Kysely<unknown>) => createSessions(database, bytes) },
    'store-0030': { up: removedRuns },
    'store-0040': workerProcesses,
    'store-0041': tokenUse,
    'store-0050': { up: (database: Kysely<unknown>) => createChannels(database, bytes) },
    'store-0051': nameAccounts,
    'store-0052': failingThreads,
  }
}

/**
 * Brings the database up to date, in one transaction and under the migration lock. Throws `unavailable` when it has
 * migrations this program does not know, or is being moved, before anything is changed; `here` names it for people.
 */
export async function migrate(engine: Engine, extra: Migrations = {}, here = 'This database'): Promise<void> {
  const migrations = allMigrations(engine.binary, extra)
  await engine.migrating(async (database) => {
    await refuseMarked(database as never, engine.binary === 'blob' ? 'sqlite' : 'postgres', here)
    await refuseNewer(database, engine.schema, migrations)
    await bringTo(database, engine, migrations, here)
  })
}

/** Every migration this program knows. */
export function allMigrations(binary: Engine['binary'], extra: Migrations): Migrations {
  return { ...storeMigrations(binary), ...extra }
}

/**
 * Applies those of these migrations that are missing; in a transaction, when it is given one. Throws `unavailable` when
 * there are tables of others in the way; `here` names the database for people.
 */
export async function bringTo(
  database: Kysely<Database>,
  { schema, translate }: Pick<Engine, 'schema' | 'translate'>,
  migrations: Migrations,
  here = 'This database',
): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ ...migrations }) },
    // Two lines of numbers, the store's and the one handed in, grow independently of each other.
    allowUnorderedMigrations: true,
    // Another schema of the database may have a table of migrations too.
    ...(schema !== undefined && { migrationTableSchema: schema }),
  })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  const said = saidBy(error)
  throw NOT_AS_OURS.test(said) ? tablesOfOthers(said, here) : translate(error)
}

// How SQLite and Postgres say that something is there already, or is not as earlier migrations left it.
const NOT_AS_OURS = /\b(already exists|no such (table|column)|does not exist|duplicate column name)\b/

// What Postgres says has been put into our words already.
function saidBy(error: unknown): string {
  if (error instanceof ClavigerError) return error.detail ?? ''
  return error instanceof Error ? error.message : ''
}

function tablesOfOthers(detail: string, here: string): ClavigerError {
  return new ClavigerError('unavailable', `${here} has tables that are not as Claviger makes them.`, {
    hint: 'Name a database of its own in CLAVIGER_DATABASE_URL, or restore a backup into an empty one.',
    detail,
  })
}

async function refuseNewer(
  database: Kysely<Database>,
  schema: string | undefined,
  known: Migrations,
): Promise<void> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true })
  const ours = tables.filter((table) => schema === undefined || table.schema === schema)
  if (!ours.some((table) => table.name === 'kysely_migration')) return
  const applied = await database
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  const unknown = applied.map((row) => row.name).filter((name) => !Object.hasOwn(known, name))
  if (unknown.length === 0) return
  throw new ClavigerError('unavailable', 'This database was written by a newer Claviger.', {
    hint: 'Start that version again, or restore the backup made before it was installed.',
    detail: `unknown migrations: ${unknown.join(', ')}`,
  })
}

async function createCredentials(database: Kysely<unknown>, binary: ColumnDataType): Promise<void> {
  await database.schema
    .createTable('credential')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('harness', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('state_reason', 'text', (column) => column.notNull())
    .addColumn('state_until', 'bigint')
    .addColumn('suffix', 'text', (column) => column.notNull())
    .addColumn('shown', 'text', (column) => column.notNull())
    .addColumn('position', 'bigint')
    .addColumn('wrapped_key', binary, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('credential_name', ['organization_id', 'owner', 'name'])
    .execute()
  await index(database, 'credential', 'credential_candidates', ['organization_id', 'owner', 'harness'])
  await index(database, 'credential', 'credential_page', ['organization_id', 'id'])
  await database.schema
    .createTable('credential_version')
    .addColumn('credential_id', 'text', (column) =>
      column.notNull().references('credential.id').onDelete('cascade'),
    )
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('note', 'text', (column) => column.notNull())
    .addColumn('suffix', 'text', (column) => column.notNull())
    .addColumn('shown', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('credential_version_key', ['credential_id', 'version'])
    .execute()
  await database.schema
    .createTable('credential_value')
    .addColumn('credential_id', 'text', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('field', 'text', (column) => column.notNull())
    .addColumn('sealed', binary, (column) => column.notNull())
    .addPrimaryKeyConstraint('credential_value_key', ['credential_id', 'version', 'field'])
    .addForeignKeyConstraint(
      'credential_value_version',
      ['credential_id', 'version'],
      'credential_version',
      ['credential_id', 'version'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .execute()
}

// A lease outlives its credential, as a record: no foreign key.
async function createLeases(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('lease')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('credential_id', 'text')
    .addColumn('generation', 'bigint', (column) => column.notNull())
    .addColumn('harness', 'text', (column) => column.notNull())
    .addColumn('holder_kind', 'text', (column) => column.notNull())
    .addColumn('holder_id', 'text', (column) => column.notNull())
    .addColumn('token_id', 'text')
    .addColumn('handle_digest', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('end_reason', 'text')
    .execute()
  await database.schema
    .createIndex('lease_running')
    .on('lease')
    .columns(['credential_id', 'expires_at'])
    .where(sql.ref('ended_at'), 'is', null)
    .execute()
}

async function createTokens(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('token')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('holder_kind', 'text', (column) => column.notNull())
    .addColumn('holder_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute()
  await database.schema
    .createIndex('token_live_name')
    .unique()
    .on('token')
    .columns(['organization_id', 'name'])
    .where(sql.ref('revoked_at'), 'is', null)
    .execute()
  await index(database, 'token', 'token_page', ['organization_id', 'id'])
}

// The audit's key is also the order it is read in; migrations/audit-chain.ts makes a chain of it.
async function createRecords(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('audit')
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor_kind', 'text', (column) => column.notNull())
    .addColumn('actor_id', 'text', (column) => column.notNull())
    .addColumn('actor_name', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('object_kind', 'text', (column) => column.notNull())
    .addColumn('object_id', 'text', (column) => column.notNull())
    .addColumn('object_name', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('details', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_key', ['organization_id', 'id'])
    .execute()
  await database.schema
    .createTable('setting')
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('setting_key', ['organization_id', 'name', 'subject'])
    .execute()
  await database.schema
    .createTable('installation')
    .addColumn('name', 'text', (column) => column.notNull().primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute()
}

async function index(
  database: Kysely<unknown>,
  table: string,
  name: string,
  columns: string[],
): Promise<void> {
  await database.schema.createIndex(name).on(table).columns(columns).execute()
}
