// Reading who is in which organization. One query each for members and for their teams: authentication asks for every
// token it does not remember.

import { type Kysely, sql } from 'kysely'
import { hasPart } from '../lib/sql/has-part.ts'
import type { Directory, ListWanted, MemberRole, Person } from './identity.ts'
import type { Execute } from './statements.ts'
import type { PeopleTables } from './tables.ts'

// Ids that are named one by one; for more, everything is read: no engine takes names without end.
export const NAMED_AT_MOST = 1000

export interface MemberQuery extends ListWanted {
  readonly organizationId: string
  readonly personId?: string
  /** In lower case. */
  readonly email?: string
}

/** The directory over better-auth's tables. */
export function createDirectory(database: Kysely<PeopleTables>, execute: Execute): Directory {
  const organizations = database.selectFrom('organization').select(['organization.id', 'organization.name'])
  return {
    organization: async (id) => (await execute(organizations.where('id', '=', id).compile())).rows[0],
    organizations: async () => (await execute(organizations.orderBy('name').orderBy('id').compile())).rows,
    organizationsOf: async (personId) => {
      const query = organizations
        .innerJoin('member', 'member.organizationId', 'organization.id')
        .where('member.userId', '=', personId)
        .orderBy('organization.name')
        .orderBy('organization.id')
      return (await execute(query.compile())).rows
    },
    person: async (organizationId, personId) =>
      (await selectMembers(database, execute, { organizationId, personId }))[0],
    findByEmail: async (organizationId, email) =>
      (await selectMembers(database, execute, { organizationId, email: email.toLowerCase() }))[0],
    members: (organizationId) => selectMembers(database, execute, { organizationId }),
    teams: async (organizationId) => {
      const query = database
        .selectFrom('team')
        .select('name')
        .where('organizationId', '=', organizationId)
        .orderBy('name')
      return (await execute(query.compile())).rows.map(({ name }) => name)
    },
  }
}

/** Members of one organization by e-mail, each with their teams. */
export async function selectMembers(
  database: Kysely<PeopleTables>,
  execute: Execute,
  asked: MemberQuery,
): Promise<Person[]> {
  const { organizationId, after, limit } = asked
  let members = membersQuery(database, asked)
  if (after !== undefined) members = members.where('person.email', '>', after)
  if (limit !== undefined) members = members.limit(limit)
  let teams = database
    .selectFrom('team_member')
    .innerJoin('team', 'team.id', 'team_member.teamId')
    .where('team.organizationId', '=', organizationId)
  const found = await execute(
    members
      .select(['person.id', 'person.email', 'person.name', 'member.role'])
      .orderBy('person.email')
      .compile(),
  )
  const ids = found.rows.map(({ id }) => id)
  if (ids.length === 0) return []
  if (ids.length <= NAMED_AT_MOST) teams = teams.where('team_member.userId', 'in', ids)
  const inTeams = await execute(
    teams.select(['team_member.userId', 'team.name']).orderBy('team.name').compile(),
  )
  const teamsOf = Map.groupBy(inTeams.rows, ({ userId }) => userId)
  return found.rows.map(({ id, email: address, name, role }) => ({
    id,
    email: address,
    name,
    role: roleOf(role),
    teams: (teamsOf.get(id) ?? []).map((team) => team.name),
  }))
}

/** Those who are asked for, before anything is said of their order and number. */
export function membersQuery(database: Kysely<PeopleTables>, { organizationId, ...asked }: MemberQuery) {
  const { personId, email, search } = asked
  let members = database
    .selectFrom('member')
    .innerJoin('person', 'person.id', 'member.userId')
    .where('member.organizationId', '=', organizationId)
  if (personId !== undefined) members = members.where('member.userId', '=', personId)
  if (email !== undefined) members = members.where('person.email', '=', email)
  if (search === undefined) return members
  return members.where((row) =>
    row.or([hasPart(sql.ref('person.email'), search), hasPart(sql.ref('person.name'), search)]),
  )
}

// better-auth can keep several roles of one member, separated by commas; the first is the one we set.
function roleOf(text: string): MemberRole {
  const first = text.split(',')[0]
  return first === 'owner' || first === 'admin' || first === 'auditor' ? first : 'member'
}
