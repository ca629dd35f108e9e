// Members: who they are, what they may be, and what ends when they leave. Whoever was looked up by e-mail is looked up
// again inside the unit, where nobody else changes people.

import type { Output } from '../../api/schemas.ts'
import { type Caller, GENERAL_RIGHTS } from '../../domain/caller.ts'
import type { Person } from '../../identity/identity.ts'
import { type Act, absent } from '../guard.ts'
import { mustBeWhole } from '../sessions/own.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { countHeld, type Ending, endEnrolments, endHeld, inWords } from './holdings.ts'

type MemberUseCases = Pick<
  Control,
  | 'members.list'
  | 'members.update'
  | 'members.references'
  | 'members.remove'
  | 'membership.references'
  | 'membership.leave'
>

export function createMemberUseCases(workshop: Workshop): MemberUseCases {
  const { identity, guard } = workshop
  return {
    async 'members.list'(caller, wanted) {
      const { rows, ...page } = await identity.listMembers(caller.organizationId, wanted)
      return { members: rows.map(personView), ...page }
    },
    async 'members.update'(caller, { member, role }) {
      const { organizationId } = caller
      const { id } = await findMember(workshop, caller, member)
      return guard.perform(caller, async (unit, authorize) => {
        const people = identity.changing(unit)
        const before = await people.member(organizationId, id)
        if (!before) throw absent('member', member)
        const owners = before.role === 'owner' || role === 'owner'
        const act = about('member.update', before, owners, { from: before.role, to: role })
        await authorize(act)
        if (role !== before.role) {
          await people.setRole(organizationId, id, role)
          if (!GENERAL_RIGHTS.manageMachines.some((one) => one === role)) {
            const holder = { organizationId, kind: 'person', id } as const
            const ending = { unit, authorize, needs: act.needs, holder, now: workshop.now() }
            await endEnrolments(ending, before.email)
          }
          await unit.signals.send('holders', id)
        }
        return personView({ ...before, role })
      })
    },
    async 'members.references'(caller, { member }) {
      return references(workshop, caller, await findMember(workshop, caller, member))
    },
    async 'members.remove'(caller, { member }) {
      const { id } = await findMember(workshop, caller, member)
      return guard.perform(caller, async (unit, authorize) => {
        const person = await identity.changing(unit).member(caller.organizationId, id)
        if (!person) throw absent('member', member)
        const details = { role: person.role, teams: person.teams.join(',') }
        const act = about('member.remove', person, person.role === 'owner', details)
        await authorize(act)
        return remove(workshop, caller, person, { unit, authorize, needs: act.needs })
      })
    },
    async 'membership.references'(caller) {
      return references(workshop, caller, await self(workshop, caller))
    },
    async 'membership.leave'(caller) {
      const id = await mustBeWhole(workshop, caller, 'member.leave')
      return guard.perform(caller, async (unit, authorize) => {
        const person = await identity.changing(unit).member(caller.organizationId, id)
        if (!person) throw absent('member', id)
        // What every person may do with what is their own.
        const needs: Act['needs'] = { right: 'manage', owner: { kind: 'user', id } }
        const details = { role: person.role, teams: person.teams.join(',') }
        await authorize({ ...about('member.leave', person, false, details), needs })
        return remove(workshop, caller, person, { unit, authorize, needs })
      })
    },
  }
}

/** The member of the caller's organization with this e-mail or id; throws `not_found`. */
export async function findMember(
  { identity }: Pick<Workshop, 'identity'>,
  { organizationId }: Caller,
  text: string,
): Promise<Person> {
  const found = text.includes('@')
    ? await identity.findByEmail(organizationId, text)
    : await identity.person(organizationId, text)
  if (!found) throw absent('member', text)
  return found
}

async function self(workshop: Workshop, caller: Caller): Promise<Person> {
  const found = caller.kind === 'person' && (await workshop.identity.person(caller.organizationId, caller.id))
  if (!found) throw absent('member', caller.id)
  return found
}

/** The act of changing who belongs to the organization, and as what. Owners are made, changed and removed by owners. */
function about(
  action: string,
  { id, email }: Pick<Person, 'id' | 'email'>,
  owners: boolean,
  details: NonNullable<Act['details']>,
): Act {
  return {
    action,
    needs: { general: owners ? 'manageOwners' : 'managePeople' },
    object: { kind: 'member', id, name: email },
    details,
  }
}

async function references(workshop: Workshop, { organizationId }: Caller, { id, email }: Person) {
  const held = await countHeld(workshop.store, { organizationId, kind: 'person', id }, workshop.now())
  return { id, email, held, references: inWords(held) }
}

async function remove(
  { identity, now }: Workshop,
  { organizationId }: Caller,
  { id, email }: Person,
  ending: Pick<Ending, 'unit' | 'authorize' | 'needs'>,
) {
  await identity.changing(ending.unit).removeMember(organizationId, id)
  await ending.unit.signals.send('holders', id)
  const holder = { organizationId, kind: 'person', id } as const
  await endEnrolments({ ...ending, holder, now: now() }, email)
  return { id, email, ended: await endHeld({ ...ending, holder, now: now() }) }
}

export function personView({ id, email, name, role, teams }: Person): Output<'members.update'> {
  return { id, email, name, role, teams: [...teams] }
}
