// store-0041: when a token was used last, so that whoever cleans up sees which ones nobody needs.

import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const tokenUse: Migration = {
  up: async (database: Kysely<unknown>) => {
    await database.schema.alterTable('token').addColumn('last_used_at', 'bigint').execute()
  },
}
