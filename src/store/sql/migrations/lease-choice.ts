// A lease remembers what was asked for, so that another credential can take its place when the first is refused.

import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const leaseChoice: Migration = {
  up: async (database: Kysely<unknown>) => {
    await database.schema
      .alterTable('lease')
      .addColumn('choice', 'text', (column) => column.notNull().defaultTo('{}'))
      .execute()
  },
}
