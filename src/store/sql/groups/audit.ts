// The audit over SQL: rows are added and read, never changed. Entries get their places in the chain just before the
// commit, all of a group together, so that the head of a chain is locked once a commit and for no longer than that takes.

import { type CompiledQuery, type Kysely, sql } from 'kysely'
import {
  type ChainedEntry,
  type ChainPlace,
  chained,
  chainStart,
  detailsText,
  readDetails,
} from '../../../domain/audit/chain.ts'
import type { AuditEntry } from '../../../domain/audit/entry.ts'
import { sha256 } from '../../../lib/digest.ts'
import type { AuditStore } from '../../store.ts'
import { columnsOf, prepareInsertMany, prepareMany } from '../many-rows.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'
import { searchQuery } from './finding/audit-search.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'actor_kind as actorKind',
  'actor_id as actorId',
  'actor_name as actorName',
  'action',
  'object_kind as objectKind',
  'object_id as objectId',
  'object_name as objectName',
  'outcome',
  'details',
  'request_id as requestId',
  'position',
  'hash',
] as const

// A number that was put there by others may be one that no number here can hold; it must not keep the rest from being read.
const LARGEST = Number.MAX_SAFE_INTEGER
const AT = sql<number>`case when at between ${sql.lit(-LARGEST)} and ${sql.lit(LARGEST)} then at end`

/** Prepares the statements once; the result makes the group for a connection. */
export function auditGroup(
  database: Kysely<Database>,
): (execute: Execute, leave: (entry: AuditEntry) => void) => AuditStore {
  const list = prepare((marker: Markers<{ organizationId: string; after: number; limit: number }>) =>
    database
      .selectFrom('audit')
      .select([...COLUMNS, AT.as('at')])
      .where('organization_id', '=', marker('organizationId'))
      .where('position', '>', marker('after'))
      .where('position', '<=', LARGEST)
      .orderBy('position')
      .limit(marker('limit')),
  )
  const head = prepare((marker: Markers<{ organizationId: string }>) =>
    headOf(database, marker('organizationId')),
  )
  const heads = prepare(() => database.selectFrom('audit_head').selectAll())
  return (execute, leave) => ({
    append: async (entry) => leave(entry),
    list: async (organizationId, { after = 0, limit }) => {
      const { rows } = await execute(list({ organizationId, after, limit }))
      return rows.map((row) => ({ ...row, details: readDetails(row.details) }))
    },
    search: async (organizationId, filter, stretch) => {
      const found = await execute(searchQuery(database, organizationId, filter, stretch))
      const positions = found.rows.map(({ position }) => position)
      if (positions.length === 0) return []
      const query = database
        .selectFrom('audit')
        .select([...COLUMNS, AT.as('at')])
        .where('organization_id', '=', organizationId)
        .where('position', 'in', positions)
        .orderBy('position', stretch.newest ? 'desc' : 'asc')
      const { rows } = await execute(query.compile())
      return rows.map((row) => ({ ...row, details: readDetails(row.details) }))
    },
    head: async (organizationId) => {
      const { rows } = await execute(head({ organizationId }))
      return rows[0] ?? chainStart(sha256, organizationId)
    },
    heads: async () => {
      const { rows } = await execute(heads({}))
      return Object.fromEntries(
        rows.map(({ organization_id, position, hash }) => [organization_id, { position, hash }]),
      )
    },
  })
}

/** For group commit: holding the ends of chains, and the statements that write entries behind them. */
export interface AuditChaining {
  /**
   * The last place of each of these chains, nobody else's to move until the commit. `begun`: some chain did not exist
   * before, so that nothing was held while it was begun.
   */
  hold(organizationIds: readonly string[], execute: Execute): Promise<Held>
  /** In the order of the entries; every organization of theirs is held. */
  write(entries: readonly AuditEntry[], held: Held): CompiledQuery<unknown>[]
}

export interface Held {
  readonly places: ReadonlyMap<string, ChainPlace>
  readonly begun: boolean
}

type PlacedHead = ChainPlace & { readonly organizationId: string }

/** `shared`: other servers write to this database, so the heads are locked, in an order that is the same for all. */
export function auditChaining(database: Kysely<Database>, shared: boolean): AuditChaining {
  const { lock, begin, insert, move } = shared ? sharedStatements(database) : ownStatements(database)

  const begins = async (execute: Execute, organizationId: string): Promise<PlacedHead> => {
    const start = { ...chainStart(sha256, organizationId), organizationId }
    await execute(begin(start))
    // Another server may have been there first, and further since.
    return (await rowsOf(execute, lock([organizationId])))[0] ?? start
  }

  return {
    hold: async (organizationIds, execute) => {
      const found = await rowsOf(execute, lock([...organizationIds].sort()))
      const places = new Map<string, ChainPlace>(found.map((head) => [head.organizationId, head]))
      const missing = organizationIds.filter((organizationId) => !places.has(organizationId)).sort()
      for (const organizationId of missing) places.set(organizationId, await begins(execute, organizationId))
      return { places, begun: missing.length > 0 }
    },
    write: (entries, { places }) => {
      const written: StoredEntry[] = []
      const moved = new Map<string, ChainPlace>()
      for (const entry of entries) {
        const { organizationId } = entry
        const last = moved.get(organizationId) ?? places.get(organizationId)
        const next = chained(sha256, last ?? chainStart(sha256, organizationId), entry)
        written.push({ ...next, details: detailsText(next.details) })
        moved.set(organizationId, next)
      }
      if (written.length === 0) return []
      const heads = [...moved].map(([organizationId, { position, hash }]) => ({
        organizationId,
        position,
        hash,
      }))
      return [...insert(written), ...move(heads)]
    },
  }
}

