// Reading who is in which organization. One query each for members and for their teams: authentication asks for every
// token it does not remember.

import type { Kysely } from 'kysely'
import type { Directory, MemberRole, Person } from './identity.ts'
import type { Execute } from './statements.ts'
import type { PeopleTables } from './tables.ts'

export interface MemberQuery {
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
  const { organizationId, personId, email } = asked
  let members = database
    .selectFrom('member')
    .innerJoin('person', 'person.id', 'member.userId')
    .where('member.organizationId', '=', organizationId)
  let teams = database
    .selectFrom('team_member')
    .innerJoin('team', 'team.id', 'team_member.teamId')
    .where('team.organizationId', '=', organizationId)
  if (personId !== undefined) members = members.where('member.userId', '=', personId)
  if (email !== undefined) members = members.where('person.email', '=', email)
  const found = await execute(
    members
      .select(['person.id', 'person.email', 'person.name', 'member.role'])
      .orderBy('person.email')
      .compile(),
  )
  const [only] = found.rows
  if (only === undefined) return []
  if (found.rows.length === 1) teams = teams.where('team_member.userId', '=', only.id)
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

// better-auth can keep several roles of one member, separated by commas; the first is the one we set.
function roleOf(text: string): MemberRole {
  const first = text.split(',')[0]
  return first === 'owner' || first === 'admin' || first === 'auditor' ? first : 'member'
}
