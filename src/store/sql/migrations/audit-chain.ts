// The audit becomes a chain: every entry that is there gets its place, in the order of ids, which is the order of time.

import type { Kysely } from 'kysely'
import { chained, chainStart, detailsText, readDetails } from '../../../domain/audit/chain.ts'
import { sha256 } from '../../../lib/digest.ts'
import type { AuditTable, Database } from '../schema.ts'

// Entries held at a time; and written by one statement, which may have a few thousand parameters.
const PAGE = 1_000
const BATCH = 100

type Unchained = Omit<AuditTable, 'position' | 'hash'>
type During = Pick<Database, 'audit' | 'audit_head'> & { audit_unchained: Unchained }

/** Migrates rows of any number in pages. */
export async function chainAudit(untyped: Kysely<unknown>): Promise<void> {
  const database = untyped.withTables<During>()
  await database.schema.alterTable('audit').renameTo('audit_unchained').execute()
  await createTables(database)
  let organizationId = await nextOrganization(database, '')
  while (organizationId !== undefined) {
    await chainOrganization(database, organizationId)
    organizationId = await nextOrganization(database, organizationId)
  }
  await database.schema.dropTable('audit_unchained').execute()
}

async function createTables(database: Kysely<During>): Promise<void> {
  await database.schema
    .createTable('audit')
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor_kind', 'text', (column) => column.notNull())
    .addColumn('actor_id', 'text', (column) => column.notNull())
    .addColumn('actor_name', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('object_kind', 'text', (column) => column.notNull())
    .addColumn('object_id', 'text', (column) => column.notNull())
    .addColumn('object_name', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('details', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('audit_position', ['organization_id', 'position'])
    .execute()
  await database.schema
    .createTable('audit_head')
    .addColumn('organization_id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute()
}

async function nextOrganization(database: Kysely<During>, after: string): Promise<string | undefined> {
  const { next } = await database
    .selectFrom('audit_unchained')
    .select((select) => select.fn.min('organization_id').as('next'))
    .where('organization_id', '>', after)
    .executeTakeFirstOrThrow()
  return next ?? undefined
}

async function chainOrganization(database: Kysely<During>, organizationId: string): Promise<void> {
  let last = chainStart(sha256, organizationId)
  let after = ''
  for (;;) {
    const page = await database
      .selectFrom('audit_unchained')
      .selectAll()
      .where('organization_id', '=', organizationId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute()
    const rows = page.map((row) => {
      const next = chained(sha256, last, entryOf(row))
      last = next
      return rowOf(next)
    })
    for (let from = 0; from < rows.length; from += BATCH) {
      await database
        .insertInto('audit')
        .values(rows.slice(from, from + BATCH))
        .execute()
    }
    after = page.at(-1)?.id ?? after
    if (page.length < PAGE) break
  }
  const { position, hash } = last
  await database
    .insertInto('audit_head')
    .values({ organization_id: organizationId, position, hash })
    .execute()
}

function entryOf(row: Unchained): Parameters<typeof chained>[2] {
  return {
    id: row.id,
    organizationId: row.organization_id,
    at: row.at,
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    actorName: row.actor_name,
    action: row.action,
    objectKind: row.object_kind,
    objectId: row.object_id,
    objectName: row.object_name,
    outcome: row.outcome,
    details: inOrder(row.details),
    requestId: row.request_id,
  }
}

// Before the chain the names of details were in the order they came in.
function inOrder(text: string): ReturnType<typeof readDetails> {
  try {
    return readDetails(detailsText(JSON.parse(text)))
  } catch {
    return readDetails(text)
  }
}

function rowOf(entry: ReturnType<typeof chained>): AuditTable {
  return {
    organization_id: entry.organizationId,
    position: entry.position,
    hash: entry.hash,
    id: entry.id,
    at: entry.at,
    actor_kind: entry.actorKind,
    actor_id: entry.actorId,
    actor_name: entry.actorName,
    action: entry.action,
    object_kind: entry.objectKind,
    object_id: entry.objectId,
    object_name: entry.objectName,
    outcome: entry.outcome,
    details: detailsText(entry.details),
    request_id: entry.requestId,
  }
}
