// store-0013: what a worker says of its machine, so that whoever waits for one learns what is missing there.

import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const workerMachine: Migration = {
  up: async (database: Kysely<unknown>) => {
    await database.schema.alterTable('worker').addColumn('machine', 'text').execute()
  },
}
