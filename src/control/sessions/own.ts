// The browsers that somebody is signed in with, for themselves: which there are, where the one that asks acts, and their
// end. A token of the person sees those that act in its organization, and ends them when it may do all that its person may;
// only a browser itself can change its organization.

import type { Output } from '../../api/schemas.ts'
import type { AuditEntry } from '../../domain/audit/entry.ts'
import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { newId } from '../../lib/id.ts'
import type { SessionRow } from '../../store/people-groups.ts'
import { type Act, absent } from '../guard.ts'
import { isCalled, membershipsOf, notIn } from '../signing-in/by-password.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { isLive } from './liveness.ts'
import { sessionObject, sessionView } from './views.ts'

type OwnUseCases = Pick<
  Control,
  | 'session.read'
  | 'session.switch'
  | 'session.end'
  | 'sessions.list'
  | 'sessions.revoke'
  | 'sessions.revokeOthers'
>

export function createOwnSessionUseCases(workshop: Workshop): OwnUseCases {
  const { guard, now } = workshop

  // Each organization is told of those that acted in it, and of no others. That somebody asked is worth an entry also when
  // there was none.
  function end(caller: Caller, rows: readonly SessionRow[]): Promise<number> {
    return guard.perform(caller, async (unit, authorize) => {
      const here = rows.filter(({ organizationId }) => organizationId === caller.organizationId)
      if (here.length === 0) await authorize(endAct(caller, NONE))
      let ended = 0
      for (const row of rows) {
        if (here.includes(row)) await authorize(endAct(caller, sessionObject(row)))
        else await unit.audit.append(entryElsewhere(caller, row, 'session.end', now()))
        ended += await unit.sessions.end({ personId: caller.id, id: row.id })
      }
      await unit.signals.send('holders', caller.id)
      return ended
    })
  }

  return {
    'session.read': async (caller) =>
      sessionView(workshop, { ...caller, personId: mustBePerson(caller) }, await currentOf(workshop, caller)),
    async 'session.switch'(caller, { organization }) {
      const personId = mustBePerson(caller)
      const row = await currentOf(workshop, caller)
      if (row === null) throw onlyBrowsers()
      if (row.method === 'invitation') throw notProven()
      const all = await membershipsOf(workshop, personId)
      const to = all.find((one) => isCalled(one.organization, organization))?.organization
      if (to === undefined) throw notIn(organization)
      await guard.perform(caller, async (unit, authorize) => {
        await authorize({ ...endAct(caller, sessionObject(row)), action: 'session.switch' })
        if (!(await workshop.identity.changing(unit).member(to.id, personId))) throw notIn(to.name)
        // The organization it leaves is not told where it goes; the one it comes to is told that it came.
        const coming = { ...row, organizationId: to.id }
        await unit.audit.append(entryElsewhere(caller, coming, 'session.switch', now()))
        await unit.sessions.moveTo(row.id, to.id)
        await unit.signals.send('holders', personId)
      })
      const moved = { ...row, organizationId: to.id }
      return sessionView(workshop, moved, moved)
    },
    async 'session.end'(caller) {
      mustBePerson(caller)
      const row = await currentOf(workshop, caller)
      return { ended: (await end(caller, row === null ? [] : [row])) > 0, cookie: 'none' }
    },
    async 'sessions.list'(caller) {
      const rows = await seenBy(workshop, caller)
      const organizations = await workshop.identity.organizationsOf(caller.id)
      return {
        sessions: rows.flatMap((row) => {
          const organization = organizations.find(({ id }) => id === row.organizationId)
          return organization === undefined ? [] : [listed(row, organization, caller)]
        }),
      }
    },
    async 'sessions.revoke'(caller, { id }) {
      const row = (await seenBy(workshop, caller)).find((one) => one.id === id)
      await mustBeWhole(workshop, caller, 'session.end')
      if (row === undefined) throw absent('session', id)
      return { revoked: (await end(caller, [row])) > 0 }
    },
    async 'sessions.revokeOthers'(caller) {
      const rows = await seenBy(workshop, caller)
      await mustBeWhole(workshop, caller, 'session.end')
      return {
        revoked: await end(
          caller,
          rows.filter(({ id }) => id !== caller.sessionId),
        ),
      }
    },
  }
}

