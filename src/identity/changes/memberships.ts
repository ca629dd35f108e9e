// Organizations and who belongs to them.

import type { Owner } from '../../domain/owner.ts'
import { newId } from '../../lib/id.ts'
import { selectMembers } from '../directory.ts'
import {
  type AddedMember,
  FIRST_TEAM,
  type MembershipChanges,
  type NewMember,
  type Person,
} from '../identity.ts'
import { alreadyMember, lastOwner, organizationTaken } from '../refusals.ts'
import { insertTeam, insertTeamMember } from './teams.ts'
import { findTeam, lock, mustFindMember, mustFindTeam, orTaken, type PeopleUnit, timestamp } from './unit.ts'

export function membershipChanges(unit: PeopleUnit): MembershipChanges {
  const { database, execute } = unit
  return {
    async createOrganization({ name, slug }) {
      const row = { id: newId('org'), name, slug, createdAt: timestamp() }
      const made = database.insertInto('organization').values(row)
      await orTaken(execute(made.compile()), () => organizationTaken(slug))
      await insertTeam(unit, row.id, FIRST_TEAM)
      return { id: row.id, name }
    },
    async renameOrganization(organizationId, name) {
      await lock(unit, organizationId)
      await execute(
        database.updateTable('organization').set({ name }).where('id', '=', organizationId).compile(),
      )
    },
    async member(organizationId, personId) {
      await lock(unit, organizationId)
      return (await selectMembers(database, execute, { organizationId, personId }))[0]
    },
    addMember: (organizationId, member) => addMember(unit, organizationId, member),
    async setRole(organizationId, personId, role) {
      await lock(unit, organizationId)
      const before = await mustFindMember(unit, organizationId, personId)
      if (role !== 'owner') await mustLeaveAnOwner(unit, organizationId, before)
      const changed = database
        .updateTable('member')
        .set({ role })
        .where('organizationId', '=', organizationId)
        .where('userId', '=', personId)
      await execute(changed.compile())
    },
    removeMember: (organizationId, personId) => removeMember(unit, organizationId, personId),
    stands: (organizationId, owner) => stands(unit, organizationId, owner),
  }
}

async function addMember(unit: PeopleUnit, organizationId: string, member: NewMember): Promise<AddedMember> {
  const { database, execute } = unit
  await lock(unit, organizationId)
  const { userId, isNew } = await personFor(unit, member)
  const row = { id: newId('member'), organizationId, userId, role: member.role, createdAt: timestamp() }
  const inserted = database.insertInto('member').values(row).compile()
  await orTaken(execute(inserted), () => alreadyMember(member.email))
  for (const slug of new Set(member.teams)) {
    await insertTeamMember(unit, await mustFindTeam(unit, organizationId, slug), userId)
  }
  return { ...(await mustFindMember(unit, organizationId, userId)), isNew }
}

// Two servers may make the same person at the same time, for different organizations: the second waits, and finds them.
async function personFor({ database, execute }: PeopleUnit, { email, name }: NewMember) {
  const times = { createdAt: timestamp(), updatedAt: timestamp() }
  const row = { id: newId('user'), email: email.toLowerCase(), name, emailVerified: 0, ...times }
  const made = database
    .insertInto('person')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
  await execute(made.compile())
  const found = database.selectFrom('person').select('id').where('email', '=', row.email)
  const { rows } = await execute(found.compile())
  const userId = rows[0]?.id ?? row.id
  return { userId, isNew: userId === row.id }
}

async function removeMember(unit: PeopleUnit, organizationId: string, personId: string): Promise<void> {
  const { database, execute } = unit
  await lock(unit, organizationId)
  await mustLeaveAnOwner(unit, organizationId, await mustFindMember(unit, organizationId, personId))
  const teams = database.selectFrom('team').select('id').where('organizationId', '=', organizationId)
  const left = database.deleteFrom('team_member').where('userId', '=', personId).where('teamId', 'in', teams)
  await execute(left.compile())
  const gone = database
    .deleteFrom('member')
    .where('organizationId', '=', organizationId)
    .where('userId', '=', personId)
  await execute(gone.compile())
}

async function mustLeaveAnOwner(
  { database, execute }: PeopleUnit,
  organizationId: string,
  { id, email, role }: Person,
): Promise<void> {
  if (role !== 'owner') return
  const others = database
    .selectFrom('member')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('role', '=', 'owner')
    .where('userId', '!=', id)
    .limit(1)
  if ((await execute(others.compile())).rows.length === 0) throw lastOwner(email)
}

async function stands(unit: PeopleUnit, organizationId: string, owner: Owner): Promise<boolean> {
  if (owner.kind === 'org' || owner.kind === 'agent') return true
  await lock(unit, organizationId, 'keep')
  if (owner.kind === 'team') return (await findTeam(unit, organizationId, owner.slug)) !== undefined
  const query = unit.database
    .selectFrom('member')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('userId', '=', owner.id)
  return (await unit.execute(query.compile())).rows.length > 0
}
