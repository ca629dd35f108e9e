// store-0007: grants, the tries to renew them, and when a credential ends by itself.

import { type ColumnDataType, type Kysely, sql } from 'kysely'

/** `binary` is the engine's type for bytes. */
export async function createGrants(database: Kysely<unknown>, binary: ColumnDataType): Promise<void> {
  await database.schema.alterTable('credential').addColumn('expires_at', 'bigint').execute()
  await createLoginGrants(database)
  await createAttempts(database, binary)
}

// `grant` is a word of SQL.
async function createLoginGrants(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('login_grant')
    .addColumn('credential_id', 'text', (column) =>
      column.notNull().primaryKey().references('credential.id').onDelete('cascade'),
    )
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('login', 'text', (column) => column.notNull())
    .addColumn('generation', 'bigint', (column) => column.notNull())
    .addColumn('facts', 'text', (column) => column.notNull())
    .addColumn('due_at', 'bigint')
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .execute()
  await database.schema.createIndex('login_grant_due').on('login_grant').column('due_at').execute()
  await database.schema.createIndex('login_grant_digest').on('login_grant').column('digest').execute()
  await database.schema
    .createIndex('login_grant_account')
    .on('login_grant')
    .columns(['organization_id', 'account'])
    .execute()
}

async function createAttempts(database: Kysely<unknown>, binary: ColumnDataType): Promise<void> {
  await database.schema
    .createTable('renewal_attempt')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('credential_id', 'text', (column) =>
      column.notNull().references('credential.id').onDelete('cascade'),
    )
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('login', 'text', (column) => column.notNull())
    .addColumn('generation', 'bigint', (column) => column.notNull())
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('replica', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('beat', 'bigint', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('answer', binary)
    .execute()
  // Deleting a credential looks for its attempts.
  await database.schema
    .createIndex('renewal_attempt_credential')
    .on('renewal_attempt')
    .column('credential_id')
    .execute()
  await database.schema
    .createIndex('renewal_attempt_sent')
    .on('renewal_attempt')
    .columns(['replica', 'state'])
    .execute()
  await database.schema
    .createIndex('renewal_attempt_kept')
    .on('renewal_attempt')
    .columns(['started_at', 'id'])
    .where(sql.ref('answer'), 'is not', null)
    .execute()
  await database.schema
    .createIndex('renewal_attempt_over')
    .on('renewal_attempt')
    .column('ended_at')
    .where(sql.ref('answer'), 'is', null)
    .execute()
}
