// Counting over SQL, over all organizations: each is one query that an index answers.

import type { Kysely } from 'kysely'
import type { CountStore } from '../../store.ts'
import type { Execute } from '../prepared.ts'
import type { Database } from '../schema.ts'

/** The result makes the group for a connection. */
export function countGroup(database: Kysely<Database>): (execute: Execute) => CountStore {
  const { countAll } = database.fn
  return (execute) => ({
    credentials: async () => {
      const query = database
        .selectFrom('credential')
        .select(['state', countAll<number>().as('count')])
        .groupBy('state')
      const { rows } = await execute(query.compile())
      return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]))
    },
    runningLeases: async (now) => {
      const query = database
        .selectFrom('lease')
        .select(countAll<number>().as('count'))
        .where('ended_at', 'is', null)
        .where('expires_at', '>', now)
      return Number((await execute(query.compile())).rows[0]?.count ?? 0)
    },
    liveTokens: async (now) => {
      const query = database
        .selectFrom('token')
        .select(countAll<number>().as('count'))
        .where('revoked_at', 'is', null)
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
      return Number((await execute(query.compile())).rows[0]?.count ?? 0)
    },
    waitingRuns: async () => {
      const query = database
        .selectFrom('run')
        .select(countAll<number>().as('count'))
        .where('state', '=', 'waiting_for_credentials')
      return Number((await execute(query.compile())).rows[0]?.count ?? 0)
    },
  })
}
