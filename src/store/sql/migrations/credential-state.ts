// Counting credentials by state reads this index instead of every row with its sealed key.

import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const credentialState: Migration = {
  up: async (database: Kysely<unknown>) => {
    await database.schema
      .createIndex('credential_by_state')
      .on('credential')
      .columns(['state', 'organization_id'])
      .execute()
  },
}
