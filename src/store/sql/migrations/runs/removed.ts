// Runs can be removed; what is left says to their workers that they are over. And runs that are over are looked for by time.

import type { Kysely } from 'kysely'

export async function removedRuns(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('run_gone')
    .addColumn('run_id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute()
}
