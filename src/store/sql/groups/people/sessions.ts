// Browsers that people are signed in with, over SQL: digests of what their cookies hold only.

import type { Kysely } from 'kysely'
import type { SessionStore } from '../../../people-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'id',
  'digest',
  'person_id as personId',
  'organization_id as organizationId',
  'method',
  'user_agent as userAgent',
  'address',
  'created_at as createdAt',
  'last_seen_at as lastSeenAt',
  'expires_at as expiresAt',
] as const

/** The result makes the group for a connection. */
export function sessionGroup(database: Kysely<Database>): (execute: Execute) => SessionStore {
  const select = database.selectFrom('browser_session').select(COLUMNS)
  const update = database.updateTable('browser_session')
  return (execute) => ({
    insert: async (row) => {
      const query = database.insertInto('browser_session').values({
        id: row.id,
        digest: row.digest,
        person_id: row.personId,
        organization_id: row.organizationId,
        method: row.method,
        user_agent: row.userAgent,
        address: row.address,
        created_at: row.createdAt,
        last_seen_at: row.lastSeenAt,
        expires_at: row.expiresAt,
      })
      await execute(query.compile())
    },
    findByDigest: async (digest) => (await execute(select.where('digest', '=', digest).compile())).rows[0],
    ofPerson: async (personId) => {
      const query = select.where('person_id', '=', personId).orderBy('id', 'desc')
      return (await execute(query.compile())).rows
    },
    moveTo: async (id, organizationId) => {
      const query = update.set({ organization_id: organizationId }).where('id', '=', id)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    seen: async (id, at, unlessSince) => {
      const query = update.set({ last_seen_at: at }).where('id', '=', id)
      await execute(query.where('last_seen_at', '<', unlessSince).compile())
    },
    end: async ({ personId, id, organizationId, except }) => {
      let query = database.deleteFrom('browser_session').where('person_id', '=', personId)
      if (id !== undefined) query = query.where('id', '=', id)
      if (organizationId !== undefined) query = query.where('organization_id', '=', organizationId)
      if (except !== undefined) query = query.where('id', '<>', except)
      return Number((await execute(query.compile())).numAffectedRows ?? 0n)
    },
    prune: async (expiredBefore, unusedSince) => {
      const query = database
        .deleteFrom('browser_session')
        .where((row) =>
          row.or([row('expires_at', '<', expiredBefore), row('last_seen_at', '<', unusedSince)]),
        )
      await execute(query.compile())
    },
  })
}
