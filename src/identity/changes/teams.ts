// Teams and who is in them.

import { newId } from '../../lib/id.ts'
import type { TeamChanges } from '../identity.ts'
import { teamTaken } from '../refusals.ts'
import { findTeam, lock, mustFindMember, mustFindTeam, orTaken, type PeopleUnit, timestamp } from './unit.ts'

export function teamChanges(unit: PeopleUnit): TeamChanges {
  const { database, execute } = unit
  return {
    async team(organizationId, slug) {
      await lock(unit, organizationId)
      return (await findTeam(unit, organizationId, slug)) !== undefined
    },
    async addTeam(organizationId, slug) {
      await lock(unit, organizationId)
      await insertTeam(unit, organizationId, slug)
    },
    async removeTeam(organizationId, slug) {
      await lock(unit, organizationId)
      const id = await mustFindTeam(unit, organizationId, slug)
      // Who was in it goes with it.
      await execute(database.deleteFrom('team').where('id', '=', id).compile())
    },
    async joinTeam(organizationId, slug, personId) {
      await lock(unit, organizationId)
      const id = await mustFindTeam(unit, organizationId, slug)
      if ((await mustFindMember(unit, organizationId, personId)).teams.includes(slug)) return false
      await insertTeamMember(unit, id, personId)
      return true
    },
    async leaveTeam(organizationId, slug, personId) {
      await lock(unit, organizationId)
      const id = await mustFindTeam(unit, organizationId, slug)
      await mustFindMember(unit, organizationId, personId)
      const left = database.deleteFrom('team_member').where('teamId', '=', id).where('userId', '=', personId)
      return (await execute(left.compile())).numAffectedRows === 1n
    },
  }
}

export async function insertTeam(unit: PeopleUnit, organizationId: string, slug: string): Promise<void> {
  const row = { id: newId('team'), name: slug, organizationId, memberCount: 0, createdAt: timestamp() }
  const made = unit.database.insertInto('team').values(row).compile()
  await orTaken(unit.execute(made), () => teamTaken(slug))
}

export async function insertTeamMember(
  { database, execute }: PeopleUnit,
  teamId: string,
  userId: string,
): Promise<void> {
  const row = { id: newId('teammember'), teamId, userId, createdAt: timestamp() }
  await execute(database.insertInto('team_member').values(row).compile())
}
