// The way from somebody to the leases they run: whoever leaves the organization has them ended.

import { type Kysely, sql } from 'kysely'

export async function indexHolders(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createIndex('lease_held')
    .on('lease')
    .columns(['organization_id', 'holder_id'])
    .where(sql.ref('ended_at'), 'is', null)
    .execute()
}
