// Workers over SQL: of the code that enrols one, its digest only.

import type { Kysely } from 'kysely'
import type { WorkerMachine, WorkerRow, WorkerStore } from '../../machine-groups.ts'
import { isConflict, workerNameTaken } from '../../refusals.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'name',
  'agent',
  'enrolment_digest as enrolmentDigest',
  'enrolment_expires_at as enrolmentExpiresAt',
  'created_at as createdAt',
  'created_by as createdBy',
  'enrolled_at as enrolledAt',
  'revoked_at as revokedAt',
  'last_seen_at as lastSeenAt',
  'machine',
  'processes',
] as const

/** Prepares the statements once; the result makes the group for a connection. */
export function workerGroup(database: Kysely<Database>): (execute: Execute) => WorkerStore {
  const select = database.selectFrom('worker').select(COLUMNS)
  const update = database.updateTable('worker').where('revoked_at', 'is', null)
  const get = prepare((marker: Markers<{ organizationId: string; id: string }>) =>
    select.where('organization_id', '=', marker('organizationId')).where('id', '=', marker('id')),
  )
  return (execute) => ({
    insert: async (row) => {
      const query = database.insertInto('worker').values({
        id: row.id,
        organization_id: row.organizationId,
        name: row.name,
        agent: row.agent,
        enrolment_digest: row.enrolmentDigest,
        enrolment_expires_at: row.enrolmentExpiresAt,
        created_at: row.createdAt,
        created_by: row.createdBy,
        enrolled_at: row.enrolledAt,
        revoked_at: row.revokedAt,
        last_seen_at: row.lastSeenAt,
        machine: textOf(row.machine),
        processes: JSON.stringify(row.processes),
      })
      await execute(query.compile()).catch((error: unknown) => {
        throw isConflict(error) ? workerNameTaken(row.name, error) : error
      })
    },
    get: async (organizationId, id) => (await execute(get({ organizationId, id }))).rows.map(toRow)[0],
    findByEnrolment: async (digest) => {
      const query = select.where('enrolment_digest', '=', digest)
      return (await execute(query.compile())).rows.map(toRow)[0]
    },
    list: async (organizationId) => {
      const query = select.where('organization_id', '=', organizationId).orderBy('id')
      return (await execute(query.compile())).rows.map(toRow)
    },
    enrol: async (id, at) => {
      const query = update.set({ enrolled_at: at }).where('id', '=', id).where('enrolled_at', 'is', null)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    revoke: async (organizationId, id, at) => {
      const query = update
        .set({ revoked_at: at })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    seen: async (id, at, unlessSince, machine) => {
      const query = update.where('id', '=', id)
      const ifLongAgo = query
        .set({ last_seen_at: at })
        .where((row) => row.or([row('last_seen_at', 'is', null), row('last_seen_at', '<', unlessSince)]))
      const said = machine && query.set({ last_seen_at: at, machine: textOf(machine) })
      await execute((said ?? ifLongAgo).compile())
    },
  })
}

type SelectedWorker = Omit<WorkerRow, 'machine' | 'processes'> & {
  readonly machine: string | null
  readonly processes: string
}

function toRow({ machine, processes, ...row }: SelectedWorker): WorkerRow {
  return {
    ...row,
    machine: machine === null ? null : JSON.parse(machine),
    processes: JSON.parse(processes),
  }
}

function textOf(machine: WorkerMachine | null): string | null {
  return machine === null ? null : JSON.stringify(machine)
}
