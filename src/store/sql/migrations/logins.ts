// store-0008: sign-ins under way.

import type { ColumnDataType, Kysely } from 'kysely'

/** `binary` is the engine's type for bytes. */
export async function createLogins(database: Kysely<unknown>, binary: ColumnDataType): Promise<void> {
  await database.schema
    .createTable('login_attempt')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('initiator_kind', 'text', (column) => column.notNull())
    .addColumn('initiator_id', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('credential_id', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('server', 'text')
    .addColumn('interval_ms', 'bigint')
    .addColumn('wrapped_key', binary, (column) => column.notNull())
    .addColumn('sealed', binary)
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('claim', 'text')
    .addColumn('claimed_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .execute()
  await database.schema.createIndex('login_attempt_end').on('login_attempt').column('expires_at').execute()
}
