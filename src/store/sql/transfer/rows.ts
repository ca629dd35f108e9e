// Rows out of a table and into a table, a page at a time, so that the size of a database does not matter.

import { type Kysely, sql } from 'kysely'
import { ClavigerError } from '../../../domain/errors.ts'
import type { Cell, Row, TableShape } from '../../transfer.ts'
import { asked, cellOf, toEngine } from './cells.ts'
import { ofTheCopyOnly } from './marks.ts'
import type { EngineName, Table, Tables } from './tables.ts'

// Rows of a page: a row may hold 128 KiB.
const PAGE = 250

/** Where in a table a copy stands: the key of the last row, or how many rows where there is no key. */
export type Position = { readonly key: readonly Cell[] } | { readonly skip: number }

export interface PositionedPage {
  readonly rows: readonly Row[]
  /** After the last of these rows. */
  readonly position: Position
}

/** The rows of a table in the order of its key, from a position on. */
export async function* pagesOf(
  database: Kysely<Tables>,
  engine: EngineName,
  table: Table,
  from: Position | null = null,
): AsyncGenerator<PositionedPage> {
  let position = from
  for (;;) {
    const page: PositionedPage | null = await pageOf(database, engine, table, position)
    if (page === null) return
    yield page
    if (page.rows.length < PAGE) return
    position = page.position
  }
}

async function pageOf(
  database: Kysely<Tables>,
  engine: EngineName,
  table: Table,
  from: Position | null,
): Promise<PositionedPage | null> {
  const columns = table.columns.map((column, i) => asked(column, table.kinds[i] ?? 'other', engine))
  const by = (table.key.length > 0 ? table.key : table.columns).map((column) => sql.ref(`t.${column}`))
  const after = from !== null && 'key' in from ? from.key : null
  const skip = from !== null && 'skip' in from ? from.skip : 0
  const conditions = [
    ...(after === null ? [] : [sql`(${sql.join(by)}) > (${sql.join(after)})`]),
    ...(table.name === 'installation' ? [sql`not ${ofTheCopyOnly}`] : []),
  ]
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
  const { rows } = await sql<Record<string, unknown>>`
    select ${sql.join(columns)} from ${sql.table(table.name)} as t ${where}
    order by ${sql.join(by)} limit ${sql.lit(PAGE)} offset ${sql.lit(skip)}`.execute(database)
  if (rows.length === 0) return null
  const cells = rows.map((row) =>
    table.columns.map((name, i) => cellOf(row[name], table.kinds[i] ?? 'other')),
  )
  const last = cells.at(-1) ?? []
  const key = table.key.map((column) => last[table.columns.indexOf(column)] ?? null)
  return { rows: cells, position: table.key.length > 0 ? { key } : { skip: skip + rows.length } }
}

/** Puts rows of a table of this shape into ours; throws `invalid` when ours has not all of its columns. */
export async function insertRows(
  database: Kysely<Tables>,
  engine: EngineName,
  table: Table,
  shape: TableShape,
  rows: readonly Row[],
): Promise<void> {
  const missing = shape.columns.filter((column) => !table.columns.includes(column))
  if (missing.length > 0) throw unknownPlace(`${table.name}.${missing[0]}`)
  const kinds = shape.columns.map((column) => table.kinds[table.columns.indexOf(column)] ?? 'other')
  const places = shape.columns.map((column) => `${table.name}.${column}`)
  const values = rows.map((row) =>
    Object.fromEntries(
      shape.columns.map((column, i) => [
        column,
        toEngine(row[i] ?? null, kinds[i] ?? 'other', engine, places[i] ?? ''),
      ]),
    ),
  )
  if (values.length === 0) return
  await database.insertInto(table.name).values(values).execute()
}

/** `invalid`: the copy holds something that no migration of this program makes. */
export function unknownPlace(name: string): ClavigerError {
  return new ClavigerError('invalid', `This Claviger has no ${name}, and the copy has rows in it.`, {
    hint: 'Use the version of Claviger that it was made with, or a newer one.',
  })
}

/** Counters of Postgres go on after the largest number that was put in by hand. */
export async function setCounters(
  database: Kysely<Tables>,
  engine: EngineName,
  tables: readonly Table[],
): Promise<void> {
  if (engine === 'sqlite') return
  for (const { name, columns, kinds } of tables) {
    for (const column of columns.filter((_, i) => kinds[i] === 'integer')) {
      const table = sql.lit(`"${name.replaceAll('"', '""')}"`)
      await sql`
        select setval(s.name, m.largest) from
          (select pg_get_serial_sequence(${table}, ${sql.lit(column)}) as name) s,
          (select max(${sql.ref(column)}) as largest from ${sql.table(name)}) m
        where s.name is not null and m.largest is not null`.execute(database)
    }
  }
}

/** Whether no table has a row. */
export async function isEmpty(database: Kysely<Tables>, tables: readonly Table[]): Promise<boolean> {
  for (const { name } of tables) {
    const { rows } = await sql`select 1 from ${sql.table(name)} limit 1`.execute(database)
    if (rows.length > 0) return false
  }
  return true
}

/** Removes every row; those that refer to others go first. */
export async function clear(database: Kysely<Tables>, tables: readonly Table[]): Promise<void> {
  for (const { name } of tables.toReversed()) await sql`delete from ${sql.table(name)}`.execute(database)
}
