// Invitations over SQL: digests of their codes only.

import type { Kysely } from 'kysely'
import type { InvitationRow, InvitationStore } from '../../../people-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'kind',
  'digest',
  'email',
  'role',
  'teams',
  'person_id as personId',
  'created_by as createdBy',
  'created_at as createdAt',
  'expires_at as expiresAt',
  'used_at as usedAt',
  'revoked_at as revokedAt',
] as const

/** The result makes the group for a connection. */
export function invitationGroup(database: Kysely<Database>): (execute: Execute) => InvitationStore {
  const select = database.selectFrom('invitation_code').select(COLUMNS)
  const open = database
    .updateTable('invitation_code')
    .where('used_at', 'is', null)
    .where('revoked_at', 'is', null)
  return (execute) => ({
    insert: async (row) => {
      const query = database.insertInto('invitation_code').values({
        id: row.id,
        organization_id: row.organizationId,
        kind: row.kind,
        digest: row.digest,
        email: row.email,
        role: row.role,
        teams: JSON.stringify(row.teams),
        person_id: row.personId,
        created_by: row.createdBy,
        created_at: row.createdAt,
        expires_at: row.expiresAt,
        used_at: row.usedAt,
        revoked_at: row.revokedAt,
      })
      await execute(query.compile())
    },
    findByDigest: async (digest) =>
      (await execute(select.where('digest', '=', digest).compile())).rows.map(toRow)[0],
    use: async (id, now) => {
      const query = open.set({ used_at: now }).where('id', '=', id).where('expires_at', '>', now)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    ofEmail: async (email, now) => {
      const query = select
        .where('email', '=', email)
        .where('used_at', 'is', null)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', now)
        .orderBy('id', 'desc')
      return (await execute(query.compile())).rows.map(toRow)
    },
    list: async (organizationId, now) => {
      const query = select
        .where('organization_id', '=', organizationId)
        .where('used_at', 'is', null)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', now)
        .orderBy('id')
      return (await execute(query.compile())).rows.map(toRow)
    },
    revoke: async (organizationId, id, at) => {
      const query = open
        .set({ revoked_at: at })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
  })
}

function toRow(row: Omit<InvitationRow, 'teams'> & { readonly teams: string }): InvitationRow {
  return { ...row, teams: JSON.parse(row.teams) as string[] }
}
