// Messages to runs, what happened in them and what served them, over SQL.

import { type Kysely, sql } from 'kysely'
import type {
  RunEventRow,
  RunEventStore,
  RunLeaseRow,
  RunLeaseStore,
  RunMessageStore,
} from '../../../runs/run-groups.ts'
import { type Execute, type Markers, prepare } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const MESSAGE_COLUMNS = [
  'run_id as runId',
  'id',
  'position',
  'text',
  'state',
  'reason',
  'claim',
  'created_at as createdAt',
  'created_by as createdBy',
  'changed_at as changedAt',
] as const

/** Prepares the statements once; the result makes the group for a connection. */
export function runMessageGroup(database: Kysely<Database>): (execute: Execute) => RunMessageStore {
  const select = database.selectFrom('run_message').select(MESSAGE_COLUMNS)
  const get = prepare((marker: Markers<{ runId: string; id: string }>) =>
    select.where('run_id', '=', marker('runId')).where('id', '=', marker('id')),
  )
  const page = prepare((marker: Markers<{ runId: string; before: number; limit: number }>) =>
    select
      .where('run_id', '=', marker('runId'))
      .where('position', '<', marker('before'))
      .orderBy('position', 'desc')
      .limit(marker('limit')),
  )
  return (execute) => ({
    insert: async ({ runId, createdAt, createdBy, changedAt, ...row }) => {
      const query = database.insertInto('run_message').values({
        run_id: runId,
        ...row,
        created_at: createdAt,
        created_by: createdBy,
        changed_at: changedAt,
      })
      await execute(query.compile())
    },
    get: async (runId, id) => (await execute(get({ runId, id }))).rows[0],
    list: async (runId, states, limit) => {
      if (states?.length === 0) return []
      const query = select.where('run_id', '=', runId).orderBy('position')
      const some = states === undefined ? query : query.where('state', 'in', states)
      return (await execute((limit === undefined ? some : some.limit(limit)).compile())).rows
    },
    listBefore: async (runId, before, limit) => (await execute(page({ runId, before, limit }))).rows,
    change: async (runId, id, seen, { state, reason, claim, changedAt }) => {
      const query = database
        .updateTable('run_message')
        // Kysely leaves out what is undefined.
        .set({ state: state ?? seen, reason, claim, changed_at: changedAt })
        .where('run_id', '=', runId)
        .where('id', '=', id)
        .where('state', '=', seen)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
  })
}

/** Prepares the statements once; the result makes the group for a connection. */
export function runEventGroup(database: Kysely<Database>): (execute: Execute) => RunEventStore {
  const after = prepare((marker: Markers<{ runId: string; position: number; limit: number }>) =>
    database
      .selectFrom('run_event')
      .select(['run_id as runId', 'position', 'at', 'event'])
      .where('run_id', '=', marker('runId'))
      .where('position', '>', marker('position'))
      .orderBy('position')
      .limit(marker('limit')),
  )
  return (execute) => ({
    append: async (rows) => {
      if (rows.length === 0) return
      const values = rows.map(({ runId, position, at, event }) => ({
        ...{ run_id: runId, position, at, event: JSON.stringify(event) },
      }))
      await execute(database.insertInto('run_event').values(values).compile())
    },
    after: async (runId, position, limit) => {
      const { rows } = await execute(after({ runId, position, limit }))
      return rows.map(({ event, ...row }): RunEventRow => ({ ...row, event: JSON.parse(event) }))
    },
  })
}

const LEASE_COLUMNS = [
  'lease_id as leaseId',
  'run_id as runId',
  'organization_id as organizationId',
  'claim',
  'credential',
  'reason',
  'started_at as startedAt',
  'ended_at as endedAt',
  'turns',
  'usage',
] as const

type SelectedLease = Omit<RunLeaseRow, 'credential' | 'usage'> & {
  readonly credential: string | null
  readonly usage: string
}

/** What `selectRunLeases` found, as a row. */
export function toRunLease({ credential, usage, ...row }: SelectedLease): RunLeaseRow {
  return { ...row, credential: credential === null ? null : JSON.parse(credential), usage: JSON.parse(usage) }
}

/** What served runs. */
export function selectRunLeases(database: Kysely<Database>) {
  return database.selectFrom('run_lease').select(LEASE_COLUMNS)
}

/** Prepares the statements once; the result makes the group for a connection. */
export function runLeaseGroup(database: Kysely<Database>): (execute: Execute) => RunLeaseStore {
  const select = selectRunLeases(database)
  const get = prepare((marker: Markers<Pick<RunLeaseRow, 'leaseId'>>) =>
    select.where('lease_id', '=', marker('leaseId')),
  )
  return (execute) => ({
    insert: async (row) => {
      await execute(database.insertInto('run_lease').values(leaseValues(row)).compile())
    },
    get: async (leaseId) => (await execute(get({ leaseId }))).rows.map(toRunLease)[0],
    list: async (runId) => {
      const query = select.where('run_id', '=', runId).orderBy('started_at').orderBy('lease_id')
      return (await execute(query.compile())).rows.map(toRunLease)
    },
    update: async (leaseId, { endedAt, turns, usage }) => {
      const query = database
        .updateTable('run_lease')
        // Kysely leaves out what is undefined.
        .set({ ended_at: endedAt, turns, usage: usage && JSON.stringify(usage) })
        .where('lease_id', '=', leaseId)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    lastUsed: async (organizationId, credentialIds) => {
      if (credentialIds.length === 0) return {}
      const query = database
        .selectFrom('run_lease')
        .select(['credential_id as id', sql<number>`max(started_at)`.as('at')])
        .where('organization_id', '=', organizationId)
        .where('credential_id', 'in', credentialIds)
        .groupBy('credential_id')
      const { rows } = await execute(query.compile())
      return Object.fromEntries(rows.flatMap(({ id, at }) => (id === null ? [] : [[id, Number(at)]])))
    },
  })
}

function leaseValues(row: RunLeaseRow) {
  return {
    lease_id: row.leaseId,
    run_id: row.runId,
    organization_id: row.organizationId,
    claim: row.claim,
    credential_id: row.credential?.id ?? null,
    credential: row.credential === null ? null : JSON.stringify(row.credential),
    reason: row.reason,
    started_at: row.startedAt,
    ended_at: row.endedAt,
    turns: row.turns,
    usage: JSON.stringify(row.usage),
  }
}
