// Moving one installation to another database, resumably: each page of rows is put in together with the position after
// it, so that a move that was killed goes on where it was. Marks (marks.ts) keep servers out meanwhile, and afterwards.

import { sql } from 'kysely'
import { ClavigerError } from '../../../domain/errors.ts'
import type { Move, MoveState } from '../../transfer.ts'
import { allMigrations } from '../migrations.ts'
import { fingerprintOf, identityOf } from './compare.ts'
import { compare, copyRows, type MoveOptions, type Sides, type SourceFacts, startOver } from './copying.ts'
import { type Incoming, type Marks, movedAway, notComplete, putMark, readMarks, removeMark } from './marks.ts'
import {
  type HeldPlace,
  hold,
  mustBeAlone,
  openPlace,
  type Place,
  placeName,
  waitUntilAlone,
} from './place.ts'
import { isEmpty } from './rows.ts'
import { everythingSealed } from './sealed.ts'
import { newer, nothingThere } from './snapshot.ts'
import { appliedMigrations, findTables } from './tables.ts'

/**
 * Takes both databases and finds out how far an earlier move of the one into the other came. Throws `conflict` when one
 * of them is in use or the target holds something else, and `not_found` when there is nothing to move.
 */
export async function openMove(options: MoveOptions): Promise<Move> {
  const from = await openPlace(options.from, false)
  let source: HeldPlace = { ...from, still: from.database }
  let target: Place | undefined
  const close = async () => {
    await target?.close()
    await source.close()
  }
  try {
    if (from.name === placeName(options.to)) throw sameTwice(from.name)
    source = await hold(from, true)
    target = await openPlace(options.to, true)
    await waitUntilAlone(target)
    const facts = await sourceFacts(source, options)
    const begun = await begin({ source, target, facts, options })
    return moveOf({ source, target, facts, options }, begun, close)
  } catch (error) {
    await close()
    throw (target ?? from).translate(from.translate(error))
  }
}

/** Lets a database be used again that was moved away; false when it was not. Throws as openMove does. */
export async function takeBack(url: string): Promise<boolean> {
  const place = await openPlace(url, false)
  try {
    return await place.database.transaction().execute(async (transaction) => {
      if (place.engine === 'postgres') await mustBeAlone(transaction, place.name)
      const { 'moved-to': moved } = await readMarks(transaction, place.engine)
      if (moved !== undefined) await removeMark(transaction, 'moved-to')
      return moved !== undefined
    })
  } catch (error) {
    throw place.translate(error)
  } finally {
    await place.close()
  }
}

async function sourceFacts({ still, engine, name }: HeldPlace, options: MoveOptions): Promise<SourceFacts> {
  const migrations = await appliedMigrations(still, engine)
  if (migrations.length === 0) throw nothingThere(name)
  const marks = await readMarks(still, engine)
  if (marks.incoming !== undefined) throw notComplete(marks.incoming, name)
  const known = allMigrations('blob', options.extraMigrations)
  if (migrations.some((migration) => !Object.hasOwn(known, migration))) throw newer(name)
  const tables = await findTables(still, engine)
  const fingerprint = await fingerprintOf(still, tables)
  const { rows } = await sql<{ value: string }>`
    select value from installation where name = 'master-key-id'`.execute(still)
  const keyId = rows[0]?.value
  return { tables, migrations, marks, identity: await identityOf(still), fingerprint, keyId }
}

interface Begun {
  readonly state: MoveState
  readonly incoming: Incoming | null
}

async function begin(sides: Sides): Promise<Begun> {
  const { target } = sides
  return target.database.transaction().execute(async (transaction) => {
    if (target.engine === 'postgres') await mustBeAlone(transaction, target.name)
    const tables = await findTables(transaction, target.engine)
    const marks = await readMarks(transaction, target.engine)
    const state = stateOf(sides, marks, await isEmpty(transaction, tables))
    if (state === 'done') return { state, incoming: null }
    if (state === 'resumed') return { state, incoming: marks.incoming ?? null }
    return { state, incoming: await startOver(sides, transaction, marks.incoming?.move) }
  })
}

function stateOf({ source, target, facts }: Sides, marks: Marks, empty: boolean): MoveState {
  const { incoming, arrived, 'moved-to': moved } = marks
  const { 'moved-to': left, arrived: came } = facts.marks
  if (left !== undefined && left.move === arrived?.move) return 'done'
  if (left !== undefined && left.move !== incoming?.move) throw movedAway(left, source.name)
  if (incoming !== undefined) {
    if (incoming.identity !== facts.identity) throw notComplete(incoming, target.name)
    const same = incoming.fingerprint === facts.fingerprint
    return same && incoming.migrations.join() === facts.migrations.join() ? 'resumed' : 'again'
  }
  // What is in the target was moved into the source: this is the way back.
  if (empty || (moved !== undefined && moved.move === came?.move)) return 'new'
  throw new ClavigerError('conflict', `${target.name} is not empty.`, {
    hint: 'Name an empty database with --to.',
  })
}

function moveOf(sides: Sides, begun: Begun, close: () => Promise<void>): Move {
  const { source, target } = sides
  let { incoming } = begun
  const translated = async <T>(work: () => Promise<T>) => {
    try {
      return await work()
    } catch (error) {
      throw target.translate(source.translate(error))
    }
  }
  return {
    ...{ state: begun.state, keyId: sides.facts.keyId, from: source.name, to: target.name, close },
    sealedInSource: () => everythingSealed(source.still, source.engine),
    sealedInTarget: () => everythingSealed(target.database, target.engine),
    copy: (progress) =>
      translated(async () => {
        if (incoming === null) throw new ClavigerError('internal', 'There is nothing left to copy.')
        incoming = await copyRows(sides, incoming, progress)
        let { counts, different } = await compare(sides)
        // It was changed in place between two runs. During this one it cannot change.
        if (different !== null && begun.state === 'resumed') {
          const { move } = incoming
          incoming = await target.database.transaction().execute((unit) => startOver(sides, unit, move))
          incoming = await copyRows(sides, incoming, progress)
          ;({ counts, different } = await compare(sides))
        }
        if (different !== null) throw differs(different)
        return counts
      }),
    finish: () => translated(() => finish(sides, incoming)),
  }
}

// The source first: killed in between, neither can be used, and the next run sees that both belong to this move.
async function finish({ source, target }: Sides, incoming: Incoming | null): Promise<void> {
  if (incoming === null) return
  const { move } = incoming
  const at = new Date().toISOString()
  await source.database
    .transaction()
    .execute((unit) => putMark(unit, 'moved-to', { move, to: target.name, at }))
  await target.database.transaction().execute(async (unit) => {
    await removeMark(unit, 'incoming')
    await putMark(unit, 'arrived', { move, from: source.name, at })
  })
}

function sameTwice(name: string): ClavigerError {
  return new ClavigerError('invalid', `Both are ${name}.`, {
    hint: 'Name another database with --to.',
  })
}

function differs(table: string): ClavigerError {
  return new ClavigerError('internal', `After copying, the table ${table} is not the same on both sides.`, {
    hint: 'The source is untouched. Type it again; if this stays, please report it.',
  })
}
