// store-0052: what the clone of a run is to be looked at with goes with the message that asks for it.

import type { Kysely } from 'kysely'

export async function messageCode(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('run_message').addColumn('code', 'text').execute()
}
