// Leases over SQL.

import type { CompiledQuery, Kysely } from 'kysely'
import type { LeaseRow, LeaseStore } from '../../store.ts'
import { columnsOf, prepareInsertMany } from '../many-rows.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'credential_id as credentialId',
  'generation',
  'harness',
  'holder_kind as holderKind',
  'holder_id as holderId',
  'token_id as tokenId',
  'handle_digest as handleDigest',
  'choice',
  'created_at as createdAt',
  'expires_at as expiresAt',
  'ended_at as endedAt',
  'end_reason as endReason',
] as const

/** Prepares the statements once; the result makes the group for a connection. */
export function leaseGroup(database: Kysely<Database>): (execute: Execute) => LeaseStore {
  const { insert, get, lookUp } = prepareLeases(database)
  return (execute) => ({
    insert: async (row) => {
      await execute(insert(row))
    },
    get: async (organizationId, id) => (await execute(get({ organizationId, id }))).rows[0],
    lookUp: async (id) => (await execute(lookUp({ id }))).rows[0],
    change: async (id, { expiresAt, choice }) => {
      const changes = {
        ...(expiresAt !== undefined && { expires_at: expiresAt }),
        ...(choice !== undefined && { choice }),
      }
      if (Object.keys(changes).length === 0) return
      const query = database
        .updateTable('lease')
        .set(changes)
        .where('id', '=', id)
        .where('ended_at', 'is', null)
      await execute(query.compile())
    },
    end: async (id, at, reason) => {
      const query = database
        .updateTable('lease')
        .set({ ended_at: at, end_reason: reason })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    endAllOf: async (credentialId, at, reason) => {
      const query = database
        .updateTable('lease')
        .set({ ended_at: at, end_reason: reason })
        .where('credential_id', '=', credentialId)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', at)
      return Number((await execute(query.compile())).numAffectedRows ?? 0n)
    },
    countRunning: async (credentialId, now) => {
      const query = database
        .selectFrom('lease')
        .select((row) => row.fn.countAll<number | string>().as('running'))
        .where('credential_id', '=', credentialId)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', now)
      return Number((await execute(query.compile())).rows[0]?.running ?? 0)
    },
  })
}

/** For group commit: the statements that insert leases. `shared` databases take all of them by one. */
export function leaseWriting(
  database: Kysely<Database>,
  shared: boolean,
): (rows: readonly LeaseRow[]) => readonly CompiledQuery<unknown>[] {
  const insert = prepareInsert(database)
  const insertMany = prepareInsertMany<LeaseRow>(database, 'lease', WRITTEN_COLUMNS)
  return (rows) => {
    if (!shared) return rows.map(insert)
    return rows.length === 0 ? [] : [insertMany(rows)]
  }
}

const WRITTEN_COLUMNS = columnsOf<LeaseRow>({
  id: 'text',
  organizationId: 'text',
  credentialId: 'text',
  generation: 'bigint',
  harness: 'text',
  holderKind: 'text',
  holderId: 'text',
  tokenId: 'text',
  handleDigest: 'text',
  choice: 'text',
  createdAt: 'bigint',
  expiresAt: 'bigint',
  endedAt: 'bigint',
  endReason: 'text',
})

function prepareInsert(database: Kysely<Database>): (row: LeaseRow) => CompiledQuery<unknown> {
  return prepare((marker: Markers<LeaseRow>) =>
    database.insertInto('lease').values({
      id: marker('id'),
      organization_id: marker('organizationId'),
      credential_id: marker('credentialId'),
      generation: marker('generation'),
      harness: marker('harness'),
      holder_kind: marker('holderKind'),
      holder_id: marker('holderId'),
      token_id: marker('tokenId'),
      handle_digest: marker('handleDigest'),
      choice: marker('choice'),
      created_at: marker('createdAt'),
      expires_at: marker('expiresAt'),
      ended_at: marker('endedAt'),
      end_reason: marker('endReason'),
    }),
  )
}

function prepareLeases(database: Kysely<Database>) {
  const select = database.selectFrom('lease').select(COLUMNS)
  return {
    insert: prepareInsert(database),
    get: prepare((marker: Markers<Pick<LeaseRow, 'organizationId' | 'id'>>) =>
      select.where('organization_id', '=', marker('organizationId')).where('id', '=', marker('id')),
    ),
    lookUp: prepare((marker: Markers<Pick<LeaseRow, 'id'>>) => select.where('id', '=', marker('id'))),
  }
}
