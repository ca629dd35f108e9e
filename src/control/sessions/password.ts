// The password of somebody who is signed in: showing it again, and choosing a new one. A new one ends all other browsers:
// whoever knew the old one is to be out.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import type { Person } from '../../identity/identity.ts'
import { absent } from '../guard.ts'
import { checkNewPassword, type Limits } from '../signing-in/limits.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { mustBePerson } from './own.ts'

/**
 * Throws `forbidden`, and records it, when this is not the caller's current password; undefined is that of somebody who has
 * none. `action`: what it is shown for.
 */
export type OwnPassword = (caller: Caller, password: string | undefined, action: string) => Promise<Person>

export function createOwnPassword(
  { guard, identity }: Workshop,
  limits: Pick<Limits, 'ownPassword'>,
): OwnPassword {
  return async (caller, password, action) => {
    const id = mustBePerson(caller)
    const person = await identity.person(caller.organizationId, id)
    if (person === undefined) throw absent('member', id)
    limits.ownPassword(id)
    const isTheirs =
      password === undefined
        ? !(await identity.hasPassword(id))
        : (await identity.checkPassword(person.email, new Secret(password))) === id
    if (isTheirs) return person
    const object = { kind: 'member', id, name: person.email }
    await guard.check(caller, { action, object, needs: { code: wrongPassword() } })
    throw wrongPassword()
  }
}

export function createPasswordUseCases(
  { guard, identity }: Workshop,
  ownPassword: OwnPassword,
): Pick<Control, 'password.change'> {
  return {
    async 'password.change'(caller, { current, password }) {
      checkNewPassword(password)
      const { id: personId, email } = await ownPassword(caller, current, 'password.change')
      const hash = await identity.hashPassword(new Secret(password))
      return guard.perform(caller, async (unit, authorize) => {
        await authorize({
          action: 'password.change',
          needs: { right: 'manage', owner: { kind: 'user', id: personId } },
          object: { kind: 'member', id: personId, name: email },
        })
        const people = identity.changing(unit)
        // Looked at again while nobody else changes it: who has none yet may not take away one that came meanwhile.
        if (current === undefined && (await people.account(email))?.hasPassword) throw wrongPassword()
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
