// Tries to renew grants, over SQL.

import type { CompiledQuery, Kysely } from 'kysely'
import type { AttemptRow, AttemptStore } from '../../grant-groups.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

const COLUMNS = [
  'id',
  'credential_id as credentialId',
  'organization_id as organizationId',
  'login',
  'generation',
  'purpose',
  'replica',
  'digest',
  'state',
  'beat',
  'started_at as startedAt',
  'ended_at as endedAt',
  'answer',
  'revoke_at as revokeAt',
  'revoke_tries as revokeTries',
  'asked',
] as const

/** Attempts as rows. */
export function selectAttempts(database: Kysely<Database>) {
  return database.selectFrom('renewal_attempt').select(COLUMNS)
}

/** Prepares the statements once; the result makes the group for a connection. */
export function attemptGroup(database: Kysely<Database>): (execute: Execute) => AttemptStore {
  const { insert, get, beat } = prepareAttempts(database)
  const select = selectAttempts(database)
  const oldestFirst = select.orderBy('started_at').orderBy('id')
  return (execute) => ({
    insert: async (row) => {
      await execute(insert(row))
    },
    get: async (id) => (await execute(get({ id }))).rows[0],
    beat: async (id) => {
      await execute(beat({ id }))
    },
    end: async (id, from, { state, endedAt, answer = null, revokeAt = null, revokeTries = 0 }) => {
      if (from.length === 0) return false
      const query = database
        .updateTable('renewal_attempt')
        .set({ state, ended_at: endedAt, answer, revoke_at: revokeAt, revoke_tries: revokeTries })
        .where('id', '=', id)
        .where('state', 'in', from)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    kept: async (limit, credentialId) => {
      const all = oldestFirst.where('answer', 'is not', null).limit(limit)
      const query = credentialId === undefined ? all : all.where('credential_id', '=', credentialId)
      return (await execute(query.compile())).rows
    },
    leftovers: async (now, limit) => {
      const query = select.where('revoke_at', '<=', now).orderBy('revoke_at').orderBy('id').limit(limit)
      return (await execute(query.compile())).rows
    },
    prune: async (endedBefore) => {
      const query = database
        .deleteFrom('renewal_attempt')
        .where('ended_at', '<', endedBefore)
        .where('answer', 'is', null)
      return Number((await execute(query.compile())).numAffectedRows ?? 0)
    },
  })
}

function prepareAttempts(database: Kysely<Database>) {
  return {
    insert: prepareInsert(database),
    get: prepare((marker: Markers<Pick<AttemptRow, 'id'>>) =>
      database.selectFrom('renewal_attempt').select(COLUMNS).where('id', '=', marker('id')),
    ),
    beat: prepare((marker: Markers<Pick<AttemptRow, 'id'>>) =>
      database
        .updateTable('renewal_attempt')
        .set((row) => ({ beat: row('beat', '+', 1) }))
        .where('id', '=', marker('id')),
    ),
  }
}

function prepareInsert(database: Kysely<Database>): (row: AttemptRow) => CompiledQuery<unknown> {
  return prepare((marker: Markers<AttemptRow>) =>
    database.insertInto('renewal_attempt').values({
      id: marker('id'),
      credential_id: marker('credentialId'),
      organization_id: marker('organizationId'),
      login: marker('login'),
      generation: marker('generation'),
      purpose: marker('purpose'),
      replica: marker('replica'),
      digest: marker('digest'),
      state: marker('state'),
      beat: marker('beat'),
      started_at: marker('startedAt'),
      ended_at: marker('endedAt'),
      answer: marker('answer'),
      revoke_at: marker('revokeAt'),
      revoke_tries: marker('revokeTries'),
      asked: marker('asked'),
    }),
  )
}
