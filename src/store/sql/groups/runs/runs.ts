// Runs over SQL. Their bookkeeping is one JSON text; what is asked by has columns too.

import { type Kysely, type SqlBool, sql } from 'kysely'
import { THROUGH_CHANNEL } from '../../../../domain/channels/serving.ts'
import { FINAL_STATES, HELD_STATES, OVER_STATES, type Run } from '../../../../domain/runs/run.ts'
import type { RunFilter, RunRow, RunStore, RunWorkStore, WorkSought } from '../../../runs/run-groups.ts'
import { type Execute, type Markers, prepare } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'subject_kind as subjectKind',
  'subject_id as subjectId',
  'subject_name as subjectName',
  'team',
  'harness',
  'wanted',
  'directory',
  'movable',
  'pin',
  'asked_key as key',
  'revision',
  'facts',
  'seen_at as seenAt',
  'created_at as createdAt',
] as const

type Selected = Omit<RunRow, 'wanted' | 'movable' | 'run'> & {
  readonly wanted: string
  readonly movable: number
  readonly facts: string
}

function toRow({ wanted, movable, facts, ...row }: Selected): RunRow {
  return { ...row, wanted: JSON.parse(wanted), movable: movable === 1, run: JSON.parse(facts) }
}

function columnsOf(run: Run) {
  return {
    facts: JSON.stringify(run),
    state: run.state,
    since: run.since,
    queued_at: run.queuedAt,
    wish: run.wish,
    place: run.place,
    claim: run.claim?.id ?? null,
    worker: run.claim?.worker ?? null,
  }
}

