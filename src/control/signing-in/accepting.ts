// Using the code of an invitation or a sign-in link. Whoever has the code is taken for the person it was made for, once;
// what they become, their password and the audit row are one unit with the use of the code. Somebody who is a member
// elsewhere joins with the password they have, and shows that they have it; without one they do not join: whoever makes an
// invitation has its code, too, and would be that person with it. No organization can change what opens another one, and
// whoever made an account in somebody's name does not get in with it where that person is invited.

import { checkEmail, checkTitle } from '../../domain/email.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { Secret } from '../../domain/secret.ts'
import { codeKind } from '../../domain/token.ts'
import {
  type Organization,
  type PeopleChanges,
  type Person,
  PLACEHOLDER_EMAIL,
} from '../../identity/identity.ts'
import { sha256 } from '../../lib/digest.ts'
import type { InvitationRow } from '../../store/people-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { changedMeanwhile } from '../find.ts'
import { mustBeBrowser, openSession } from '../sessions/opening.ts'
import type { SecondFactors } from '../sessions/second-factors.ts'
import { rolesWithin } from '../tokens.ts'
import type { Control, Visitor } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { recordFailure } from './by-password.ts'
import { BY_SERVER, belongsElsewhere, isOnlyOurs } from './invitations.ts'
import { checkNewPassword, type Limits } from './limits.ts'
import { deedOf, deedOfNobody } from './records.ts'
import { handedOver, makeTerminalToken, withFreeName } from './terminal-token.ts'

const ASK_AGAIN = 'Ask whoever sent it for a new one.'

// What the person gave; the hash is of a password that was checked.
interface Given {
  readonly name: string | undefined
  readonly email: string | undefined
  readonly hash: string | null
  /** Id of the person whose password it is already. */
  readonly provenId: string | null
}

export function createAcceptingUseCases(
  workshop: Workshop,
  limits: Pick<Limits, 'passwords' | 'guesses'>,
  factors: SecondFactors,
): Pick<Control, 'invitations.describe' | 'invitations.accept'> {
  const { identity, store, now } = workshop

  async function usable(code: string): Promise<{ row: InvitationRow; organization: Organization }> {
    if (codeKind(code) !== 'join') throw noInvitation()
    const row = await store.invitations.findByDigest(sha256(code))
    const organization = row && (await identity.organization(row.organizationId))
    if (!row || !organization) throw noInvitation()
    mustBeOpen(row, now())
    const lookUp = (id: string) => identity.person(row.organizationId, id)
    await mustBeMadeByOneWhoMay(row, lookUp)
    await mustNotOpenOthers(workshop, row)
    return { row, organization }
  }

  // Inside the unit: nobody else has used the code when this returns.
  async function use(unit: StoreGroups, row: InvitationRow): Promise<void> {
    if (await unit.invitations.use(row.id, now())) return
    const found = await unit.invitations.findByDigest(row.digest)
    if (found) mustBeOpen(found, now())
    throw noInvitation()
  }

  return {
    async 'invitations.describe'(_, { code }) {
      const { row, organization } = await usable(code)
      const { kind, role, expiresAt } = row
      const email = (await emailNow(workshop, row)) ?? row.email
      const givesEmail = kind === 'sign-in' && email === PLACEHOLDER_EMAIL
      return { kind, organization: organization.name, email, role, givesEmail, expiresAt: rfc3339(expiresAt) }
    },
    async 'invitations.accept'(visitor, input) {
      const { code, name, password, email, token, client = 'terminal' } = input
      if (input.session) mustBeBrowser(visitor)
      if (password !== undefined) checkNewPassword(password)
      const checked = {
        name: name === undefined ? undefined : checkTitle(name),
        email: email === undefined ? undefined : checkEmail(email),
      }
      const { row, organization } = await usable(code)
      mustBeComplete(row, name, password)
      const { hash, provenId } = await weigh(workshop, limits, visitor, row, password)
      const given = { ...checked, hash, provenId }
      const session = await signsIn({ workshop, factors, visitor }, { row, organization, provenId }, input)
      const unit = () =>
        store.atomically(async (unit) => {
          await use(unit, row)
          const changes = identity.changing(unit)
          await mustBeMadeByOneWhoMay(row, (id) => changes.member(row.organizationId, id))
          const person =
            row.kind === 'join'
              ? await join(unit, changes, row, given)
              : await renew(workshop, unit, changes, row, given)
          await unit.signals.send('holders', person.id)
          await unit.audit.append(acceptance(row, person, visitor, now(), given))
          const made = { organization, person, role: person.role, client, by: 'an invitation' }
          const extra = token ? handedOver(await makeTerminalToken(workshop, unit, visitor, made)) : {}
          const signedIn = session ? await signIn(workshop, unit, visitor, row, { person, provenId }) : {}
          const { id, email, name, role } = person
          return { organization, person: { id, email, name, role }, signedIn: session, ...extra, ...signedIn }
        })
      return withFreeName(unit).catch(async (thrown: unknown) => {
        const isGuess = thrown instanceof ClavigerError && thrown.code === 'unauthenticated'
        if (isGuess && password !== undefined) await recordGuess(workshop, limits, visitor, row)
        throw thrown
      })
    },
  }
}

