// Credentials over SQL. Values are in versions.ts.

import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { OwnerText } from '../../../domain/owner.ts'
import { hasPart } from '../../../lib/sql/has-part.ts'
import { credentialNameTaken, isConflict } from '../../refusals.ts'
import type {
  CandidateRow,
  CredentialChange,
  CredentialFilter,
  CredentialRow,
  CredentialStore,
  Page,
} from '../../store.ts'
import { type Execute, prepare } from '../prepared.ts'
import type { CredentialTable, Database } from '../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'owner',
  'name',
  'type',
  'harness',
  'description',
  'version',
  'revision',
  'state',
  'state_reason as stateReason',
  'state_until as stateUntil',
  'expires_at as expiresAt',
  'suffix',
  'shown',
  'position',
  'wrapped_key as wrappedKey',
  'created_at as createdAt',
  'created_by as createdBy',
  'updated_at as updatedAt',
] as const

/** The columns of a CandidateRow. */
export const CANDIDATE_COLUMNS = [
  'id',
  'organization_id as organizationId',
  'owner',
  'name',
  'type',
  'version',
  'revision',
  'state',
  'state_reason as stateReason',
  'state_until as stateUntil',
  'expires_at as expiresAt',
  'suffix',
  'position',
  'wrapped_key as wrappedKey',
] as const

