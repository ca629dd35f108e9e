// The rows of a move: from the source's moment into the target, page by page, and the comparison at the end.

import type { Transaction } from 'kysely'
import { ClavigerError } from '../../../domain/errors.ts'
import { newId } from '../../../lib/id.ts'
import { cellFromJson, cellToJson } from '../../transfer.ts'
import { allMigrations, bringTo, type Migrations } from '../migrations.ts'
import { contentsOf } from './compare.ts'
import { type Incoming, type Marks, putMark, replaceIncoming } from './marks.ts'
import type { HeldPlace, Place } from './place.ts'
import { clear, insertRows, type Position, pagesOf, setCounters, unknownPlace } from './rows.ts'
import { newer } from './snapshot.ts'
import { appliedMigrations, findTables, type Table, type Tables } from './tables.ts'

export interface MoveOptions {
  readonly from: string
  readonly to: string
  /** Migrations of tables that are not the store's. */
  readonly extraMigrations: Migrations
}

export interface SourceFacts {
  readonly tables: readonly Table[]
  readonly migrations: readonly string[]
  readonly marks: Marks
  readonly identity: string
  readonly fingerprint: string
  /** Id of the master key. */
  readonly keyId: string | undefined
}

export interface Sides {
  readonly source: HeldPlace
  readonly target: Place
  readonly facts: SourceFacts
  readonly options: MoveOptions
}

/** Within a transaction of the target: afterwards it has the tables as the source has them, no row, and the mark. */
export async function startOver(
  { source, target, facts, options }: Sides,
  transaction: Transaction<Tables>,
  move = newId('move'),
): Promise<Incoming> {
  await clear(transaction, await findTables(transaction, target.engine))
  const there = await appliedMigrations(transaction, target.engine)
  if (there.some((name) => !facts.migrations.includes(name))) throw newer(target.name)
  const known = Object.entries(allMigrations(target.binary, options.extraMigrations))
  const wanted = Object.fromEntries(known.filter(([name]) => facts.migrations.includes(name)))
  await bringTo(transaction as never, target, wanted)
  const { identity, fingerprint, migrations, tables } = facts
  const table = tables[0]?.name ?? null
  const incoming = { move, from: source.name, identity, fingerprint, migrations, table, position: '' }
  await putMark(transaction, 'incoming', incoming)
  return incoming
}

/** Copies what comes after the mark's position; returns the mark when all is in. */
export async function copyRows(
  { source, target, facts }: Sides,
  incoming: Incoming,
  progress: (rows: number) => void,
): Promise<Incoming> {
  let mark = incoming
  let copied = 0
  const there = await findTables(target.database, target.engine)
  const first = facts.tables.findIndex(({ name }) => name === mark.table)
  for (const table of first === -1 ? [] : facts.tables.slice(first)) {
    const from = table.name === mark.table ? positionOf(mark.position) : null
    for await (const { rows, position } of pagesOf(source.still, source.engine, table, from)) {
      const next = { ...mark, table: table.name, position: textOf(position) }
      await target.database.transaction().execute(async (unit) => {
        await insertRows(unit, target.engine, named(there, table.name), table, rows)
        if (!(await replaceIncoming(unit, mark, next))) throw inTheWay(target.name)
      })
      mark = next
      copied += rows.length
      progress(copied)
    }
  }
  const whole = { ...mark, table: null, position: '' }
  await target.database.transaction().execute(async (unit) => {
    await setCounters(unit, target.engine, there)
    if (!(await replaceIncoming(unit, mark, whole))) throw inTheWay(target.name)
  })
  return whole
}

/** The rows of every table, and the first table whose rows are not the same on both sides. */
export async function compare({ source, target, facts }: Sides): Promise<{
  readonly counts: Readonly<Record<string, number>>
  readonly different: string | null
}> {
  const there = await findTables(target.database, target.engine)
  const counts: Record<string, number> = {}
  for (const table of facts.tables) {
    const own = there.find(({ name }) => name === table.name) ?? table
    const sides = [table, own] as const
    const here = await contentsOf({ database: source.still, engine: source.engine }, table, sides)
    counts[table.name] = here.rows
    if (here.rows === 0 && own === table) continue
    const copy = await contentsOf(target, own, sides)
    if (copy.rows !== here.rows || copy.sum !== here.sum) return { counts, different: table.name }
  }
  return { counts, different: null }
}

function named(tables: readonly Table[], name: string): Table {
  const found = tables.find((table) => table.name === name)
  if (found === undefined) throw unknownPlace(name)
  return found
}

function positionOf(text: string): Position | null {
  if (text === '') return null
  const { key, skip } = JSON.parse(text) as { key?: unknown[]; skip?: number }
  return key === undefined ? { skip: skip ?? 0 } : { key: key.map((cell) => cellFromJson(cell) ?? null) }
}

function textOf(position: Position): string {
  return JSON.stringify('key' in position ? { key: position.key.map(cellToJson) } : position)
}

function inTheWay(name: string): ClavigerError {
  return new ClavigerError('conflict', `Somebody else is moving something into ${name}.`, {
    hint: 'Wait until that has ended, then type this again.',
  })
}
