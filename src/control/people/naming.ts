// What people and their organization are called.

import { checkTitle } from '../../domain/email.ts'
import { mustBePerson } from '../sessions/own.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'

export function createNamingUseCases({
  identity,
  guard,
}: Workshop): Pick<Control, 'profile.update' | 'organization.update'> {
  return {
    async 'profile.update'(caller, input) {
      const id = mustBePerson(caller)
      const name = checkTitle(input.name)
      return guard.perform(caller, async (unit, authorize) => {
        await authorize({
          action: 'member.rename',
          needs: { right: 'manage', owner: { kind: 'user', id } },
          object: { kind: 'member', id, name: caller.name },
          details: { name },
        })
        await identity.changing(unit).setProfile(id, { name })
        return { name }
      })
    },
    async 'organization.update'(caller, input) {
      const { organizationId: id } = caller
      const name = checkTitle(input.name)
      return guard.perform(caller, async (unit, authorize) => {
        await authorize({
          action: 'organization.rename',
          needs: { general: 'manageOwners' },
          object: { kind: 'organization', id, name },
        })
        await identity.changing(unit).renameOrganization(id, name)
        return { id, name }
      })
    },
  }
}
