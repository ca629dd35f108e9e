// Signing a browser in. What its cookie holds is made here, handed over once, and kept as a digest.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { Secret, withoutKeys } from '../../domain/secret.ts'
import { formatSession } from '../../domain/token.ts'
import type { Person } from '../../identity/identity.ts'
import { isLoopbackName } from '../../lib/address.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/id.ts'
import type { SessionMethod, SessionRow } from '../../store/people-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import {
  isCalled,
  type Membership,
  membershipsBy,
  NO_CODE,
  NOT_A_MEMBER,
  notIn,
  recordFailure,
} from '../signing-in/by-password.ts'
import type { Limits } from '../signing-in/limits.ts'
import { deedOf, deedOfNobody } from '../signing-in/records.ts'
import type { Control, NewCookie, Ports, Visitor } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { SESSION } from './liveness.ts'
import type { SecondFactors } from './second-factors.ts'
import { sessionObject, sessionView } from './views.ts'

const USER_AGENT_AT_MOST = 200

export function createOpeningUseCases(
  workshop: Workshop,
  limits: Pick<Limits, 'passwords'>,
  factors: SecondFactors,
): Pick<Control, 'signIn.methods' | 'session.create'> {
  const { store, identity, identityProviders, publicUrl } = workshop
  return {
    'signIn.methods': async () => ({
      password: true,
      providers: identityProviders.flatMap(({ id, name, signsIn }) => (signsIn ? [{ id, name }] : [])),
      takesCookies: takesCookies(publicUrl()),
    }),
    async 'session.create'(visitor, { email, password, code, organization }) {
      mustBeBrowser(visitor)
      limits.passwords(visitor, email)
      const failure = { action: 'session.create' }
      // Whoever knows the password and comes no further may have stolen it.
      const stopped = (reason: string) => recordFailure(workshop, visitor, email, reason, failure)
      const shown = await membershipsBy(workshop, visitor, { email, password }, failure)
      const membership = await chooseMembership(workshop, shown.people, organization).catch(
        async (thrown: unknown) => {
          await stopped(NOT_A_MEMBER)
          throw thrown
        },
      )
      const { person, organization: chosen } = membership
      if (await factors.isOn(person.id)) {
        if (code === undefined) {
          await stopped(NO_CODE)
          return { state: 'second-factor' }
        }
        await factors.mustBeRight(visitor, membership, code, failure)
      }
      const { row, cookie } = await store.atomically(async (unit) => {
        const changes = identity.changing(unit)
        const member = await changes.member(chosen.id, person.id)
        if (!member) throw notIn(chosen.name)
        await shown.mustHold(changes)
        return openSession(workshop, unit, visitor, { ...chosenBy(chosen.id, member), method: 'password' })
      })
      return { state: 'signed-in', session: await sessionView(workshop, row, row), cookie }
    },
  }
}

/** Whose browser it is, where it acts, and how they have shown that it is theirs. */
export interface SessionFor {
  readonly organizationId: string
  readonly person: Pick<Person, 'id' | 'email'>
  readonly method: SessionMethod
}

type SessionUnit = Pick<StoreGroups, 'sessions' | 'audit' | 'signals'>

/**
 * Makes and records a session inside a unit, and ends the one that the browser had: whoever copied its cookie is out. Throws
 * `forbidden` for whoever is no browser on a page of this server.
 */
export async function openSession(
  { now, random, sessionLife }: Pick<Ports, 'now' | 'random' | 'sessionLife'>,
  unit: SessionUnit,
  visitor: Visitor,
  { organizationId, person, method }: SessionFor,
): Promise<{ readonly row: SessionRow; readonly cookie: NewCookie }> {
  const userAgent = mustBeBrowser(visitor)
  const at = now()
  const value = formatSession(random(48))
  const row: SessionRow = {
    ...{ id: newId(SESSION), digest: sha256(value), personId: person.id, organizationId, method },
    ...{
      userAgent: printable(withoutKeys(userAgent)).slice(0, USER_AGENT_AT_MOST),
      address: visitor.address,
    },
    ...{ createdAt: at, lastSeenAt: at, expiresAt: at + sessionLife.whole },
  }
  await unit.audit.append(
    deedOf(person, visitor, {
      ...{ organizationId, at, action: 'session.create', object: sessionObject(row) },
      details: { by: method, browser: row.userAgent },
    }),
  )
  await endBefore(unit, visitor, person, at)
  await unit.sessions.prune(at, at - sessionLife.idle)
  await unit.sessions.insert(row)
  return { row, cookie: { value: new Secret(value), expiresAt: row.expiresAt } }
}

async function endBefore(
  unit: SessionUnit,
  visitor: Visitor,
  person: SessionFor['person'],
  at: number,
): Promise<void> {
  const digest = visitor.browser?.had
  const row = digest === undefined ? undefined : await unit.sessions.findByDigest(digest)
  if (row === undefined) return
  const { id, organizationId, personId } = row
  const details = { reason: 'its browser signed in again' }
  const deed = { organizationId, at, action: 'session.end', object: sessionObject(row), details }
  await unit.audit.append(
    personId === person.id ? deedOf(person, visitor, deed) : deedOfNobody(visitor, deed),
  )
  await unit.sessions.end({ personId, id })
  await unit.signals.send('holders', personId)
}

/**
 * Ends all browsers of a person inside a unit. The one that asks, if one does, goes on under a value that nobody has copied
 * yet. Says how many others there were.
 */
export async function renewSessions(
  { random }: Pick<Ports, 'random'>,
  unit: Pick<StoreGroups, 'sessions' | 'signals'>,
  { id: personId, sessionId }: Pick<Caller, 'id' | 'sessionId'>,
): Promise<{ readonly endedSessions: number; readonly cookie?: NewCookie }> {
  const own = (await unit.sessions.ofPerson(personId)).find(({ id }) => id === sessionId)
  const ended = await unit.sessions.end({ personId })
  await unit.signals.send('holders', personId)
  if (own === undefined) return { endedSessions: ended }
  const value = formatSession(random(48))
  await unit.sessions.insert({ ...own, digest: sha256(value) })
  return { endedSessions: ended - 1, cookie: { value: new Secret(value), expiresAt: own.expiresAt } }
}

/** What the browser calls itself; throws `forbidden` when no page of this server asks. */
export function mustBeBrowser({ browser }: Visitor): string {
  if (browser !== undefined) return browser.userAgent
  throw new ClavigerError('forbidden', 'Only a page of this server can sign a browser in.', {
    hint: 'Open the server at its public URL. On the command line: claviger login',
  })
}

/** The organization that was named, else the one that they were last signed in to, else the first. Throws `forbidden`. */
export async function chooseMembership(
  { store }: Pick<Workshop, 'store'>,
  people: readonly Membership[],
  wanted?: string,
): Promise<Membership> {
  const fitting = people.filter((one) => wanted === undefined || isCalled(one.organization, wanted))
  const [first] = fitting
  if (first === undefined) throw notIn(wanted ?? '')
  const earlier = fitting.length > 1 ? await store.sessions.ofPerson(first.person.id) : []
  const last = earlier.find((row) =>
    fitting.some(({ organization }) => organization.id === row.organizationId),
  )
  return fitting.find(({ organization }) => organization.id === last?.organizationId) ?? first
}

function chosenBy(organizationId: string, { id, email }: Person) {
  return { organizationId, person: { id, email } }
}

// Browsers keep a cookie that is for https only over https, and on this machine.
function takesCookies(publicUrl: string): boolean {
  const { protocol, hostname } = new URL(publicUrl)
  return protocol === 'https:' || isLoopbackName(hostname)
}
