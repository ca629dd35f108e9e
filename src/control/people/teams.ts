// Teams: what they are called and who is in them. What a team owns must go before the team does.

import { counted } from '../../domain/counted.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkName } from '../../domain/names.ts'
import { formatOwner } from '../../domain/owner.ts'
import type { PeopleChanges, Person } from '../../identity/identity.ts'
import type { StoreGroups } from '../../store/store.ts'
import { type Act, absent } from '../guard.ts'
import { interruptRunsOf } from '../runs/leaving.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { findMember } from './members.ts'

type TeamUseCases = Pick<
  Control,
  'teams.list' | 'teams.create' | 'teams.delete' | 'teams.join' | 'teams.leave'
>

export function createTeamUseCases(workshop: Workshop): TeamUseCases {
  const { identity, guard } = workshop
  return {
    async 'teams.list'({ organizationId }, wanted) {
      const { rows, ...page } = await identity.listTeams(organizationId, wanted)
      return { teams: rows.map(({ team, members }) => ({ team, members: [...members] })), ...page }
    },
    async 'teams.create'(caller, { team }) {
      checkName(team)
      return guard.perform(caller, async (unit, authorize) => {
        await authorize(act('team.create', team))
        await identity.changing(unit).addTeam(caller.organizationId, team)
        return { team }
      })
    },
    'teams.delete': (caller, { team }) =>
      guard.perform(caller, async (unit, authorize) => {
        const people = identity.changing(unit)
        if (!(await people.team(caller.organizationId, team))) throw absentTeam(team)
        await authorize(act('team.delete', team))
        const owned = await unit.holdings.countOwned(caller.organizationId, 'team')
        mustOwnNothing(team, owned[formatOwner({ kind: 'team', slug: team })] ?? 0)
        await people.removeTeam(caller.organizationId, team)
        await unit.signals.send('holders', team)
        return { deleted: team }
      }),
    'teams.join': (caller, input) =>
      change(workshop, caller, { ...input, action: 'team.join' }, (people, person) =>
        people.joinTeam(caller.organizationId, input.team, person.id),
      ),
    'teams.leave': (caller, input) =>
      change(workshop, caller, { ...input, action: 'team.leave' }, (people, person, unit) =>
        leave(workshop, { ...input, organizationId: caller.organizationId }, { people, person, unit }),
      ),
  }
}

interface Leaving {
  readonly people: PeopleChanges
  readonly person: Person
  readonly unit: StoreGroups
}

async function leave(
  { now }: Workshop,
  { organizationId, team }: { readonly organizationId: string; readonly team: string },
  { people, person: { id, email }, unit }: Leaving,
): Promise<boolean> {
  if (!(await people.leaveTeam(organizationId, team, id))) return false
  const reason = `${email} has left the team ${team}`
  await interruptRunsOf(unit, { organizationId, kind: 'person', id }, { team, at: now(), reason })
  return true
}

type CallerOf = Parameters<Control['teams.join']>[0]

async function change(
  workshop: Workshop,
  caller: CallerOf,
  { team, member, action }: { team: string; member: string; action: string },
  work: (people: PeopleChanges, person: Person, unit: StoreGroups) => Promise<boolean>,
) {
  const { organizationId } = caller
  const { id } = await findMember(workshop, caller, member)
  return workshop.guard.perform(caller, async (unit, authorize) => {
    const people = workshop.identity.changing(unit)
    const person = await people.member(organizationId, id)
    if (!person) throw absent('member', member)
    if (!(await people.team(organizationId, team))) throw absentTeam(team)
    await authorize(act(action, team, { member: person.id, email: person.email }))
    const changed = await work(people, person, unit)
    if (changed) await unit.signals.send('holders', person.id)
    return { team, member: person.email, changed }
  })
}

// The hint is for those who manage teams; the sentence is everybody's.
function absentTeam(team: string): ClavigerError {
  return new ClavigerError('not_found', absent('team', team).message, {
    hint: 'See which there are: claviger admin teams list. Make one: claviger admin teams add TEAM',
  })
}

function act(action: string, team: string, details: NonNullable<Act['details']> = {}): Act {
  return {
    action,
    needs: { general: 'managePeople' },
    object: { kind: 'team', id: team, name: team },
    details,
  }
}

function mustOwnNothing(team: string, credentials: number): void {
  if (credentials === 0) return
  throw new ClavigerError('conflict', `The team ${team} owns ${counted(credentials, 'credential')}.`, {
    hint: `Move or delete ${credentials === 1 ? 'it' : 'them'} first. See: claviger credential list --team ${team}`,
  })
}
