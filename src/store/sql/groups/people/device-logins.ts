// Terminals that wait to be let in, over SQL.

import type { Kysely } from 'kysely'
import type { DeviceLoginStore } from '../../../people-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'id',
  'digest',
  'user_code as userCode',
  'client_name as clientName',
  'address',
  'wanted',
  'created_at as createdAt',
  'expires_at as expiresAt',
  'state',
  'organization_id as organizationId',
  'person_id as personId',
  'role',
  'decided_at as decidedAt',
] as const

/** The result makes the group for a connection. */
export function deviceLoginGroup(database: Kysely<Database>): (execute: Execute) => DeviceLoginStore {
  const select = database.selectFrom('device_login').select(COLUMNS)
  return (execute) => ({
    insert: async (row) => {
      const query = database.insertInto('device_login').values({
        id: row.id,
        digest: row.digest,
        user_code: row.userCode,
        client_name: row.clientName,
        address: row.address,
        wanted: row.wanted,
        created_at: row.createdAt,
        expires_at: row.expiresAt,
        state: row.state,
        organization_id: row.organizationId,
        person_id: row.personId,
        role: row.role,
        decided_at: row.decidedAt,
      })
      await execute(query.compile())
    },
    findByDigest: async (digest) => (await execute(select.where('digest', '=', digest).compile())).rows[0],
    findByUserCode: async (userCode) =>
      (await execute(select.where('user_code', '=', userCode).compile())).rows[0],
    decide: async (id, { state, organizationId, personId, role, decidedAt }) => {
      const query = database
        .updateTable('device_login')
        .set({ state, organization_id: organizationId, person_id: personId, role, decided_at: decidedAt })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .where('expires_at', '>', decidedAt)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    claim: async (id, now) => {
      const query = database
        .updateTable('device_login')
        .set({ state: 'claimed' })
        .where('id', '=', id)
        .where('state', '=', 'approved')
        .where('expires_at', '>', now)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    prune: async (expiredBefore) => {
      await execute(database.deleteFrom('device_login').where('expires_at', '<', expiredBefore).compile())
    },
  })
}
