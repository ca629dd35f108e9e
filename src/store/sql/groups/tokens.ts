// Our own tokens over SQL: digests only.

import type { Kysely } from 'kysely'
import { isConflict, tokenNameTaken } from '../../refusals.ts'
import type { TokenStore } from '../../store.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'name',
  'digest',
  'role',
  'holder_kind as holderKind',
  'holder_id as holderId',
  'created_at as createdAt',
  'created_by as createdBy',
  'expires_at as expiresAt',
  'revoked_at as revokedAt',
  'last_used_at as lastUsedAt',
] as const

/** Prepares the statements once; the result makes the group for a connection. */
export function tokenGroup(database: Kysely<Database>): (execute: Execute) => TokenStore {
  const findByDigest = prepare((marker: Markers<{ digest: string }>) =>
    database.selectFrom('token').select(COLUMNS).where('digest', '=', marker('digest')),
  )
  const get = prepare((marker: Markers<{ id: string }>) =>
    database.selectFrom('token').select(COLUMNS).where('id', '=', marker('id')),
  )
  return (execute) => ({
    insert: async (row) => {
      const query = database.insertInto('token').values({
        id: row.id,
        organization_id: row.organizationId,
        name: row.name,
        digest: row.digest,
        role: row.role,
        holder_kind: row.holderKind,
        holder_id: row.holderId,
        created_at: row.createdAt,
        created_by: row.createdBy,
        expires_at: row.expiresAt,
        revoked_at: row.revokedAt,
        last_used_at: row.lastUsedAt,
      })
      await execute(query.compile()).catch((error: unknown) => {
        throw isConflict(error) ? tokenNameTaken(row.name, error) : error
      })
    },
    findByDigest: async (digest) => {
      return (await execute(findByDigest({ digest }))).rows[0]
    },
    get: async (id) => (await execute(get({ id }))).rows[0],
    list: async (organizationId) => {
      const query = database
        .selectFrom('token')
        .select(COLUMNS)
        .where('organization_id', '=', organizationId)
        .orderBy('id')
      return (await execute(query.compile())).rows
    },
    revoke: async (organizationId, name, at) => {
      const query = database
        .updateTable('token')
        .set({ revoked_at: at })
        .where('organization_id', '=', organizationId)
        .where('name', '=', name)
        .where('revoked_at', 'is', null)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    revokeAllOf: async ({ organizationId, kind, id }, at) => {
      const query = database
        .updateTable('token')
        .set({ revoked_at: at })
        .where('organization_id', '=', organizationId)
        .where('holder_kind', '=', kind)
        .where('holder_id', '=', id)
        .where('revoked_at', 'is', null)
      return Number((await execute(query.compile())).numAffectedRows ?? 0n)
    },
    used: async (id, at, unlessSince) => {
      const query = database
        .updateTable('token')
        .set({ last_used_at: at })
        .where('id', '=', id)
        .where((row) => row.or([row('last_used_at', 'is', null), row('last_used_at', '<', unlessSince)]))
      await execute(query.compile())
    },
  })
}
