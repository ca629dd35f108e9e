// The browsers that somebody is signed in with, for themselves: which there are, where the one that asks acts, and their
// end. Whoever holds a token of the person may see and end them; only a browser itself can change its organization.

import type { Output } from '../../api/schemas.ts'
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

  // All is theirs, so that there is nothing to refuse. That somebody asked is worth an entry also when there was none.
  function end(caller: Caller, rows: readonly SessionRow[]): Promise<number> {
    return guard.perform(caller, async (unit, authorize) => {
      if (rows.length === 0) await authorize(endAct(caller, NONE))
      let ended = 0
      for (const row of rows) {
        await authorize(endAct(caller, sessionObject(row)))
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
      const all = await membershipsOf(workshop, personId)
      const to = all.find((one) => isCalled(one.organization, organization))?.organization
      if (to === undefined) throw notIn(organization)
      await guard.perform(caller, async (unit, authorize) => {
        await authorize({ ...endAct(caller, sessionObject(row)), action: 'session.switch' })
        if (!(await workshop.identity.changing(unit).member(to.id, personId))) throw notIn(to.name)
        // The organization it leaves is not told where it goes; the one it comes to is told that it came.
        await unit.audit.append({
          ...{ id: newId('aud'), organizationId: to.id, at: now(), requestId: caller.requestId },
          ...{ actorKind: 'person', actorId: personId, actorName: caller.name, action: 'session.switch' },
          ...{ objectKind: 'session', objectId: row.id, objectName: sessionObject(row).name },
          ...{ outcome: 'allowed', details: {} },
        })
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
      const rows = await liveOf(workshop, mustBePerson(caller))
      const organizations = await workshop.identity.organizationsOf(caller.id)
      return {
        sessions: rows.flatMap((row) => {
          const organization = organizations.find(({ id }) => id === row.organizationId)
          return organization === undefined ? [] : [listed(row, organization, caller)]
        }),
      }
    },
    async 'sessions.revoke'(caller, { id }) {
      const row = (await liveOf(workshop, mustBePerson(caller))).find((one) => one.id === id)
      if (row === undefined) throw absent('session', id)
      return { revoked: (await end(caller, [row])) > 0 }
    },
    async 'sessions.revokeOthers'(caller) {
      const rows = await liveOf(workshop, mustBePerson(caller))
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

async function liveOf(workshop: Workshop, personId: string): Promise<SessionRow[]> {
  return (await workshop.store.sessions.ofPerson(personId)).filter((row) => isLive(row, workshop))
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

function listed(row: SessionRow, organization: Output<'session.read'>['organization'], caller: Caller) {
  const { id, method, userAgent, address } = row
  return {
    ...{ id, current: id === caller.sessionId, method, userAgent, address, organization },
    createdAt: rfc3339(row.createdAt),
    lastSeenAt: rfc3339(row.lastSeenAt),
    expiresAt: rfc3339(row.expiresAt),
  }
}

function onlyBrowsers(): ClavigerError {
  return new ClavigerError('conflict', 'A token acts in the organization it was made for.', {
    hint: 'Sign in to the other one: claviger login',
  })
}
