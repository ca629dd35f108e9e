// Which tables a database has, of what columns, by what key, and which refers to which: asked of the engine itself.
// Left out are the engine's own tables and those in which Kysely keeps its migrations.

import { type Kysely, sql } from 'kysely'
import type { TableShape } from '../../transfer.ts'

/** Tables of which nothing is known but what the engine says. */
export type Tables = Record<string, Record<string, unknown>>

/** Columns whose values look different on the two engines, and all others. */
export type ColumnKind = 'text' | 'integer' | 'number' | 'bytes' | 'boolean' | 'time' | 'json' | 'other'

export interface Table extends TableShape {
  readonly kinds: readonly ColumnKind[]
  /** Columns of the primary key; empty when there is none. */
  readonly key: readonly string[]
  /** Other tables its rows refer to. */
  readonly refersTo: readonly string[]
}

export type EngineName = 'sqlite' | 'postgres'

/** Every table of ours, one that refers to another after it, otherwise by name. */
export async function findTables(database: Kysely<Tables>, engine: EngineName): Promise<Table[]> {
  const { columns, references } = await (engine === 'sqlite' ? askSqlite(database) : askPostgres(database))
  const names = [...new Set(columns.map((column) => column.table))].sort()
  const tables = names.map((name) => tableOf(name, columns, references))
  return inOrder(tables)
}

/** Names of the migrations that were applied, in order; empty when there are no tables yet. */
export async function appliedMigrations(database: Kysely<Tables>, engine: EngineName): Promise<string[]> {
  if (!(await hasTable(database, engine, 'kysely_migration'))) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
    database,
  )
  return rows.map(({ name }) => name)
}

/** Whether our schema has a table of this name. */
export async function hasTable(database: Kysely<Tables>, engine: EngineName, name: string): Promise<boolean> {
  const { rows } = await (engine === 'sqlite'
    ? sql`select 1 from sqlite_schema where type = 'table' and name = ${name}`
    : sql`select 1 from pg_tables where schemaname = current_schema() and tablename = ${name}`
  ).execute(database)
  return rows.length > 0
}

interface ColumnFact {
  readonly table: string
  readonly name: string
  readonly type: string
  /** Place in the primary key, from 1; 0 for no part of it. */
  readonly key: number
}

interface Reference {
  readonly table: string
  readonly to: string
}

interface Facts {
  readonly columns: readonly ColumnFact[]
  readonly references: readonly Reference[]
}

async function askSqlite(database: Kysely<Tables>): Promise<Facts> {
  const ours = sql`m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\' and m.name not like 'kysely\\_%' escape '\\'`
  const columns = await sql<ColumnFact>`
    select m.name as "table", c.name as name, c.type as type, c.pk as key
    from sqlite_schema m, pragma_table_xinfo(m.name) c where ${ours} and c.hidden = 0 order by m.name, c.cid`.execute(
    database,
  )
  const references = await sql<Reference>`
    select m.name as "table", f."table" as "to"
    from sqlite_schema m, pragma_foreign_key_list(m.name) f where ${ours}`.execute(database)
  return { columns: columns.rows, references: references.rows }
}

// Tables of an extension belong to the extension, and computed columns to Postgres.
async function askPostgres(database: Kysely<Tables>): Promise<Facts> {
  const ours = sql`c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = current_schema()::regnamespace
    and c.relname not like 'kysely\\_%'
    and not exists (select 1 from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`
  const columns = await sql<ColumnFact>`
    select c.relname as "table", a.attname as name, format_type(a.atttypid, null) as type,
      coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0) as key
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where ${ours} order by c.relname, a.attnum`.execute(database)
  const references = await sql<Reference>`
    select c.relname as "table", f.relname as "to"
    from pg_constraint r join pg_class c on c.oid = r.conrelid join pg_class f on f.oid = r.confrelid
    where r.contype = 'f' and ${ours}`.execute(database)
  return { columns: columns.rows, references: references.rows }
}

function tableOf(name: string, facts: readonly ColumnFact[], references: readonly Reference[]): Table {
  const columns = facts.filter(({ table }) => table === name)
  const key = columns.filter((column) => column.key > 0).sort((a, b) => a.key - b.key)
  const to = references.filter((reference) => reference.table === name && reference.to !== name)
  return {
    name,
    columns: columns.map((column) => column.name),
    kinds: columns.map(({ type }) => kindOf(type.toLowerCase())),
    key: key.map((column) => column.name),
    refersTo: [...new Set(to.map((reference) => reference.to))].sort(),
  }
}

// SQLite keeps a type as it was written; Postgres says which it made of it.
function kindOf(type: string): ColumnKind {
  if (/^bool/.test(type)) return 'boolean'
  if (/^(date|time)/.test(type)) return 'time'
  if (/^json/.test(type)) return 'json'
  if (/^(bytea|blob)/.test(type)) return 'bytes'
  if (/int/.test(type) && !/interval|point/.test(type)) return 'integer'
  if (/^(real|float|double|numeric|decimal)/.test(type)) return 'number'
  return /char|text|clob/.test(type) ? 'text' : 'other'
}

function inOrder(tables: readonly Table[]): Table[] {
  const placed: Table[] = []
  let waiting = [...tables]
  while (waiting.length > 0) {
    const names = waiting.map(({ name }) => name)
    const free = waiting.filter(({ refersTo }) => !refersTo.some((to) => names.includes(to)))
    // Tables that refer to each other in a circle stay as they are: the engine will say so.
    const next = free.length > 0 ? free : waiting
    placed.push(...next)
    waiting = waiting.filter((table) => !next.includes(table))
  }
  return placed
}
