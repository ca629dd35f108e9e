// Values between engines: how each is asked for, and what it becomes where it is put. Bytes, times, truth and large
// integers look different on SQLite and on Postgres; everything else is the same.

import { type RawBuilder, sql } from 'kysely'
import { ClavigerError } from '../../../domain/errors.ts'
import type { Cell } from '../../transfer.ts'
import type { ColumnKind, EngineName } from './tables.ts'

/** The expression that asks for a column so that nothing of it is lost on the way; the table is named `t`. */
export function asked(column: string, kind: ColumnKind, engine: EngineName): RawBuilder<unknown> {
  const reference = sql.ref(`t.${column}`)
  const named = sql.ref(column)
  if (kind === 'bytes' || (kind === 'text' && engine === 'sqlite')) return sql`${reference} as ${named}`
  if (engine === 'sqlite') {
    // As text: a driver that reads 64 bits into a number would lose some.
    return kind === 'integer' || kind === 'boolean'
      ? sql`case typeof(${reference}) when 'integer' then cast(${reference} as text) else ${reference} end as ${named}`
      : sql`${reference} as ${named}`
  }
  if (kind === 'boolean') return sql`${reference} as ${named}`
  return kind === 'time'
    ? sql`to_char(${reference} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${named}`
    : sql`${reference}::text as ${named}`
}

/** What the driver answered for such an expression, as a cell. */
export function cellOf(value: unknown, kind: ColumnKind): Cell {
  if (value === null || value === undefined) return null
  if (kind === 'integer' || kind === 'boolean') return wholeNumber(value)
  if (kind === 'number' && typeof value === 'string') return Number(value)
  if (kind === 'time') return momentOf(value as Cell)
  if (value instanceof Uint8Array) return new Uint8Array(value)
  return value as Cell
}

/** The value for the driver of this engine; throws `invalid` for a text that the engine cannot keep. */
export function toEngine(cell: Cell, kind: ColumnKind, engine: EngineName, place: string): unknown {
  if (cell === null) return null
  if (engine === 'sqlite') return typeof cell === 'boolean' ? Number(cell) : cell
  if (kind === 'boolean') return typeof cell === 'boolean' ? cell : cell !== 0
  if (kind === 'time') return momentOf(cell)
  if (cell instanceof Uint8Array) return Buffer.from(cell)
  if (typeof cell === 'bigint') return cell.toString()
  if (typeof cell === 'string' && cell.includes('\0')) {
    throw new ClavigerError(
      'invalid',
      `A text in ${place} has a NUL character, which Postgres cannot keep.`,
      {
        hint: 'Change that text where it comes from, then try again.',
      },
    )
  }
  return cell
}

/** The same text for cells that mean the same, whichever engine they were read from. */
export function canonical(cell: Cell, kinds: readonly ColumnKind[]): unknown {
  if (cell === null) return null
  if (typeof cell === 'boolean') return Number(cell)
  if (typeof cell === 'bigint') return `${cell}`
  if (cell instanceof Uint8Array) return { b: Buffer.from(cell).toString('base64') }
  if (kinds.includes('time')) return momentOf(cell)
  return kinds.includes('json') && typeof cell === 'string' ? sortedJson(cell) : cell
}

function wholeNumber(value: unknown): Cell {
  if (typeof value !== 'string' || !/^-?\d+$/.test(value)) return value as Cell
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : BigInt(value)
}

// As JavaScript writes it, which is how better-auth does on SQLite; finer than milliseconds where the time is.
function momentOf(cell: Cell): Cell {
  const exact = typeof cell === 'string' && /^(.{19})\.(\d{3})(\d{0,3})Z$/.exec(cell)
  if (exact) {
    const [, seconds, thousandths, rest = ''] = exact
    return `${seconds}.${thousandths}${/^0*$/.test(rest) ? '' : rest}Z`
  }
  const date = typeof cell === 'string' || typeof cell === 'number' ? new Date(cell) : null
  return date === null || Number.isNaN(date.getTime()) ? cell : date.toISOString()
}

function sortedJson(text: string): string {
  const sorted = (_: string, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value
  return JSON.stringify(JSON.parse(text), sorted)
}
