// What is left of a login that was replaced is revoked at its provider: when, and how often that has failed.

import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const revokeLeftovers: Migration = {
  up: async (database: Kysely<unknown>) => {
    await database.schema.alterTable('renewal_attempt').addColumn('revoke_at', 'bigint').execute()
    await database.schema
      .alterTable('renewal_attempt')
      .addColumn('revoke_tries', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
    await sql`update renewal_attempt set revoke_at = ended_at where state = 'leftover' and answer is not null`.execute(
      database,
    )
    await database.schema
      .createIndex('renewal_attempt_leftover')
      .on('renewal_attempt')
      .columns(['revoke_at', 'id'])
      .where(sql.ref('revoke_at'), 'is not', null)
      .execute()
  },
}
