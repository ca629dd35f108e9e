// Tables of browsers that people are signed in with, and of what they show beside their passwords.

import type { ColumnDataType, Kysely } from 'kysely'

/** `binary` is the engine's type for bytes. */
export async function createSessions(database: Kysely<unknown>, binary: ColumnDataType): Promise<void> {
  await database.schema
    .createTable('browser_session')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('person_id', 'text', (column) => column.notNull())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('user_agent', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await database.schema
    .createIndex('browser_session_person')
    .on('browser_session')
    .columns(['person_id', 'id'])
    .execute()
  await database.schema
    .createTable('second_factor')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('person_id', 'text', (column) => column.notNull().unique())
    .addColumn('wrapped_key', binary, (column) => column.notNull())
    .addColumn('secret', binary, (column) => column.notNull())
    .addColumn('recovery', 'text', (column) => column.notNull())
    .addColumn('last_step', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('enabled_at', 'bigint')
    .execute()
  await database.schema
    .createTable('outside_trip')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('browser_digest', 'text', (column) => column.notNull())
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('linking', 'text')
    .addColumn('return_to', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
}
