// The audit over SQL: rows are added and read, never changed. Entries get their places in the chain just before the
// commit, all of a group together, so that the head of a chain is locked once a commit and for no longer than that takes.

import { type Kysely, sql } from 'kysely'
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
import type { GroupCommitOptions, Leave } from '../group-commit.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

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
): (execute: Execute, leave: Leave<AuditEntry>) => AuditStore {
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

/**
 * For group commit: gives the entries their places and makes the statements that write them. `shared`: other servers
 * write to this database, so the heads are locked, in an order that is the same for all.
 */
export function auditChaining(
  database: Kysely<Database>,
  shared: boolean,
): NonNullable<GroupCommitOptions<AuditEntry>['closing']> {
  const { insert, lock, begin, move } = chainStatements(database, shared)

  const beginChain = async (execute: Execute, organizationId: string): Promise<ChainPlace> => {
    const start = chainStart(sha256, organizationId)
    await execute(begin({ ...start, organizationId }))
    // Another server may have been there first, and further since.
    return (await execute(lock({ organizationId }))).rows[0] ?? start
  }

  return async (entries, execute) => {
    const chains = Map.groupBy(entries, (entry) => entry.organizationId)
    const organizations = [...chains.keys()].sort()
    // Asked for at once, where that is possible; they are locked one after the other all the same.
    const heads = await Promise.all(organizations.map((organizationId) => execute(lock({ organizationId }))))
    const statements = []
    for (const [place, organizationId] of organizations.entries()) {
      let last = heads[place]?.rows[0] ?? (await beginChain(execute, organizationId))
      for (const entry of chains.get(organizationId) ?? []) {
        const next = chained(sha256, last, entry)
        statements.push(insert({ ...next, details: detailsText(next.details) }))
        last = next
      }
      statements.push(move({ organizationId, position: last.position, hash: last.hash }))
    }
    return statements
  }
}

type StoredEntry = Omit<ChainedEntry, 'details'> & { readonly details: string }

function chainStatements(database: Kysely<Database>, shared: boolean) {
  return {
    insert: prepare((marker: Markers<StoredEntry>) =>
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
    ),
    lock: prepare((marker: Markers<{ organizationId: string }>) => {
      const query = headOf(database, marker('organizationId'))
      return shared ? query.forUpdate() : query
    }),
    begin: prepare((marker: Markers<ChainPlace & { organizationId: string }>) =>
      database
        .insertInto('audit_head')
        .values({
          organization_id: marker('organizationId'),
          position: marker('position'),
          hash: marker('hash'),
        })
        .onConflict((conflict) => conflict.doNothing()),
    ),
    move: prepare((marker: Markers<ChainPlace & { organizationId: string }>) =>
      database
        .updateTable('audit_head')
        .set({ position: marker('position'), hash: marker('hash') })
        .where('organization_id', '=', marker('organizationId')),
    ),
  }
}

function headOf(database: Kysely<Database>, organizationId: string) {
  return database
    .selectFrom('audit_head')
    .select(['position', 'hash'])
    .where('organization_id', '=', organizationId)
}