async function rowsOf<Row>(execute: Execute, queries: readonly CompiledQuery<Row>[]): Promise<Row[]> {
  const answers = await Promise.all(queries.map((query) => execute(query)))
  return answers.flatMap(({ rows }) => rows)
}

type StoredEntry = Omit<ChainedEntry, 'details'> & { readonly details: string }

interface ChainStatements {
  readonly lock: (organizationIds: readonly string[]) => readonly CompiledQuery<PlacedHead>[]
  readonly begin: (start: PlacedHead) => CompiledQuery<unknown>
  readonly insert: (entries: readonly StoredEntry[]) => readonly CompiledQuery<unknown>[]
  readonly move: (heads: readonly PlacedHead[]) => readonly CompiledQuery<unknown>[]
}

// One writer: statements for one row each, prepared, cost the least.
function ownStatements(database: Kysely<Database>): ChainStatements {
  const lock = prepare((marker: Markers<{ organizationId: string }>) =>
    headOf(database, marker('organizationId')).select('organization_id as organizationId'),
  )
  const insert = prepare((marker: Markers<StoredEntry>) =>
    database.insertInto('audit').values({
      organization_id: marker('organizationId'),
      position: marker('position'),
      hash: marker('hash'),
      id: marker('id'),
      at: marker('at'),
      actor_kind: marker('actorKind'),
      actor_id: marker('actorId'),
      actor_name: marker('actorName'),
      action: marker('action'),
      object_kind: marker('objectKind'),
      object_id: marker('objectId'),
      object_name: marker('objectName'),
      outcome: marker('outcome'),
      details: marker('details'),
      request_id: marker('requestId'),
    }),
  )
  const move = prepare((marker: Markers<PlacedHead>) =>
    database
      .updateTable('audit_head')
      .set({ position: marker('position'), hash: marker('hash') })
      .where('organization_id', '=', marker('organizationId')),
  )
  return {
    lock: (organizationIds) => organizationIds.map((organizationId) => lock({ organizationId })),
    begin: prepareBegin(database),
    insert: (entries) => entries.map(insert),
    move: (heads) => heads.map(move),
  }
}

function sharedStatements(database: Kysely<Database>): ChainStatements {
  const lock = prepare((marker: Markers<{ organizationIds: readonly string[] }>) => {
    const whole = sql<PlacedHead>`select organization_id as "organizationId", position, hash from audit_head
      where organization_id = any(${marker('organizationIds')}::text[]) order by organization_id for update`
    return { compile: () => whole.compile(database) }
  })
  const insert = prepareInsertMany<StoredEntry>(database, 'audit', STORED_COLUMNS)
  const move = prepareMany<PlacedHead>(
    database,
    columnsOf<PlacedHead>({ organizationId: 'text', position: 'bigint', hash: 'text' }),
    'update audit_head set position = given.position, hash = given.hash from',
    'where audit_head.organization_id = given.organization_id',
  )
  return {
    lock: (organizationIds) => [lock({ organizationIds: [...organizationIds] })],
    begin: prepareBegin(database),
    insert: (entries) => [insert(entries)],
    move: (heads) => [move(heads)],
  }
}

const STORED_COLUMNS = columnsOf<StoredEntry>({
  organizationId: 'text',
  position: 'bigint',
  hash: 'text',
  id: 'text',
  at: 'bigint',
  actorKind: 'text',
  actorId: 'text',
  actorName: 'text',
  action: 'text',
  objectKind: 'text',
  objectId: 'text',
  objectName: 'text',
  outcome: 'text',
  details: 'text',
  requestId: 'text',
})

function prepareBegin(database: Kysely<Database>): ChainStatements['begin'] {
  return prepare((marker: Markers<PlacedHead>) =>
    database
      .insertInto('audit_head')
      .values({
        organization_id: marker('organizationId'),
        position: marker('position'),
        hash: marker('hash'),
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
}

function headOf(database: Kysely<Database>, organizationId: string) {
  return database
    .selectFrom('audit_head')
    .select(['position', 'hash'])
    .where('organization_id', '=', organizationId)
}