/**
 * Uses an invitation inside a unit for somebody whose e-mail an identity provider vouches for, instead of the code.
 * `provenId`: whom they have shown to be, if they are a member elsewhere. Throws `conflict` when it cannot be used any more.
 */
export async function acceptFor(
  { identity, now }: Workshop,
  unit: StoreGroups,
  visitor: Visitor,
  row: InvitationRow,
  {
    name,
    provider,
    provenId,
  }: { readonly name: string; readonly provider: string; readonly provenId: string | null },
): Promise<Person> {
  const changes = identity.changing(unit)
  if (!(await unit.invitations.use(row.id, now()))) throw over('was used already')
  await mustBeMadeByOneWhoMay(row, (id) => changes.member(row.organizationId, id))
  const given = { name, email: undefined, hash: null, provenId }
  const person = await join(unit, changes, row, given)
  await unit.signals.send('holders', person.id)
  await unit.audit.append(acceptance(row, person, visitor, now(), given, provider))
  return person
}

// What the password will be, and whose it is already. A guess at somebody's password is a guess wherever it is made.
async function weigh(
  { identity }: Workshop,
  limits: Pick<Limits, 'passwords'>,
  visitor: Visitor,
  row: InvitationRow,
  password: string | undefined,
): Promise<Pick<Given, 'hash' | 'provenId'>> {
  if (password === undefined) return { hash: null, provenId: null }
  const secret = new Secret(password)
  const hash = await identity.hashPassword(secret)
  if (row.kind !== 'join') return { hash, provenId: null }
  limits.passwords(visitor, row.email, row.id)
  return { hash, provenId: await identity.checkPassword(row.email, secret) }
}

// A wrong password is written down where its person belongs, and here; after a few the code is good for nothing.
async function recordGuess(
  workshop: Workshop,
  { guesses }: Pick<Limits, 'guesses'>,
  visitor: Visitor,
  row: InvitationRow,
): Promise<void> {
  const { store, now } = workshop
  const action = 'invitation.accept'
  await recordFailure(workshop, visitor, row.email, 'wrong password', { action })
  const isOver = guesses(row.id)
  const deed = { organizationId: row.organizationId, at: now(), object: invitationObject(row) }
  await store.atomically(async (unit) => {
    const details = { reason: 'wrong password' }
    await unit.audit.append(deedOfNobody(visitor, { ...deed, action, outcome: 'refused', details }))
    if (!isOver || !(await unit.invitations.revoke(row.organizationId, row.id, now()))) return
    const why = { reason: 'too many wrong passwords' }
    await unit.audit.append(deedOfNobody(visitor, { ...deed, action: 'invitation.revoke', details: why }))
  })
}

