// Upkeep over SQL. Leases have no index by when they were over, because every lease would pay for it: they are looked at
// in the order they were made, which is the order of their ids.

import { type Kysely, sql } from 'kysely'
import type { UpkeepStore } from '../../store.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

/** Prepares the statements once; the result makes the group for a connection. */
export function upkeepGroup(database: Kysely<Database>): (execute: Execute) => UpkeepStore {
  const page = prepare((marker: Markers<{ after: string; limit: number }>) =>
    database
      .selectFrom('lease')
      .select(['id', 'created_at as createdAt'])
      .where('id', '>', marker('after'))
      .orderBy('id')
      .limit(marker('limit')),
  )
  const remove = prepare((marker: Markers<{ after: string; last: string; before: number }>) =>
    database
      .deleteFrom('lease')
      .where('id', '>', marker('after'))
      .where('id', '<=', marker('last'))
      .where('created_at', '<', marker('before'))
      .where(sql<number>`coalesce(ended_at, expires_at)`, '<', marker('before')),
  )
  return (execute) => ({
    pruneLeases: async (before, { after = '', limit }) => {
      const { rows } = await execute(page({ after, limit }))
      const last = rows.at(-1)
      if (last === undefined) return { removed: 0, next: null }
      const { numAffectedRows = 0n } = await execute(remove({ after, last: last.id, before }))
      const more = rows.length === limit && last.createdAt < before
      return { removed: Number(numAffectedRows), next: more ? last.id : null }
    },
  })
}
