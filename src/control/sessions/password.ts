// A new password of one's own. It ends all other browsers: whoever knew the old one is to be out.

import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { absent } from '../guard.ts'
import { checkNewPassword, type Limits } from '../signing-in/limits.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { mustBePerson } from './own.ts'

export function createPasswordUseCases(
  workshop: Workshop,
  limits: Pick<Limits, 'ownPassword'>,
): Pick<Control, 'password.change'> {
  const { guard, identity } = workshop
  return {
    async 'password.change'(caller, { current, password }) {
      const personId = mustBePerson(caller)
      checkNewPassword(password)
      const person = await identity.person(caller.organizationId, personId)
      if (person === undefined) throw absent('member', personId)
      limits.ownPassword(personId)
      const isTheirs =
        current === undefined
          ? !(await identity.hasPassword(personId))
          : (await identity.checkPassword(person.email, new Secret(current))) === personId
      const hash = isTheirs ? await identity.hashPassword(new Secret(password)) : null
      const object = { kind: 'member', id: personId, name: person.email }
      const theirs = { right: 'manage', owner: { kind: 'user', id: personId } } as const
      const act = { action: 'password.change', object }
      if (hash === null) {
        await guard.check(caller, { ...act, needs: { code: wrongPassword() } })
        throw wrongPassword()
      }
      return guard.perform(caller, async (unit, authorize) => {
        await authorize({ ...act, needs: theirs })
        const people = identity.changing(unit)
        // Looked at again while nobody else changes it: who has none yet may not take away one that came meanwhile.
        if (current === undefined && (await people.account(person.email))?.hasPassword) throw wrongPassword()
        await people.setPassword(personId, hash)
        const filter = { personId, ...(caller.sessionId !== undefined && { except: caller.sessionId }) }
        const endedSessions = await unit.sessions.end(filter)
        await unit.signals.send('holders', personId)
        return { endedSessions }
      })
    },
  }
}

function wrongPassword(): ClavigerError {
  return new ClavigerError('forbidden', 'This is not your current password.', {
    hint: 'Type the one you sign in with. An admin can make a link to set a new one: claviger admin members link EMAIL',
  })
}
