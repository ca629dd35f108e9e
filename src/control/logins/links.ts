// Links that let one person sign in again for one credential, once. A link lets nobody in: whoever opens it is signed in
// here as themselves, and it is good for the person it was made for only, for as long as whoever made it could do the same.

import { type Caller, mayCredential } from '../../domain/caller.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { parseOwner } from '../../domain/owner.ts'
import { Secret } from '../../domain/secret.ts'
import { codeKind, formatCode } from '../../domain/token.ts'
import type { Person } from '../../identity/identity.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/id.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'
import { findCredential, manage } from '../find.ts'
import type { Act } from '../guard.ts'
import { findMember } from '../people/members.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'

/** What is kept of a link, under the digest of its code. */
interface LoginLink {
  readonly id: string
  readonly organizationId: string
  readonly credentialId: string
  /** The person it is for; null: whoever may manage the credential. */
  readonly personId: string | null
  /** Id of the person who made it. */
  readonly by: string
  readonly expiresAt: number
  readonly usedAt: number | null
}

const PREFIX = 'login-link:'
const REMEMBERED_MS = 7 * 24 * 3_600_000

export function createLinkUseCases(
  workshop: Workshop,
): Pick<Control, 'loginLinks.create' | 'loginLinks.describe'> {
  return {
    'loginLinks.create': (caller, input) => create(workshop, caller, input),
    'loginLinks.describe': async (caller, { code }) => {
      const { link, row } = await openLink(workshop, caller, code)
      return {
        credential: { id: row.id, name: row.name, type: row.type, owner: row.owner },
        account: row.shown['email'] ?? null,
        expiresAt: rfc3339(link.expiresAt),
        methods: [...(workshop.signInOf(row.type)?.methods ?? [])],
      }
    },
  }
}

type Create = Parameters<Control['loginLinks.create']>[1]

async function create(workshop: Workshop, caller: Caller, { id, member, expiresInSeconds }: Create) {
  const { guard, store, now, random, publicUrl } = workshop
  const found = await findCredential(store, caller, id)
  await guard.check(caller, await manage(store, caller, 'login.link', found))
  if (CREDENTIAL_TYPES[found.type].entry !== 'sign-in') {
    throw new ClavigerError('invalid', `${found.name} is no login: nobody signs in for it.`, {
      hint: 'Give it a new value instead.',
    })
  }
  const person = await personFor(workshop, caller, found, member)
  const code = formatCode('relogin', random(48))
  const at = now()
  const link: LoginLink = {
    ...{ id: newId('link'), organizationId: caller.organizationId, credentialId: id },
    ...{ personId: person?.id ?? null, by: caller.id, expiresAt: at + expiresInSeconds * 1000, usedAt: null },
  }
  await guard.perform(caller, async (unit, authorize) => {
    const row = await findCredential(unit, caller, id)
    const details = {
      link: link.id,
      for: person?.email ?? 'whoever manages it',
      expires: rfc3339(link.expiresAt),
    }
    await authorize(await manage(unit, caller, 'login.link', row, details))
    await forgetOld(unit, at)
    await unit.installation.put(nameOf(code), JSON.stringify(link))
  })
  return {
    id: link.id,
    // Behind the sign: it is sent to no server, and stands in no log.
    link: new Secret(`${publicUrl()}/sign-in-again#${code}`),
    member: person && { id: person.id, email: person.email },
    expiresAt: rfc3339(link.expiresAt),
  }
}

// A person's own login is for that person, whoever is named.
async function personFor(
  workshop: Workshop,
  caller: Caller,
  { owner: text }: CredentialRow,
  member: string | undefined,
): Promise<Person | null> {
  const owner = parseOwner(text)
  if (owner.kind === 'user') return findMember(workshop, caller, owner.id)
  return member === undefined ? null : findMember(workshop, caller, member)
}

function nameOf(code: string): string {
  return `${PREFIX}${sha256(code)}`
}

async function forgetOld({ installation }: Pick<StoreGroups, 'installation'>, now: number): Promise<void> {
  for (const [name, text] of Object.entries(await installation.beginningWith(PREFIX)))
    if ((JSON.parse(text) as LoginLink).expiresAt < now - REMEMBERED_MS) await installation.remove(name)
}

