// Sign-ins under way, over SQL.

import type { Kysely } from 'kysely'
import type { LoginAttemptRow, LoginAttemptStore, LoginRequest } from '../../login-groups.ts'
import type { Execute } from '../prepared.ts'
import type { Database } from '../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'initiator_kind as initiatorKind',
  'initiator_id as initiatorId',
  'type',
  'method',
  'credential_id as credentialId',
  'owner',
  'name',
  'request',
  'server',
  'interval_ms as intervalMs',
  'wrapped_key as wrappedKey',
  'sealed',
  'state',
  'message',
  'created_at as createdAt',
  'expires_at as expiresAt',
  'claim',
  'claimed_at as claimedAt',
  'ended_at as endedAt',
] as const

/** The result makes the group for a connection. */
export function loginAttemptGroup(database: Kysely<Database>): (execute: Execute) => LoginAttemptStore {
  const select = database.selectFrom('login_attempt').select(COLUMNS)
  const change = database.updateTable('login_attempt').where('state', '=', 'pending')
  return (execute) => ({
    insert: async (row) => {
      await execute(database.insertInto('login_attempt').values(columnsOf(row)).compile())
    },
    get: async (organizationId, id) => {
      const query = select.where('organization_id', '=', organizationId).where('id', '=', id)
      const [found] = (await execute(query.compile())).rows
      return found && { ...found, request: JSON.parse(found.request) as LoginRequest }
    },
    claim: async (id, { claim, at, staleBefore }) => {
      const query = change
        .set({ claim, claimed_at: at })
        .where('id', '=', id)
        .where('expires_at', '>', at)
        .where((row) => row.or([row('claim', 'is', null), row('claimed_at', '<', staleBefore)]))
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    release: async (id, claim) => {
      await execute(change.set({ claim: null }).where('id', '=', id).where('claim', '=', claim).compile())
    },
    end: async (id, claim, { state, message, endedAt, credentialId }) => {
      const elsewhere = credentialId === undefined ? {} : { credential_id: credentialId }
      const query = change
        .set({ state, message, ended_at: endedAt, claim: null, sealed: null, ...elsewhere })
        .where('id', '=', id)
      const held = claim === null ? query : query.where('claim', '=', claim)
      return (await execute(held.compile())).numAffectedRows === 1n
    },
    prune: async (expiredBefore) => {
      await execute(database.deleteFrom('login_attempt').where('expires_at', '<', expiredBefore).compile())
    },
  })
}

function columnsOf(row: LoginAttemptRow): Database['login_attempt'] {
  return {
    id: row.id,
    organization_id: row.organizationId,
    initiator_kind: row.initiatorKind,
    initiator_id: row.initiatorId,
    type: row.type,
    method: row.method,
    credential_id: row.credentialId,
    owner: row.owner,
    name: row.name,
    request: JSON.stringify(row.request),
    server: row.server,
    interval_ms: row.intervalMs,
    wrapped_key: row.wrappedKey,
    sealed: row.sealed,
    state: row.state,
    message: row.message,
    created_at: row.createdAt,
    expires_at: row.expiresAt,
    claim: row.claim,
    claimed_at: row.claimedAt,
    ended_at: row.endedAt,
  }
}