const NONE = { kind: 'session', id: 'none', name: 'no browser' }

/** The id of the person who asks; throws `not_found` for whoever is none. */
export function mustBePerson({ kind, id }: Caller): string {
  if (kind !== 'person') throw absent('member', id)
  return id
}

/**
 * For what is a person's own, and not their role's: whoever asks is a browser of theirs, or a token that may do all they may.
 * Records the refusal of any other, and throws `forbidden`; throws `not_found` for whoever is no person.
 */
export async function mustBeWhole(
  { identity, guard }: Pick<Workshop, 'identity' | 'guard'>,
  caller: Caller,
  action: string,
): Promise<string> {
  const personId = mustBePerson(caller)
  if (caller.sessionId !== undefined) return personId
  const person = await identity.person(caller.organizationId, personId)
  if (person === undefined || person.role === caller.role) return personId
  const forbiddenBy = weakToken(caller, person.role)
  const object = { kind: 'member', id: personId, name: person.email }
  await guard.check(caller, { action, object, needs: { forbiddenBy } })
  return personId
}

// A token opens one organization: those of another are not for whoever holds it.
async function seenBy(workshop: Workshop, caller: Caller): Promise<SessionRow[]> {
  const rows = await workshop.store.sessions.ofPerson(mustBePerson(caller))
  const isSeen = ({ organizationId }: SessionRow) =>
    caller.sessionId !== undefined || organizationId === caller.organizationId
  return rows.filter((row) => isLive(row, workshop) && isSeen(row))
}

async function currentOf({ store }: Workshop, caller: Caller): Promise<SessionRow | null> {
  if (caller.sessionId === undefined) return null
  const rows = await store.sessions.ofPerson(caller.id)
  return rows.find(({ id }) => id === caller.sessionId) ?? null
}

// What every person may do with what is their own.
function endAct({ id }: Caller, object: Act['object']): Act {
  return { action: 'session.end', needs: { right: 'manage', owner: { kind: 'user', id } }, object }
}

// In the log of the organization that the browser acts in, or comes to.
function entryElsewhere(
  { id, name, requestId }: Caller,
  row: Pick<SessionRow, 'id' | 'organizationId' | 'method'>,
  action: string,
  at: number,
): AuditEntry {
  const object = sessionObject(row)
  return {
    ...{ id: newId('aud'), organizationId: row.organizationId, at, requestId, action },
    ...{ actorKind: 'person', actorId: id, actorName: name },
    ...{ objectKind: object.kind, objectId: object.id, objectName: object.name },
    ...{ outcome: 'allowed', details: {} },
  }
}

function listed(row: SessionRow, organization: Output<'session.read'>['organization'], caller: Caller) {
  const { id, method, userAgent, address } = row
  return {
    ...{ id, current: id === caller.sessionId, method, userAgent, address, organization },
    createdAt: rfc3339(row.createdAt),
    lastSeenAt: rfc3339(row.lastSeenAt),
    expiresAt: rfc3339(row.expiresAt),
  }
}

// The organization that invited them has the code, too, and showed nobody who they are.
function notProven(): ClavigerError {
  return new ClavigerError(
    'conflict',
    'This browser came in with an invitation, which is of one organization.',
    {
      hint: 'Sign out, and in again with your password or your account elsewhere.',
    },
  )
}

function weakToken({ role }: Caller, own: string): ClavigerError {
  return new ClavigerError('forbidden', `This token is ${role}, and you are ${own}: this is not for it.`, {
    hint: 'Do it in a browser that is signed in, or with a token of your own role.',
  })
}

function onlyBrowsers(): ClavigerError {
  return new ClavigerError('conflict', 'A token acts in the organization it was made for.', {
    hint: 'Sign in to the other one: claviger login',
  })
}
