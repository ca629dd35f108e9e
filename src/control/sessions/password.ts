// The password of somebody who is signed in: showing it again, and choosing a new one. A new one ends all other browsers,
// and the one that asks goes on under another value: whoever knew the old one, or copied a cookie, is to be out. Whoever has
// no password shows that they are the person by having signed in a moment ago, in a browser; a token shows nothing.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import type { Person } from '../../identity/identity.ts'
import { absent } from '../guard.ts'
import { checkNewPassword, type Limits } from '../signing-in/limits.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { renewSessions } from './opening.ts'
import { mustBeWhole } from './own.ts'

const FRESH_MS = 600_000

/**
 * Throws `forbidden`, and records it, when this is not the caller's current password; undefined is that of somebody who has
 * none, and asks from a browser that they have just signed in with. `action`: what it is shown for.
 */
export type OwnPassword = (caller: Caller, password: string | undefined, action: string) => Promise<Person>

export function createOwnPassword(workshop: Workshop, limits: Pick<Limits, 'ownPassword'>): OwnPassword {
  const { guard, identity } = workshop
  return async (caller, password, action) => {
    const id = await mustBeWhole(workshop, caller, action)
    const person = await identity.person(caller.organizationId, id)
    if (person === undefined) throw absent('member', id)
    limits.ownPassword(id)
    const wrong = await wrongWith(workshop, caller, person, password)
    if (wrong === null) return person
    const object = { kind: 'member', id, name: person.email }
    await guard.check(caller, { action, object, needs: { code: wrong } })
    throw wrong
  }
}

async function wrongWith(
  { identity, store, now }: Workshop,
  { sessionId }: Caller,
  { id, email }: Person,
  password: string | undefined,
): Promise<ClavigerError | null> {
  if (password !== undefined)
    return (await identity.checkPassword(email, new Secret(password))) === id ? null : wrongPassword()
  if (await identity.hasPassword(id)) return wrongPassword()
  const row = (await store.sessions.ofPerson(id)).find((one) => one.id === sessionId)
  return row !== undefined && row.createdAt + FRESH_MS > now() ? null : notFresh()
}

export function createPasswordUseCases(
  workshop: Workshop,
  ownPassword: OwnPassword,
): Pick<Control, 'password.change'> {
  const { guard, identity } = workshop
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
        return renewSessions(workshop, unit, caller)
      })
    },
  }
}

function notFresh(): ClavigerError {
  return new ClavigerError(
    'forbidden',
    'You have no password, and did not sign in with this browser just now.',
    {
      hint: 'Sign in again, and do this within ten minutes. An admin can make a link to set a password: claviger admin members link EMAIL',
    },
  )
}

function wrongPassword(): ClavigerError {
  return new ClavigerError('forbidden', 'This is not your current password.', {
    hint: 'Type the one you sign in with. An admin can make a link to set a new one: claviger admin members link EMAIL',
  })
}
