// Who somebody is by e-mail and password, and what they belong to. A wrong password is recorded where the person belongs.

import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { Secret } from '../../domain/secret.ts'
import type { Organization, PeopleChanges, Person } from '../../identity/identity.ts'
import type { Visitor } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { type Deed, deedOfNobody } from './records.ts'

export interface Membership {
  readonly organization: Organization
  readonly person: Person
}

/** What was tried, for the audit. */
export type Failure = Pick<Deed, 'action' | 'details'>

/** Why somebody with the right password came no further, as the audit log says it. */
export const NO_CODE = 'right password, no code'
export const NOT_A_MEMBER = 'right password, no such organization of theirs'

/** What somebody belongs to who has shown their password. */
export interface ByPassword {
  readonly people: readonly Membership[]
  /** Throws `unauthenticated` when the password was changed meanwhile: asked where it lets them in. */
  readonly mustHold: (changes: PeopleChanges) => Promise<void>
}

/** Everything this person belongs to, once the password was right; else throws `unauthenticated`. */
export async function membershipsBy(
  workshop: Workshop,
  visitor: Visitor,
  given: { readonly email: string; readonly password: string },
  failure: Failure,
): Promise<ByPassword> {
  const proof = await workshop.identity.provePassword(given.email, new Secret(given.password))
  if (proof === null) {
    await recordFailure(workshop, visitor, given.email, 'wrong password', failure)
    throw wrongPassword()
  }
  const mustHold = async (changes: PeopleChanges) => {
    if (!(await changes.holds(proof))) throw wrongPassword()
  }
  return { people: await membershipsOf(workshop, proof.personId), mustHold }
}

function wrongPassword(): ClavigerError {
  return new ClavigerError('unauthenticated', 'There is nobody with this e-mail and password.', {
    hint: 'An admin can make a link to set a new one: claviger admin members link EMAIL',
  })
}

/** Everything this person belongs to, by name. */
export async function membershipsOf(
  { identity }: Pick<Workshop, 'identity'>,
  personId: string,
): Promise<Membership[]> {
  const all = await identity.organizationsOf(personId)
  const found = await Promise.all(
    all.map(async (organization) => ({
      organization,
      person: await identity.person(organization.id, personId),
    })),
  )
  return found.filter((one): one is Membership => one.person !== undefined)
}

/** Writes down, wherever somebody of this e-mail belongs, that signing in as them was refused. */
export async function recordFailure(
  { identity, store, now }: Workshop,
  visitor: Visitor,
  email: string,
  reason: string,
  { action, details }: Failure,
): Promise<void> {
  const all = await identity.organizations()
  const found = await Promise.all(
    all.map(async ({ id }) => ({ organizationId: id, person: await identity.findByEmail(id, email) })),
  )
  const deeds = found.flatMap(({ organizationId, person }) => {
    if (person === undefined) return []
    const object = { kind: 'member', id: person.id, name: person.email }
    const deed = { organizationId, at: now(), action, object, details: { reason, ...details } }
    return [deedOfNobody(visitor, { ...deed, outcome: 'refused' })]
  })
  if (deeds.length === 0) return
  await store.atomically(async (unit) => {
    for (const deed of deeds) await unit.audit.append(deed)
  })
}

/** Whether an organization is meant by this id or name. */
export function isCalled({ id, name }: Organization, wanted: string): boolean {
  return id === wanted || name.toLowerCase() === wanted.toLowerCase()
}

/** The error for somebody who belongs to no organization of that name; empty: to none at all. */
export function notIn(wanted: string): ClavigerError {
  return new ClavigerError(
    'forbidden',
    wanted === '' ? 'You belong to no organization.' : `You do not belong to ${printable(wanted)}.`,
    { hint: 'Ask an admin of the organization for an invitation.' },
  )
}
