// What a database holds, in short, to see whether two hold the same or one has changed.

import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { sha256 } from '../../../lib/digest.ts'
import { canonical } from './cells.ts'
import { ofTheCopyOnly } from './marks.ts'
import { pagesOf } from './rows.ts'
import type { EngineName, Table, Tables } from './tables.ts'

/** The rows of a table: how many, and a sum over all of them that does not depend on their order. */
export interface Contents {
  readonly rows: number
  readonly sum: string
}

const MODULUS = 1n << 256n

/** What is in the columns that `source` has too; of which kind they are on both sides decides how values are compared. */
export async function contentsOf(
  { database, engine }: { readonly database: Kysely<Tables>; readonly engine: EngineName },
  table: Table,
  [source, target]: readonly [Table, Table],
): Promise<Contents> {
  const places = source.columns.map((column) => ({
    own: table.columns.indexOf(column),
    kinds: [source, target].map((side) => side.kinds[side.columns.indexOf(column)] ?? 'other'),
  }))
  let [rows, sum] = [0, 0n]
  for await (const page of pagesOf(database, engine, table)) {
    for (const row of page.rows) {
      const text = JSON.stringify(places.map(({ own, kinds }) => canonical(row[own] ?? null, kinds)))
      sum = (sum + BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)) % MODULUS
    }
    rows += page.rows.length
  }
  return { rows, sum: sum.toString(16) }
}

/** Cheap: the number of rows and the largest key of every table. A row that was changed in place does not show. */
export async function fingerprintOf(database: Kysely<Tables>, tables: readonly Table[]): Promise<string> {
  const facts: unknown[] = []
  for (const { name, key } of tables) {
    const largest = key.map((column) => sql`cast(max(${sql.ref(column)}) as text)`)
    const where = name === 'installation' ? sql`where not ${ofTheCopyOnly}` : sql``
    const { rows } = await sql`
      select ${sql.join([sql`cast(count(*) as text)`, ...largest].map((one, i) => sql`${one} as ${sql.ref(`f${i}`)}`))}
      from ${sql.table(name)} ${where}`.execute(database)
    facts.push([name, rows])
  }
  return sha256(JSON.stringify(facts))
}

/** Tells one database from all others: when its first tables were made. */
export async function identityOf(database: Kysely<Tables>): Promise<string> {
  const { rows } = await sql`
    select name, timestamp from kysely_migration order by timestamp, name limit 1`.execute(database)
  return sha256(JSON.stringify(rows))
}