/** Prepares the statements once; the result makes the group for a connection. */
export function credentialGroup(database: Kysely<Database>): (execute: Execute) => CredentialStore {
  const insert = prepareInsert(database)
  const get = prepare<Pick<CredentialRow, 'organizationId' | 'id'>, SelectedCredential>((marker) =>
    database
      .selectFrom('credential')
      .select(COLUMNS)
      .where('organization_id', '=', marker('organizationId'))
      .where('id', '=', marker('id')),
  )
  const candidates = prepareCandidates(database)
  return (execute) => ({
    insert: async (row) => {
      await execute(insert(row)).catch((error: unknown) => {
        throw isConflict(error) ? credentialNameTaken(row.owner, row.name, error) : error
      })
    },
    get: async (organizationId, id) => {
      const { rows } = await execute(get({ organizationId, id }))
      return rows[0] && toRow(rows[0])
    },
    list: async (organizationId, filter, page) => {
      if (filter.owners?.length === 0 && filter.attachedTo === undefined) return []
      const { rows } = await execute(listQuery(database, organizationId, filter, page))
      return rows.map(toRow)
    },
    candidates: async (organizationId, harness, owners) => {
      if (owners.length === 0) return []
      const { rows } = await execute(candidates(organizationId, harness, owners))
      return rows
    },
    update: async (organizationId, id, seen, change) => {
      const query = updateQuery(database, organizationId, id, seen, change)
      const { numAffectedRows } = await execute(query).catch((error: unknown) => {
        throw isConflict(error)
          ? credentialNameTaken(change.owner ?? 'the owner', change.name ?? 'that', error)
          : error
      })
      return numAffectedRows === 1n
    },
    delete: async (organizationId, id) => {
      const query = database
        .deleteFrom('credential')
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    any: async () => {
      const query = database.selectFrom('credential').select('id').limit(1)
      return (await execute(query.compile())).rows.length > 0
    },
  })
}

type SelectedCredential = Omit<CredentialRow, 'shown'> & { readonly shown: string }

function toRow(selected: SelectedCredential): CredentialRow {
  return { ...selected, shown: selected.shown === '{}' ? {} : JSON.parse(selected.shown) }
}

function prepareInsert(database: Kysely<Database>): (row: CredentialRow) => CompiledQuery<unknown> {
  const statement = prepare<SelectedCredential, unknown>((marker) =>
    database.insertInto('credential').values({
      id: marker('id'),
      organization_id: marker('organizationId'),
      owner: marker('owner'),
      name: marker('name'),
      type: marker('type'),
      harness: marker('harness'),
      description: marker('description'),
      version: marker('version'),
      revision: marker('revision'),
      state: marker('state'),
      state_reason: marker('stateReason'),
      state_until: marker('stateUntil'),
      expires_at: marker('expiresAt'),
      suffix: marker('suffix'),
      shown: marker('shown'),
      position: marker('position'),
      wrapped_key: marker('wrappedKey'),
      created_at: marker('createdAt'),
      created_by: marker('createdBy'),
      updated_at: marker('updatedAt'),
    }),
  )
  return (row) => statement({ ...row, shown: JSON.stringify(row.shown) })
}

type CandidateQuery = (values: readonly string[]) => CompiledQuery<CandidateRow>

// One statement for each length of the list, and lengths are powers of two: the last owner fills the list up.
function prepareCandidates(
  database: Kysely<Database>,
): (organizationId: string, harness: string, owners: readonly OwnerText[]) => CompiledQuery<CandidateRow> {
  const bySize = new Map<number, CandidateQuery>()
  return (organizationId, harness, owners) => {
    let size = 1
    while (size < owners.length) size *= 2
    const filled = Array.from(
      { length: size },
      (_, place) => owners[Math.min(place, owners.length - 1)] ?? '',
    )
    const query = bySize.get(size) ?? candidatesOf(database, size)
    bySize.set(size, query)
    return query([organizationId, harness, ...filled])
  }
}

function candidatesOf(database: Kysely<Database>, size: number): CandidateQuery {
  return prepare<readonly string[], CandidateRow>((marker) =>
    database
      .selectFrom('credential')
      .select(CANDIDATE_COLUMNS)
      .where('organization_id', '=', marker(0))
      .where('harness', 'in', [marker(1), 'raw'])
      .where(
        'owner',
        'in',
        Array.from({ length: size }, (_, place) => marker(place + 2)),
      ),
  )
}

function listQuery(
  database: Kysely<Database>,
  organizationId: string,
  filter: CredentialFilter,
  page: Page,
): CompiledQuery<SelectedCredential> {
  let query = database.selectFrom('credential').select(COLUMNS).where('organization_id', '=', organizationId)
  const { owners, attachedTo } = filter
  if (owners && attachedTo === undefined) query = query.where('owner', 'in', owners)
  if (owners && attachedTo !== undefined) {
    const attached = database
      .selectFrom('agent_attachment')
      .select('credential_id')
      .where('agent_attachment.organization_id', '=', organizationId)
      .where('agent', '=', attachedTo)
    query = query.where((row) =>
      row.or([...(owners.length > 0 ? [row('owner', 'in', owners)] : []), row('id', 'in', attached)]),
    )
  }
  if (filter.harness !== undefined) query = query.where('harness', '=', filter.harness)
  if (filter.type !== undefined) query = query.where('type', '=', filter.type)
  if (filter.state !== undefined) query = query.where('state', '=', filter.state)
  if (filter.name !== undefined) query = query.where('name', '=', filter.name)
  if (filter.search !== undefined) {
    const { search } = filter
    const has = (column: string) => hasPart(sql.ref(column), search)
    query = query.where((row) => row.or(['name', 'description', 'suffix'].map(has)))
  }
  if (page.after !== undefined) query = query.where('id', '>', page.after)
  return query.orderBy('id').limit(page.limit).compile()
}

function updateQuery(
  database: Kysely<Database>,
  organizationId: string,
  id: string,
  seen: number,
  change: CredentialChange,
): CompiledQuery<unknown> {
  return database
    .updateTable('credential')
    .set(columnsOf(change))
    .set((row) => ({ revision: row('revision', '+', 1) }))
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .where('revision', '=', seen)
    .compile()
}

// Kysely leaves out what is undefined.
function columnsOf(
  change: CredentialChange,
): Partial<{ [Name in keyof CredentialTable]: CredentialTable[Name] | undefined }> {
  return {
    owner: change.owner,
    name: change.name,
    description: change.description,
    version: change.version,
    state: change.state,
    state_reason: change.stateReason,
    state_until: change.stateUntil,
    expires_at: change.expiresAt,
    suffix: change.suffix,
    shown: change.shown && JSON.stringify(change.shown),
    position: change.position,
    wrapped_key: change.wrappedKey,
    updated_at: change.updatedAt,
  }
}
