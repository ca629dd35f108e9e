// Marks on a database that is being moved: rows of the table `installation` that stay behind when the others are copied.
// `incoming`: the copy is not complete. `moved-to`: nobody may write here any more. `arrived`: it came from elsewhere.

import { type Kysely, sql } from 'kysely'
import { serveOn } from '../../../domain/backup.ts'
import { ClavigerError } from '../../../domain/errors.ts'
import { type EngineName, hasTable, type Tables } from './tables.ts'

const PREFIX = 'transfer-'

/** The condition on `installation` under which a row belongs to this database alone. */
export const ofTheCopyOnly = sql<boolean>`name like ${sql.lit(`${PREFIX}%`)}`

/** On the target until everything is in. */
export interface Incoming {
  /** Names this move on both sides. */
  readonly move: string
  /** The database it comes from, for people and as an identity. */
  readonly from: string
  readonly identity: string
  /** What the source held when the copy began. */
  readonly fingerprint: string
  readonly migrations: readonly string[]
  /** The table under way, and the position in it as JSON; empty before the first page, null when all are in. */
  readonly table: string | null
  readonly position: string
}

/** On the source when it is over. */
export interface MovedTo {
  readonly move: string
  readonly to: string
  /** RFC 3339. */
  readonly at: string
}

/** On the target when it is over. */
export interface Arrived {
  readonly move: string
  readonly from: string
  readonly at: string
}

export interface Marks {
  readonly incoming?: Incoming
  readonly 'moved-to'?: MovedTo
  readonly arrived?: Arrived
}

/** The marks of a database; none when it has no tables. */
export async function readMarks(database: Kysely<Tables>, engine: EngineName): Promise<Marks> {
  if (!(await hasTable(database, engine, 'installation'))) return {}
  const { rows } = await sql<{ name: string; value: string }>`
    select name, value from installation where ${ofTheCopyOnly}`.execute(database)
  return Object.fromEntries(rows.map(({ name, value }) => [name.slice(PREFIX.length), JSON.parse(value)]))
}

export async function putMark<Name extends keyof Marks>(
  database: Kysely<Tables>,
  name: Name,
  mark: NonNullable<Marks[Name]>,
): Promise<void> {
  await removeMark(database, name)
  await sql`insert into installation (name, value) values (${PREFIX + name}, ${JSON.stringify(mark)})`.execute(
    database,
  )
}

/** False when the mark was not `seen` any more: somebody else moves here too. */
export async function replaceIncoming(
  database: Kysely<Tables>,
  seen: Incoming,
  mark: Incoming,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update installation set value = ${JSON.stringify(mark)}
    where name = ${`${PREFIX}incoming`} and value = ${JSON.stringify(seen)}`.execute(database)
  return numAffectedRows === 1n
}

export async function removeMark(database: Kysely<Tables>, name: keyof Marks): Promise<void> {
  await sql`delete from installation where name = ${PREFIX + name}`.execute(database)
}

/** Throws `unavailable` when a server may not use this database: the copy is not complete, or it was moved away. */
export async function refuseMarked(
  database: Kysely<Tables>,
  engine: EngineName,
  here: string,
): Promise<void> {
  const { incoming, 'moved-to': moved } = await readMarks(database, engine)
  if (incoming !== undefined) throw notComplete(incoming, here)
  if (moved !== undefined) throw movedAway(moved, here)
}

/** `unavailable`: the mark `incoming` is on it. */
export function notComplete({ from }: Incoming, here: string): ClavigerError {
  return new ClavigerError('unavailable', `${here} is not complete: ${from} is being moved into it.`, {
    hint: `Finish that first: claviger migrate --from ${withUser(from)} --to ${withUser(here)}`,
  })
}

/** `unavailable`: the mark `moved-to` is on it. */
export function movedAway({ to, at }: MovedTo, here: string): ClavigerError {
  return new ClavigerError('unavailable', `What was in ${here} has been moved to ${to} (${at}).`, {
    hint: `Start the server there: ${serveOn(to)}. To come back: claviger migrate --from ${withUser(to)} --to ${withUser(here)}. If that database is lost: claviger migrate --take-back ${withUser(here)}`,
  })
}

// URLs are kept and shown without user and password; what is typed has a user.
function withUser(shown: string): string {
  return shown.replace(/^postgres:\/\//, 'postgres://USER@')
}
