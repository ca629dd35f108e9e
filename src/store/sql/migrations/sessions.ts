// The table of browsers that people are signed in with.

import type { Kysely } from 'kysely'

export async function createSessions(database: Kysely<unknown>): Promise<void> {
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
}
