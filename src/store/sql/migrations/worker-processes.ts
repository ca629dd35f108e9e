// store-0040: which processes of a worker there were, so that an earlier one which is still there is told from the newest.

import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const workerProcesses: Migration = {
  up: async (database: Kysely<unknown>) => {
    await database.schema
      .alterTable('worker')
      .addColumn('processes', 'text', (column) => column.notNull().defaultTo('[]'))
      .execute()
  },
}