// Whether the browser is signed in with it. Somebody with a second factor sets the password all the same; what lets them in
// is for whoever shows the code.
async function signsIn(
  { workshop, factors, visitor }: { workshop: Workshop; factors: SecondFactors; visitor: Visitor },
  {
    row,
    organization,
    provenId,
  }: { row: InvitationRow; organization: Organization; provenId: string | null },
  { token, session, secondFactor }: Parameters<Control['invitations.accept']>[1],
): Promise<boolean> {
  const id = row.personId ?? provenId
  if (id === null || !(token || session) || !(await factors.isOn(id))) return session
  if (secondFactor === undefined && !token) return false
  const email = (await emailNow(workshop, row)) ?? row.email
  const person = { id, email, name: '', role: 'member', teams: [] } as const
  await factors.mustBeShown(visitor, { organization, person }, secondFactor, { action: 'invitation.accept' })
  return session
}

async function signIn(
  workshop: Workshop,
  unit: StoreGroups,
  visitor: Visitor,
  { organizationId, kind }: InvitationRow,
  { person, provenId }: { readonly person: Person; readonly provenId: string | null },
) {
  const joined = provenId === person.id ? 'password' : 'invitation'
  const method = kind === 'join' ? joined : 'sign-in link'
  const { cookie } = await openSession(workshop, unit, visitor, { organizationId, person, method })
  return { cookie }
}

// Whoever was signed in with the one before is to be out.
async function setPassword(
  { sessions }: Pick<StoreGroups, 'sessions'>,
  changes: PeopleChanges,
  personId: string,
  hash: string | null,
): Promise<void> {
  await changes.setPassword(personId, hash)
  await sessions.end({ personId })
}

async function join(
  unit: StoreGroups,
  changes: PeopleChanges,
  row: InvitationRow,
  { name, email, hash, provenId }: Given,
): Promise<Person> {
  if (email !== undefined && email !== row.email) throw noOtherEmail()
  const known = await changes.account(row.email)
  const elsewhere = known !== undefined && known.organizations.length > 0
  const isMember = known?.organizations.includes(row.organizationId)
  if (elsewhere && !isMember && provenId !== known.id)
    throw known.hasPassword ? notTheirPassword(row.email) : needsPassword(row.email)
  const teams: string[] = []
  // A team may be gone since; that is no reason to keep somebody out.
  for (const slug of row.teams) if (await changes.team(row.organizationId, slug)) teams.push(slug)
  const role = row.role === 'agent' || row.role === 'worker' ? 'member' : row.role
  const added = await changes.addMember(row.organizationId, {
    email: row.email,
    name: name ?? '',
    role,
    teams,
  })
  // Somebody else has made the account at the same moment: what opens it is to be looked at.
  if (!added.isNew && known === undefined) throw changedMeanwhile(row.email)
  // Who is a member nowhere begins anew: whoever let them in once may still know what opened the account.
  if (!elsewhere) {
    if (hash !== null || known?.hasPassword) await setPassword(unit, changes, added.id, hash)
    await unit.secondFactors.remove(added.id)
    await changes.unlinkAccounts(added.id)
  }
  return added
}

async function renew(
  workshop: Workshop,
  unit: StoreGroups,
  changes: PeopleChanges,
  row: InvitationRow,
  { name, email, hash }: Given,
): Promise<Person> {
  const person = await changes.member(row.organizationId, row.personId ?? '')
  if (!person) throw over('is for somebody who is no member any more')
  // Looked at again, now that they join nothing else until the unit has ended.
  const elsewhere = (await changes.account(person.email))?.organizations.some(
    (id) => id !== row.organizationId,
  )
  if (elsewhere && !opensOthers(workshop, row, await changes.member(row.organizationId, row.createdBy)))
    throw belongsElsewhere(row.email)
  const isPlaceholder = person.email === PLACEHOLDER_EMAIL
  if (email !== undefined && email !== person.email && !isPlaceholder) throw noOtherEmail()
  const changed = { ...(email !== undefined && { email }), ...(name !== undefined && { name }) }
  if (Object.keys(changed).length > 0) await changes.setProfile(person.id, changed)
  if (hash !== null) await setPassword(unit, changes, person.id, hash)
  return { ...person, ...changed }
}

