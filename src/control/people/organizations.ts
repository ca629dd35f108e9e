// Organizations of the installation: made by whoever operates it, who is no member and sees nothing of what is in them.

import type { Caller } from '../../domain/caller.ts'
import { checkEmail, checkTitle } from '../../domain/email.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { FIRST_TEAM, type Organization, type Person } from '../../identity/identity.ts'
import { newId } from '../../lib/id.ts'
import type { StoreGroups } from '../../store/store.ts'
import { newSignInLink } from '../signing-in/invitations.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { personView } from './members.ts'

export function createOrganizationUseCases(
  workshop: Workshop,
): Pick<Control, 'organizations.list' | 'organizations.create'> {
  const { identity, guard, now } = workshop
  return {
    async 'organizations.list'() {
      const organizations = await identity.organizations()
      return { organizations: organizations.map(({ id, name }) => ({ id, name })) }
    },
    async 'organizations.create'(caller, input) {
      const [name, email] = [checkTitle(input.name), checkEmail(input.owner)]
      const slug = slugOf(name)
      const ownerName = checkTitle(input.ownerName ?? email.split('@')[0] ?? email)
      return guard.perform(caller, async (unit, authorize) => {
        await authorize({
          action: 'organization.create',
          needs: { general: 'operate' },
          object: { kind: 'organization', id: slug, name },
          details: { owner: email },
        })
        const people = identity.changing(unit)
        const made = await people.createOrganization({ name, slug })
        const known = await people.account(email)
        const elsewhere = known !== undefined && known.organizations.length > 0
        if (elsewhere && !known.organizations.includes(caller.organizationId)) throw knownToOthers(email)
        const first = { email, name: ownerName, role: 'owner', teams: [FIRST_TEAM] } as const
        const owner = await people.addMember(made.id, first)
        await recordBeginning(unit, caller, made, owner, now())
        const view = { ...made, owner: personView(owner) }
        // Whoever is one of us has a way in, and whoever made the organization gets none into their account.
        if (elsewhere) return view
        if (!owner.isNew && known === undefined) throw knownToOthers(email)
        // A password they had before they left everything is anybody's who let them in once.
        if (known?.hasPassword) await people.setPassword(owner.id, null)
        const { row, link } = newSignInLink(workshop, made.id, owner)
        await unit.invitations.insert(row)
        return { ...view, link }
      })
    },
  }
}

// Any organization can make an account in anybody's name. Only who is a member of ours has shown us that it is theirs.
function knownToOthers(email: string): ClavigerError {
  return new ClavigerError('conflict', `Only another organization says who ${printable(email)} is.`, {
    hint: `Make it with an owner of your own, who then types: claviger admin members add ${printable(email)} --role owner`,
  })
}

// The first row of the new organization's own log: its people cannot see ours.
async function recordBeginning(
  unit: StoreGroups,
  caller: Caller,
  { id, name }: Organization,
  owner: Person,
  at: number,
): Promise<void> {
  await unit.audit.append({
    id: newId('aud'),
    organizationId: id,
    at,
    actorKind: 'operator',
    actorId: caller.id,
    actorName: caller.name,
    action: 'organization.create',
    objectKind: 'organization',
    objectId: id,
    objectName: name,
    outcome: 'allowed',
    details: { owner: owner.email },
    requestId: caller.requestId,
  })
}

// Two names that differ in signs and cases only would be taken for each other.
function slugOf(name: string): string {
  const slug = name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
  if (slug !== '') return slug
  throw new ClavigerError('invalid', `"${printable(name)}" cannot be the name of an organization.`, {
    hint: 'Use letters or digits.',
  })
}
