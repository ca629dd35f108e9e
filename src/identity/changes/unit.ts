// What all changes of people have in common: the connection of one unit of the store, and looking things up on it.
// On Postgres other servers change people at the same time, and "is this the last owner" is a question to several rows:
// whoever changes people of an organization locks its row first. On SQLite there is no other.

import type { Kysely } from 'kysely'
import { ClavigerError } from '../../domain/errors.ts'
import { selectMembers } from '../directory.ts'
import type { Person } from '../identity.ts'
import { absent } from '../refusals.ts'
import type { Execute } from '../statements.ts'
import type { PeopleTables } from '../tables.ts'

/** Kysely only builds the statements; they run in the unit. */
export interface PeopleUnit {
  readonly database: Kysely<PeopleTables>
  readonly execute: Execute
  readonly engine: 'sqlite' | 'postgres'
}

/** `change`: nobody else changes people of this organization, or counts on them, until the unit has ended. */
export async function lock(
  { database, execute, engine }: PeopleUnit,
  organizationId: string,
  purpose: 'change' | 'keep' = 'change',
): Promise<void> {
  const row = database.selectFrom('organization').select('id').where('id', '=', organizationId)
  const locked = engine === 'sqlite' ? row : purpose === 'change' ? row.forUpdate() : row.forShare()
  if ((await execute(locked.compile())).rows.length === 0) throw absent('organization', organizationId)
}

/** The member as the unit sees it; throws `not_found`. */
export async function mustFindMember(
  { database, execute }: PeopleUnit,
  organizationId: string,
  personId: string,
): Promise<Person> {
  const [found] = await selectMembers(database, execute, { organizationId, personId })
  if (!found) throw absent('member', personId)
  return found
}

/** Id of the team with this slug, if there is one. */
export async function findTeam(
  { database, execute }: PeopleUnit,
  organizationId: string,
  slug: string,
): Promise<string | undefined> {
  const query = database
    .selectFrom('team')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('name', '=', slug)
  return (await execute(query.compile())).rows[0]?.id
}

/** As `findTeam`; throws `not_found`. */
export async function mustFindTeam(unit: PeopleUnit, organizationId: string, slug: string): Promise<string> {
  const id = await findTeam(unit, organizationId, slug)
  if (id === undefined) throw absent('team', slug)
  return id
}

/** A text for now that both engines take as a date. */
export function timestamp(): string {
  return new Date().toISOString()
}

/** The same, with other words when a row of that name is there already. */
export async function orTaken<T>(change: Promise<T>, taken: () => ClavigerError): Promise<T> {
  return change.catch((error: unknown) => {
    throw error instanceof ClavigerError && error.code === 'conflict' ? taken() : error
  })
}
