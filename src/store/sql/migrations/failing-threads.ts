// store-0055: since when nothing could be told of a run, so that it is given up some day.

import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const failingThreads: Migration = {
  up: async (database: Kysely<unknown>) => {
    await database.schema
      .alterTable('channel_thread')
      .addColumn('failing_since', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
  },
}
