// Lists of people and teams page by page: counted and cut by the database.

import { type Kysely, sql } from 'kysely'
import { hasPart } from '../lib/sql/has-part.ts'
import { membersQuery, NAMED_AT_MOST, selectMembers } from './directory.ts'
import type { ListPage, ListWanted, PeopleLists } from './identity.ts'
import type { Execute } from './statements.ts'
import type { PeopleTables } from './tables.ts'

/** The lists over better-auth's tables. */
export function createPeopleLists(database: Kysely<PeopleTables>, execute: Execute): PeopleLists {
  return {
    async listMembers(organizationId, { search, ...wanted }) {
      const asked = { organizationId, search }
      const count = membersQuery(database, asked).select((row) => row.fn.countAll().as('total'))
      const total = totalOf((await execute(count.compile())).rows)
      const rows = await selectMembers(database, execute, { ...asked, ...oneMore(wanted) })
      return pageOf(rows, ({ email }) => email, { ...wanted, total })
    },
    async listTeams(organizationId, { search, ...wanted }) {
      let fitting = database.selectFrom('team').where('organizationId', '=', organizationId)
      if (search !== undefined) fitting = fitting.where(hasPart(sql.ref('name'), search))
      const count = fitting.select((row) => row.fn.countAll().as('total'))
      const total = totalOf((await execute(count.compile())).rows)
      const { after, limit } = oneMore(wanted)
      let teams = fitting.select(['id', 'name']).orderBy('name')
      if (after !== undefined) teams = teams.where('name', '>', after)
      if (limit !== undefined) teams = teams.limit(limit)
      const { rows, ...page } = pageOf((await execute(teams.compile())).rows, ({ name }) => name, {
        ...wanted,
        total,
      })
      const members = await membersOf(database, execute, { organizationId, teams: rows.map(({ id }) => id) })
      return {
        rows: rows.map(({ id, name }) => ({ team: name, members: members.get(id) ?? [] })),
        ...page,
      }
    },
  }
}

interface Teams {
  readonly organizationId: string
  /** Ids. */
  readonly teams: readonly string[]
}

// Id of a team → e-mails.
async function membersOf(
  database: Kysely<PeopleTables>,
  execute: Execute,
  { organizationId, teams }: Teams,
): Promise<ReadonlyMap<string, string[]>> {
  if (teams.length === 0) return new Map()
  let query = database
    .selectFrom('team_member')
    .innerJoin('team', 'team.id', 'team_member.teamId')
    .innerJoin('person', 'person.id', 'team_member.userId')
    .where('team.organizationId', '=', organizationId)
  if (teams.length <= NAMED_AT_MOST) query = query.where('team_member.teamId', 'in', teams)
  const found = await execute(
    query.select(['team_member.teamId', 'person.email']).orderBy('person.email').compile(),
  )
  const byTeam = Map.groupBy(found.rows, ({ teamId }) => teamId)
  return new Map([...byTeam].map(([id, rows]) => [id, rows.map(({ email }) => email)]))
}

// One row more than is wanted says whether there are more.
function oneMore({ after, limit }: ListWanted): Pick<ListWanted, 'after' | 'limit'> {
  return { after, limit: limit === undefined ? undefined : limit + 1 }
}

function pageOf<Row>(
  found: readonly Row[],
  keyOf: (row: Row) => string,
  { limit = found.length, total }: Pick<ListWanted, 'limit'> & Pick<ListPage<Row>, 'total'>,
): ListPage<Row> {
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return { rows, next: found.length > limit && last !== undefined ? keyOf(last) : null, total }
}

// Postgres counts in text.
function totalOf([counted]: readonly { total: number | string | bigint }[]): number {
  return Number(counted?.total ?? 0)
}
