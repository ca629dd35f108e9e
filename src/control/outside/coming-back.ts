// A browser comes back from an identity provider: somebody signs in, or links an account. Who may come in: whoever the
// account is linked to; else, with an e-mail that the provider vouches for, a member of that e-mail who has no other way in,
// or whoever was invited by it. An account that has a password, or another account linked, is never given away for an
// e-mail: its person signs in and links.

import { asClavigerError, ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { withoutKeys } from '../../domain/secret.ts'
import {
  type Account,
  type Organization,
  type PeopleChanges,
  type Person,
  PLACEHOLDER_EMAIL,
} from '../../identity/identity.ts'
import type { Identified, IdentityProvider } from '../../providers/identity/identity-provider.ts'
import type { OutsideTripRow, SessionMethod } from '../../store/people-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { endTokens } from '../people/holdings.ts'
import { chooseMembership, openSession } from '../sessions/opening.ts'
import { acceptFor } from '../signing-in/accepting.ts'
import { membershipsOf } from '../signing-in/by-password.ts'
import { deedOf } from '../signing-in/records.ts'
import type { NewCookie, Ports, Visitor } from '../use-case.ts'
import { createWorkshop, type Workshop } from '../workshop.ts'
import { type CameBack, hadBefore, identify, isStillSignedIn, takeTrip } from './trips.ts'

/** Why somebody did not get in. */
export type Problem =
  | 'denied'
  | 'unknown'
  | 'expired'
  | 'unavailable'
  | 'refused'
  | 'linked-elsewhere'
  | 'signed-out'

/** Where the browser goes on, and whether it is signed in there. */
export type Arrival =
  | { readonly returnTo: string; readonly cookie?: NewCookie; readonly linked?: string }
  | {
      readonly problem: Problem
      readonly error: ClavigerError
      /** It was no trip of this browser's: one that is on its way goes on. */
      readonly isStray?: true
    }

/** `denied`: somebody turned it away at the provider. */
export type ComeBack = (visitor: Visitor, came: CameBack & { readonly denied: boolean }) => Promise<Arrival>

export function createComeBack(ports: Ports): ComeBack {
  const workshop = createWorkshop(ports)
  return async (asking, came) => {
    const row = await takeTrip(workshop, came)
    const provider = workshop.identityProviders.find(({ id }) => id === came.provider)
    if (row === undefined || provider === undefined)
      return { ...stopped('expired', 'It is too long ago, or began in another browser.'), isStray: true }
    const { browser } = asking
    const visitor =
      browser === undefined ? asking : { ...asking, browser: { ...browser, ...hadBefore(came) } }
    if (came.denied) return stopped('denied', `It was turned away at ${provider.name}.`)
    const found = await identified(workshop, provider, came)
    if (found.account === null) return found.arrival
    const { account } = found
    return row.linking === null
      ? arrive(workshop, visitor, { row, provider, account })
      : link(workshop, visitor, { row, provider, account, linking: row.linking })
  }
}

interface Came {
  readonly row: OutsideTripRow
  readonly provider: IdentityProvider
  readonly account: Identified
}

// Null when there is none, with why.
async function identified(
  workshop: Workshop,
  provider: IdentityProvider,
  came: CameBack,
): Promise<{ readonly account: Identified } | { readonly account: null; readonly arrival: Arrival }> {
  try {
    const account = await identify(workshop, provider, came)
    return { account: { ...account, name: printable(withoutKeys(account.name)).slice(0, 100) } }
  } catch (thrown) {
    const error = asClavigerError(thrown)
    if (error.code === 'unreachable') return { account: null, arrival: { problem: 'unavailable', error } }
    if (error.code === 'upstream') return { account: null, arrival: { problem: 'refused', error } }
    throw thrown
  }
}

async function arrive(workshop: Workshop, visitor: Visitor, came: Came): Promise<Arrival> {
  const { identity } = workshop
  const { provider, account, row } = came
  const personId = await identity.linkedPerson(provider.accounts, account.accountId)
  const cookie =
    personId === null
      ? await welcome(workshop, visitor, came)
      : await signIn(workshop, visitor, provider, personId)
  if (cookie !== null) return { returnTo: row.returnTo, cookie }
  return stopped('unknown', `Nobody here has this account of ${provider.name}.`)
}

// Null when they belong nowhere any more.
async function signIn(
  workshop: Workshop,
  visitor: Visitor,
  provider: IdentityProvider,
  personId: string,
): Promise<NewCookie | null> {
  const people = await membershipsOf(workshop, personId)
  if (people.length === 0) return null
  const { organization } = await chooseMembership(workshop, people)
  return workshop.store.atomically((unit) => open(workshop, unit, visitor, provider, organization, personId))
}

// For an account that is nobody's here yet.
async function welcome(workshop: Workshop, visitor: Visitor, came: Came): Promise<NewCookie | null> {
  const { identity, store, now } = workshop
  const email = came.account.verifiedEmail?.toLowerCase()
  if (email === undefined || email === PLACEHOLDER_EMAIL) return null
  const [invitation] = await store.invitations.ofEmail(email, now())
  const invited = invitation?.kind === 'join' ? invitation : undefined
  const organization = invited && (await identity.organization(invited.organizationId))
  return store.atomically(async (unit) => {
    const changes = identity.changing(unit)
    const known = await changes.account(email)
    const isMember = known !== undefined && known.organizations.length > 0
    // Whoever has another way in shows that they are the one, and links it themselves.
    if (isMember && (known.hasPassword || known.linked.length > 0)) return null
    if (isMember) await endOfOthers(workshop, unit, known)
    const isNews = invited !== undefined && known?.organizations.includes(invited.organizationId) !== true
    if (isNews && organization !== undefined) {
      const shown = { name: came.account.name, provider: came.provider.name, provenId: known?.id ?? null }
      const person = await acceptFor(workshop, unit, visitor, invited, shown)
      await linkTo(workshop, unit, changes, visitor, came, { organization, person })
      return open(workshop, unit, visitor, came.provider, organization, person.id)
    }
    return isMember ? adopt(workshop, unit, visitor, came, known) : null
  })
}

// Nobody has shown before that they are this person: what acts in their name is of whoever made them, for all anybody knows.
async function endOfOthers(
  { now }: Workshop,
  unit: StoreGroups,
  { id, organizations }: Known,
): Promise<void> {
  for (const organizationId of organizations)
    await endTokens(unit, { organizationId, kind: 'person', id }, now())
  await unit.sessions.end({ personId: id })
  await unit.signals.send('holders', id)
}

type Known = Pick<Account, 'id' | 'organizations'>

async function adopt(
  workshop: Workshop,
  unit: StoreGroups,
  visitor: Visitor,
  came: Came,
  { id, organizations }: Known,
): Promise<NewCookie | null> {
  const changes = workshop.identity.changing(unit)
  const organizationId = organizations[0] ?? ''
  const person = await changes.member(organizationId, id)
  if (person === undefined) return null
  const organization = { id: organizationId, name: '' }
  await linkTo(workshop, unit, changes, visitor, came, { organization, person })
  return open(workshop, unit, visitor, came.provider, organization, id)
}

async function open(
  workshop: Workshop,
  unit: StoreGroups,
  visitor: Visitor,
  provider: IdentityProvider,
  { id: organizationId }: Organization,
  personId: string,
): Promise<NewCookie | null> {
  const person = await workshop.identity.changing(unit).member(organizationId, personId)
  if (person === undefined) return null
  const method = provider.id as SessionMethod
  const { cookie } = await openSession(workshop, unit, visitor, { organizationId, person, method })
  return cookie
}

// The account becomes this person's, which is recorded.
async function linkTo(
  { now }: Workshop,
  unit: StoreGroups,
  changes: PeopleChanges,
  visitor: Visitor,
  { provider, account }: Came,
  { organization, person }: { readonly organization: Pick<Organization, 'id'>; readonly person: Person },
): Promise<void> {
  const { accountId, name } = account
  await changes.linkAccount(person.id, { provider: provider.accounts, accountId, name })
  const object = { kind: 'member', id: person.id, name: person.email }
  const details = { provider: provider.id, account: accountId, name }
  const deed = { organizationId: organization.id, at: now(), action: 'account.link', object, details }
  await unit.audit.append(deedOf(person, visitor, deed))
}

// For somebody who was signed in when the trip began, and has to be still.
async function link(
  workshop: Workshop,
  visitor: Visitor,
  came: Came & { readonly linking: NonNullable<OutsideTripRow['linking']> },
): Promise<Arrival> {
  const { identity, store } = workshop
  const { organizationId, personId } = came.linking
  const { provider, account, row } = came
  if (!(await isStillSignedIn(workshop, came.linking)))
    return stopped('signed-out', 'You were signed out meanwhile.')
  const arrived: Arrival = { returnTo: row.returnTo, linked: provider.id }
  const whose = await identity.linkedPerson(provider.accounts, account.accountId)
  if (whose === personId) return arrived
  if (whose !== null)
    return stopped('linked-elsewhere', `Somebody else here has this account of ${provider.name}.`)
  return store.atomically(async (unit) => {
    const changes = identity.changing(unit)
    const person = await changes.member(organizationId, personId)
    if (person === undefined) return stopped('signed-out', 'You are no member any more.')
    await linkTo(workshop, unit, changes, visitor, came, { organization: { id: organizationId }, person })
    return arrived
  })
}

function stopped(problem: Problem, message: string): Arrival {
  return { problem, error: new ClavigerError('forbidden', message) }
}
