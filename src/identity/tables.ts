// better-auth's tables as Kysely sees them: the columns we use, under the names it gave them. It creates them itself
// (peopleMigrations), and keeps sessions and the rest to itself.

import type { ColumnType } from 'kysely'

/** Text on SQLite, a Date on Postgres: written as ISO text, which both take, and read only to order by. */
type Time = ColumnType<unknown, string, string>

interface PersonTable {
  id: string
  name: string
  /** In lower case. */
  email: string
  /** 0 or 1 on SQLite, a boolean on Postgres. */
  emailVerified: ColumnType<unknown, number | boolean, number | boolean>
  createdAt: Time
  updatedAt: Time
}

interface AccountTable {
  id: string
  /** The same as userId for a password. */
  accountId: string
  /** `credential` for a password. */
  providerId: string
  userId: string
  password: string | null
  /** What people call it. */
  label: string | null
  createdAt: Time
  updatedAt: Time
}

interface OrganizationTable {
  id: string
  name: string
  slug: string
  createdAt: Time
}

interface MemberTable {
  id: string
  organizationId: string
  userId: string
  role: string
  createdAt: Time
}

interface TeamTable {
  id: string
  /** The slug. */
  name: string
  memberCount: number
  organizationId: string
  createdAt: Time
}

interface TeamMemberTable {
  id: string
  teamId: string
  userId: string
  createdAt: Time
}

export interface PeopleTables {
  person: PersonTable
  person_account: AccountTable
  organization: OrganizationTable
  member: MemberTable
  team: TeamTable
  team_member: TeamMemberTable
}
