// Many rows by one statement whose text is the same for any number of them: each column travels as one array. For
// Postgres, where a statement costs more than a row.

import { type CompiledQuery, type Kysely, sql } from 'kysely'
import { prepare } from './prepared.ts'
import type { Database } from './schema.ts'

type ColumnType = 'text' | 'bigint'

/** A column, its type, and what a row has in it. */
export type Column<Row> = readonly [name: string, type: ColumnType, of: (row: Row) => string | number | null]

/** Columns of a table whose rows have properties called like them, but in camel case. */
export function columnsOf<Row>(
  columns: Readonly<Partial<Record<keyof Row & string, ColumnType>>>,
): Column<Row>[] {
  return Object.entries(columns).map(([property, type]) => [
    property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    type as ColumnType,
    (row) => row[property as keyof Row] as string | number | null,
  ])
}

/** A statement around a table expression that stands for all rows, its columns called as they are. */
export function prepareMany<Row, Answer = unknown>(
  database: Kysely<Database>,
  columns: readonly Column<Row>[],
  before: string,
  after = '',
): (rows: readonly Row[]) => CompiledQuery<Answer> {
  const names = columns.map(([name]) => name).join(', ')
  const statement = prepare<readonly unknown[], Answer>((marker) => {
    const arrays = columns.map(([, type], place) => sql`${marker(place)}::${sql.raw(type)}[]`)
    const rows = sql`unnest(${sql.join(arrays)}) as given (${sql.raw(names)})`
    const whole = sql<Answer>`${sql.raw(before)} ${rows} ${sql.raw(after)}`
    return { compile: () => whole.compile(database) }
  })
  return (rows) => statement(columns.map(([, , of]) => rows.map(of)))
}

/** Inserts all rows into a table. */
export function prepareInsertMany<Row>(
  database: Kysely<Database>,
  table: keyof Database,
  columns: readonly Column<Row>[],
): (rows: readonly Row[]) => CompiledQuery<unknown> {
  const names = columns.map(([name]) => name).join(', ')
  return prepareMany(database, columns, `insert into ${table} (${names}) select ${names} from`)
}