/** A link that this caller may use now, and the credential it is for. Throws what is wrong with it, after recording that. */
export async function openLink(
  workshop: Workshop,
  caller: Caller,
  code: string,
): Promise<{ link: LoginLink; row: CredentialRow; act: Act }> {
  const { store, identity, guard, now } = workshop
  const text = codeKind(code) === 'relogin' ? await store.installation.get(nameOf(code)) : undefined
  const link = text === undefined ? undefined : (JSON.parse(text) as LoginLink)
  const isOurs = link?.organizationId === caller.organizationId
  const row = isOurs ? await store.credentials.get(caller.organizationId, link.credentialId) : undefined
  if (!isOurs || row === undefined) throw gone()
  const maker = await identity.person(caller.organizationId, link.by)
  const fault = faultOf(caller, link, now()) ?? makerFault(maker, row)
  const act = await linkAct(store, caller, 'login.open', row, { link, fault })
  await guard.check(caller, act)
  return { link, row, act: await linkAct(store, caller, 'login.start', row, { link, fault }) }
}

/** In the unit of the sign-in that it is used for: it is good no more. Throws `conflict` when it was used meanwhile. */
export async function useUp(
  { installation }: Pick<StoreGroups, 'installation'>,
  link: LoginLink,
  code: string,
  at: number,
): Promise<void> {
  const used: LoginLink = { ...link, usedAt: at }
  if (!(await installation.swap(nameOf(code), JSON.stringify(link), JSON.stringify(used))))
    throw usedAlready()
}

/** The act of storing what a sign-in by a link has brought. The right of whoever made it is looked at again. */
export async function landByLink(
  { identity }: Pick<Workshop, 'identity'>,
  unit: StoreGroups,
  caller: Caller,
  row: CredentialRow,
  landing: { readonly by: string; readonly account: string },
): Promise<Act> {
  const maker = await identity.changing(unit).member(caller.organizationId, landing.by)
  return {
    action: 'credential.sign-in',
    needs: { code: makerFault(maker, row) },
    object: { kind: 'credential', id: row.id, name: row.name },
    details: { owner: row.owner, type: row.type, account: landing.account, by: 'a link' },
  }
}

async function linkAct(
  store: StoreGroups,
  caller: Caller,
  action: string,
  row: CredentialRow,
  { link, fault }: { readonly link: LoginLink; readonly fault: ClavigerError | null },
): Promise<Act> {
  const details = { link: link.id }
  // One that is for nobody in particular gives no right: it shows the way to those who have it.
  if (fault === null && link.personId === null) return manage(store, caller, action, row, details)
  const object = { kind: 'credential', id: row.id, name: row.name }
  return { action, needs: { code: fault }, object, details: { owner: row.owner, type: row.type, ...details } }
}

function faultOf(caller: Caller, link: LoginLink, now: number): ClavigerError | null {
  if (link.personId !== null && (caller.kind !== 'person' || caller.id !== link.personId)) {
    return new ClavigerError('forbidden', 'This link is for somebody else.', {
      hint: 'Sign in as the person it was sent to.',
    })
  }
  if (link.usedAt !== null) return usedAlready()
  if (link.expiresAt > now) return null
  return new ClavigerError('conflict', 'This link has expired.', { hint: ASK })
}

function makerFault(maker: Person | undefined, row: CredentialRow): ClavigerError | null {
  if (maker !== undefined && mayManage(maker, row)) return null
  return new ClavigerError(
    'forbidden',
    'Whoever made this link may not look after the credential any more.',
    {
      hint: ASK,
    },
  )
}

function mayManage({ id, email, role, teams }: Person, row: CredentialRow): boolean {
  const nobody = { operator: false, tokenId: null, leaseId: null, agent: null, requestId: '' }
  const maker: Caller = {
    organizationId: row.organizationId,
    kind: 'person',
    id,
    name: email,
    role,
    teams,
    ...nobody,
  }
  return mayCredential(maker, 'manage', parseOwner(row.owner))
}

const ASK = 'Ask whoever sent it for another one.'

function usedAlready(): ClavigerError {
  return new ClavigerError('conflict', 'This link was used already.', { hint: ASK })
}

function gone(): ClavigerError {
  return new ClavigerError('not_found', 'There is no such link.', { hint: ASK })
}