// A code is worth what its maker may still do: somebody who was shown out leaves no back door.
async function mustBeMadeByOneWhoMay(
  row: InvitationRow,
  lookUp: (id: string) => Promise<Person | undefined>,
): Promise<void> {
  if (row.createdBy === BY_SERVER) return
  const maker = await lookUp(row.createdBy)
  const target = row.personId === null ? undefined : await lookUp(row.personId)
  const manages = maker?.role === 'owner' || maker?.role === 'admin'
  if (manages && rolesWithin(maker.role).includes(target?.role ?? row.role)) return
  throw over('was made by somebody who may not do that any more')
}

// The member may have joined another organization since the link was made.
async function mustNotOpenOthers(workshop: Workshop, row: InvitationRow): Promise<void> {
  if (row.personId === null) return
  const maker = await workshop.identity.person(row.organizationId, row.createdBy)
  if (!(await isOnlyOurs(workshop, row.organizationId, row.personId, opensOthers(workshop, row, maker))))
    throw belongsElsewhere(row.email)
}

function opensOthers(
  { operatorOrganization }: Workshop,
  row: InvitationRow,
  maker: Person | undefined,
): boolean {
  const byOperator = maker?.role === 'owner' && row.organizationId === operatorOrganization
  return byOperator || row.createdBy === BY_SERVER
}

async function emailNow({ identity }: Workshop, row: InvitationRow): Promise<string | undefined> {
  return row.personId === null ? undefined : (await identity.person(row.organizationId, row.personId))?.email
}

function mustBeOpen(row: InvitationRow, now: number): void {
  if (row.usedAt !== null) throw over('was used already')
  if (row.revokedAt !== null) throw over('was revoked')
  if (row.expiresAt <= now) throw over('has expired')
}

function mustBeComplete(row: InvitationRow, name: string | undefined, password: string | undefined): void {
  if (row.kind === 'join' && name === undefined)
    throw new ClavigerError('invalid', 'A name is missing.', { hint: 'Give the name others will see.' })
  if (row.kind === 'sign-in' && password === undefined)
    throw new ClavigerError('invalid', 'A password is missing.', {
      hint: 'Choose one with 12 characters or more.',
    })
}

function acceptance(
  row: InvitationRow,
  person: Person,
  visitor: Visitor,
  at: number,
  { hash }: Given,
  provider?: string,
) {
  const details = {
    invitation: row.id,
    ...(row.kind === 'join' ? { role: person.role, teams: person.teams.join(', ') } : {}),
    password: hash === null ? 'not given' : 'given',
    ...(provider !== undefined && { shownBy: provider }),
  }
  return deedOf(person, visitor, {
    organizationId: row.organizationId,
    at,
    action: row.kind === 'join' ? 'invitation.accept' : 'member.signInLink',
    object: { kind: 'member', id: person.id, name: printable(person.email) },
    details,
  })
}

function invitationObject({ id, email }: InvitationRow) {
  return { kind: 'invitation', id, name: printable(email) }
}

function over(what: string): ClavigerError {
  return new ClavigerError('conflict', `This invitation ${what}.`, { hint: ASK_AGAIN })
}

function noInvitation(): ClavigerError {
  return new ClavigerError('not_found', 'This is no invitation of this server.', {
    hint: 'Check that the whole link was copied.',
  })
}

function notTheirPassword(email: string): ClavigerError {
  return new ClavigerError('unauthenticated', `${printable(email)} has a password on this server already.`, {
    hint: 'Type that one. If you never chose one, somebody else did: ask to be invited with another e-mail.',
  })
}

function needsPassword(email: string): ClavigerError {
  return new ClavigerError(
    'unauthenticated',
    `${printable(email)} is known to this server without a password.`,
    {
      hint: 'Choose one there first: sign in as you do and set it, or ask an admin there for a link. Then type it here. If that was never you, ask to be invited with another e-mail.',
    },
  )
}

function noOtherEmail(): ClavigerError {
  return new ClavigerError('invalid', 'The e-mail cannot be changed here.', { hint: 'Leave it out.' })
}