/** Prepares the statements once; the result makes the group for a connection. */
export function runGroup(database: Kysely<Database>): (execute: Execute) => RunStore {
  const select = database.selectFrom('run').select(COLUMNS)
  const get = prepare((marker: Markers<{ organizationId: string; id: string }>) =>
    select.where('organization_id', '=', marker('organizationId')).where('id', '=', marker('id')),
  )
  // A change that changes nothing: on Postgres the row is locked by it until the unit has ended.
  const hold = prepare((marker: Markers<{ organizationId: string; id: string }>) =>
    database
      .updateTable('run')
      .set((row) => ({ revision: row.ref('revision') }))
      .where('organization_id', '=', marker('organizationId'))
      .where('id', '=', marker('id'))
      .returning(COLUMNS),
  )
  const ends = runEnds(database)
  return (execute) => ({
    insert: async (row) => {
      await execute(database.insertInto('run').values(valuesOf(row)).compile())
    },
    get: async (organizationId, id) => (await execute(get({ organizationId, id }))).rows.map(toRow)[0],
    hold: async (organizationId, id) => (await execute(hold({ organizationId, id }))).rows.map(toRow)[0],
    update: async (id, seen, { run, seenAt }) => {
      const query = database
        .updateTable('run')
        // Kysely leaves out what is undefined.
        .set({ ...columnsOf(run), seen_at: seenAt, revision: seen + 1 })
        .where('id', '=', id)
        .where('revision', '=', seen)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    list: async (organizationId, filter, { after, limit }) => {
      const query = listQuery(database, organizationId, filter)
      const page = after === undefined ? query : query.where('id', '<', after)
      return (await execute(page.orderBy('id', 'desc').limit(limit).compile())).rows.map(toRow)
    },
    ...ends(execute),
  })
}

function runEnds(database: Kysely<Database>): (execute: Execute) => Pick<RunStore, 'remove' | 'finished'> {
  return (execute) => ({
    remove: async (organizationId, id, at) => {
      const query = database
        .deleteFrom('run')
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
      if ((await execute(query.compile())).numAffectedRows !== 1n) return false
      await execute(database.deleteFrom('channel_thread').where('run_id', '=', id).compile())
      const gone = { run_id: id, organization_id: organizationId, at }
      await execute(database.insertInto('run_gone').values(gone).compile())
      return true
    },
    finished: async (organizationId, ids) => {
      if (ids.length === 0) return []
      const over = database
        .selectFrom('run')
        .select('id')
        .where('organization_id', '=', organizationId)
        .where('id', 'in', ids)
        .where('state', 'in', FINAL_STATES)
      const gone = database
        .selectFrom('run_gone')
        .select('run_id as id')
        .where('organization_id', '=', organizationId)
        .where('run_id', 'in', ids)
      return (await execute(over.unionAll(gone).compile())).rows.map(({ id }) => id)
    },
  })
}

function valuesOf(row: RunRow) {
  return {
    id: row.id,
    organization_id: row.organizationId,
    subject_kind: row.subjectKind,
    subject_id: row.subjectId,
    subject_name: row.subjectName,
    team: row.team,
    harness: row.harness,
    wanted: JSON.stringify(row.wanted),
    directory: row.directory,
    movable: row.movable ? 1 : 0,
    pin: row.pin,
    asked_key: row.key,
    revision: row.revision,
    ...columnsOf(row.run),
    seen_at: row.seenAt,
    created_at: row.createdAt,
  }
}

function listQuery(database: Kysely<Database>, organizationId: string, filter: RunFilter) {
  const { subject, teams = [], worker, place, states, harness, key } = filter
  let query = database.selectFrom('run').select(COLUMNS).where('organization_id', '=', organizationId)
  if (subject !== undefined)
    query = query.where((row) =>
      row.or([
        row.and([row('subject_kind', '=', subject.subjectKind), row('subject_id', '=', subject.subjectId)]),
        ...(teams.length === 0 ? [] : [row('team', 'in', teams)]),
      ]),
    )
  if (worker !== undefined) query = query.where('worker', '=', worker)
  if (place !== undefined) query = query.where('place', '=', place)
  if (states !== undefined)
    query = states.length === 0 ? query.where(NEVER) : query.where('state', 'in', states)
  if (harness !== undefined) query = query.where('harness', '=', harness)
  return key === undefined ? query : query.where('asked_key', '=', key)
}

const NEVER = sql<SqlBool>`1 = 0`

/** Prepares the statements once; `shared`: other servers claim from this database too. */
export function runWorkGroup(
  database: Kysely<Database>,
  shared: boolean,
): (execute: Execute) => RunWorkStore {
  const select = database.selectFrom('run').select(COLUMNS)
  return (execute) => ({
    begin: async (worker, seen, processes) => {
      const query = database
        .updateTable('worker')
        .set({ processes: JSON.stringify(processes) })
        .where('id', '=', worker)
        .where('revoked_at', 'is', null)
        .where('processes', '=', JSON.stringify(seen))
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    claimable: async (sought, lock) => {
      if (sought.harnesses.length === 0) return []
      const query = claimableQuery(database, sought)
      const locked = lock && shared ? query.forUpdate().skipLocked() : query
      return (await execute(locked.compile())).rows.map(toRow)
    },
    beat: async (worker, claims, at) => {
      if (claims.length === 0) return
      const query = database
        .updateTable('run')
        .set({ seen_at: at })
        .where('worker', '=', worker)
        .where('claim', 'in', claims)
      await execute(query.compile())
    },
    silent: async (before, limit) => {
      const query = select
        .where('state', 'in', HELD_STATES)
        .where('seen_at', '<', before)
        .orderBy('seen_at')
        .orderBy('id')
      return (await execute(query.limit(limit).compile())).rows.map(toRow)
    },
    idle: async (before, limit) => {
      const query = select
        .where('state', '=', 'ready')
        .where('since', '<', before)
        .where('wish', 'is', null)
        .orderBy('since')
        .orderBy('id')
      return (await execute(query.limit(limit).compile())).rows.map(toRow)
    },
    past: async (before, limit) => {
      const query = select
        .where('state', 'in', OVER_STATES)
        .where('since', '<', before)
        .orderBy('since')
        .orderBy('id')
      return (await execute(query.limit(limit).compile())).rows.map(toRow)
    },
  })
}

function claimableQuery(database: Kysely<Database>, sought: WorkSought) {
  const { worker, holding, stickBefore, subject } = sought
  let query = database
    .selectFrom('run')
    .select(COLUMNS)
    .where('organization_id', '=', sought.organizationId)
    .where('harness', 'in', sought.harnesses)
    .where((row) => row.or([row('pin', 'is', null), row('pin', '=', worker)]))
    .where((row) =>
      row.or([row('directory', 'is', null), ...sought.directories.map((root) => isWithin(root))]),
    )
    .where((row) =>
      row.or([
        row.and([
          row('state', '=', 'queued'),
          row.or([
            row('place', 'is', null),
            row('place', '=', worker),
            row.and([row('movable', '=', 1), row('queued_at', '<=', stickBefore)]),
          ]),
        ]),
        row.and([row('worker', '=', worker), row('state', 'in', HELD_STATES)]),
      ]),
    )
  if (holding.length > 0)
    query = query.where((row) => row.or([row('claim', 'is', null), row('claim', 'not in', holding)]))
  if (subject !== null)
    query = query.where('subject_kind', '=', subject.subjectKind).where('subject_id', '=', subject.subjectId)
  if (!sought.strangers) query = query.where(isForNoStranger())
  return query.orderBy('queued_at').orderBy('id').limit(sought.limit)
}

// As `isForStrangers` has it.
function isForNoStranger() {
  const begun = sql`substr(coalesce(asked_key, ''), 1, ${THROUGH_CHANNEL.length})`
  return sql<SqlBool>`(subject_kind <> 'agent' or ${begun} <> ${THROUGH_CHANNEL})`
}

// Without patterns: a directory may be called by any of their signs.
function isWithin(root: string) {
  if (root === '/') return sql<SqlBool>`directory is not null`
  const within = `${root}/`
  return sql<SqlBool>`(directory = ${root} or substr(directory, 1, length(cast(${within} as text))) = ${within})`
}
