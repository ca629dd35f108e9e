// Grants over SQL. What the grant itself says is one JSON text; only what is asked by has columns.

import type { CompiledQuery, Kysely } from 'kysely'
import type { GrantRow, GrantStore, GrantTwin } from '../../grant-groups.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

const COLUMNS = [
  'credential_id as credentialId',
  'organization_id as organizationId',
  'revision',
  'facts',
  'due_at as dueAt',
  'account',
  'digest',
] as const

/** Prepares the statements once; the result makes the group for a connection. */
export function grantGroup(database: Kysely<Database>): (execute: Execute) => GrantStore {
  const select = database.selectFrom('login_grant').select(COLUMNS)
  const get = prepare((marker: Markers<Pick<GrantRow, 'credentialId'>>) =>
    select.where('credential_id', '=', marker('credentialId')),
  )
  return (execute) => ({
    insert: async ({ grant, ...row }) => {
      const query = database.insertInto('login_grant').values({
        credential_id: row.credentialId,
        organization_id: row.organizationId,
        revision: row.revision,
        ...factsOf(grant),
        due_at: row.dueAt,
        account: row.account,
        digest: row.digest,
      })
      await execute(query.compile())
    },
    get: async (credentialId) => {
      const { rows } = await execute(get({ credentialId }))
      return rows[0] && toRow(rows[0])
    },
    update: async (credentialId, seen, { grant, dueAt, account, digest }) => {
      const query = database
        .updateTable('login_grant')
        // Kysely leaves out what is undefined.
        .set({ ...factsOf(grant), due_at: dueAt, account, digest })
        .set((row) => ({ revision: row('revision', '+', 1) }))
        .where('credential_id', '=', credentialId)
        .where('revision', '=', seen)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    due: async (now, limit) => {
      const query = select.where('due_at', '<=', now).orderBy('due_at').orderBy('credential_id').limit(limit)
      return (await execute(query.compile())).rows.map(toRow)
    },
    list: async (organizationId, credentialIds) => {
      if (credentialIds?.length === 0) return []
      const all = select.where('organization_id', '=', organizationId).orderBy('credential_id')
      const query = credentialIds === undefined ? all : all.where('credential_id', 'in', credentialIds)
      return (await execute(query.compile())).rows.map(toRow)
    },
    twins: async (row) => {
      if (row.digest === '' && row.account === '') return []
      const { rows } = await execute(twinsQuery(database, row))
      return rows.map(({ digest, ...twin }) => ({
        ...twin,
        sameToken: row.digest !== '' && digest === row.digest,
      }))
    },
  })
}

type SelectedGrant = Omit<GrantRow, 'grant'> & { readonly facts: string }

function toRow({ facts, ...row }: SelectedGrant): GrantRow {
  // Those that were written before there were orphans and parents say nothing of them.
  return { ...row, grant: { orphans: [], parent: null, ...JSON.parse(facts) } }
}

function factsOf(grant: GrantRow['grant']) {
  return { login: grant.login, generation: grant.generation, facts: JSON.stringify(grant) }
}

type Twin = Omit<GrantTwin, 'sameToken'> & Pick<GrantRow, 'digest'>

function twinsQuery(
  database: Kysely<Database>,
  { credentialId, organizationId, account, digest }: Parameters<GrantStore['twins']>[0],
): CompiledQuery<Twin> {
  return database
    .selectFrom('login_grant')
    .select(['credential_id as credentialId', 'organization_id as organizationId', 'digest'])
    .where('credential_id', '!=', credentialId)
    .where((row) =>
      row.or([
        ...(digest === '' ? [] : [row('digest', '=', digest)]),
        ...(account === ''
          ? []
          : [row.and([row('organization_id', '=', organizationId), row('account', '=', account)])]),
      ]),
    )
    .orderBy('credential_id')
    .compile()
}
