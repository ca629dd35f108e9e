// store-0014: what becomes of credentials: when each was last used, how much of it on which day, and what each try to renew
// it was for.

import { type Kysely, sql } from 'kysely'

export async function createUses(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('credential_use')
    .addColumn('credential_id', 'text', (column) =>
      column.notNull().primaryKey().references('credential.id').onDelete('cascade'),
    )
    .addColumn('last_used_at', 'bigint', (column) => column.notNull())
    .execute()
  await database.schema
    .createTable('credential_day')
    .addColumn('credential_id', 'text', (column) =>
      column.notNull().references('credential.id').onDelete('cascade'),
    )
    .addColumn('day', 'bigint', (column) => column.notNull())
    .addColumn('turns', 'bigint', (column) => column.notNull())
    .addColumn('input', 'bigint', (column) => column.notNull())
    .addColumn('cached_input', 'bigint', (column) => column.notNull())
    .addColumn('output', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('credential_day_key', ['credential_id', 'day'])
    .execute()
  await database.schema
    .alterTable('renewal_attempt')
    .addColumn('asked', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
  // A credential serves thousands of runs in its life, and a few at a time.
  await database.schema
    .createIndex('run_lease_serving')
    .on('run_lease')
    .columns(['organization_id', 'credential_id'])
    .where(sql.ref('ended_at'), 'is', null)
    .execute()
}
