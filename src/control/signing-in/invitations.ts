// Invitations and sign-in links: made by those who manage people, shown once, kept as digests. Nobody makes one that is
// worth more than they are.

import type { Output } from '../../api/schemas.ts'
import { type Caller, may, type Role } from '../../domain/caller.ts'
import { checkEmail } from '../../domain/email.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { Secret } from '../../domain/secret.ts'
import { formatCode } from '../../domain/token.ts'
import { type FirstPeople, type Person, PLACEHOLDER_EMAIL } from '../../identity/identity.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/id.ts'
import type { InvitationRow } from '../../store/people-groups.ts'
import { type Act, absent } from '../guard.ts'
import { findMember } from '../people/members.ts'
import { rolesWithin } from '../tokens.ts'
import type { Control, Ports } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { deedOf } from './records.ts'

const LINK_LIFE_MS = 86_400_000

/** Stands for the server itself among those who make invitations. */
export const BY_SERVER = 'serve'

type Names = 'invitations.create' | 'invitations.list' | 'invitations.revoke' | 'members.link'

export function createInvitationUseCases(workshop: Workshop): Pick<Control, Names> {
  const { guard, store, identity, now } = workshop

  // Whatever was sent to the same person before is worth nothing any more: the newest link is the one that works.
  async function issue(caller: Caller, made: MadeInvitation, action: string) {
    const { row, code } = made
    await guard.perform(caller, async (unit, authorize) => {
      await authorize(act(action, row, { role: row.role, expires: rfc3339(row.expiresAt) }))
      for (const { id, kind, email } of await unit.invitations.list(caller.organizationId, now())) {
        if (kind === row.kind && email === row.email)
          await unit.invitations.revoke(caller.organizationId, id, now())
      }
      await unit.invitations.insert(row)
    })
    return { ...view(row, caller.name), code: new Secret(code), link: linkOf(workshop, code) }
  }

  return {
    async 'invitations.create'(caller, { email: given, role, teams, expiresInSeconds }) {
      const email = checkEmail(given)
      mustBeWithin(caller, role, `you cannot invite somebody as ${role}`)
      if (await identity.findByEmail(caller.organizationId, email)) throw memberAlready(email)
      if (email.toLowerCase() === PLACEHOLDER_EMAIL) throw nobodys(email)
      const known = await identity.teams(caller.organizationId)
      for (const slug of teams) if (!known.includes(slug)) throw absent('team', slug)
      const about = { kind: 'join', email, role, teams: [...new Set(teams)], personId: null } as const
      const made = make(workshop, caller.organizationId, caller.id, {
        ...about,
        lifeMs: expiresInSeconds * 1000,
      })
      return issue(caller, made, 'invitation.create')
    },
    async 'members.link'(caller, { member }) {
      const { organizationId } = caller
      const person = await findMember(workshop, caller, member)
      mustBeWithin(caller, person.role, `theirs is ${person.role}`)
      if (!(await isOnlyOurs(workshop, organizationId, person.id, may(caller, 'operate'))))
        throw belongsElsewhere(person.email)
      return issue(caller, make(workshop, organizationId, caller.id, linkFor(person)), 'member.link')
    },
    async 'invitations.list'(caller) {
      const rows = await store.invitations.list(caller.organizationId, now())
      const emails = new Map(
        (await identity.members(caller.organizationId)).map(({ id, email }) => [id, email]),
      )
      return { invitations: rows.map((row) => view(row, emails.get(row.createdBy) ?? row.createdBy)) }
    },
    'invitations.revoke': (caller, { id }) =>
      guard.perform(caller, async (unit, authorize) => {
        const rows = await unit.invitations.list(caller.organizationId, now())
        const row = rows.find((one) => one.id === id)
        if (!row) throw absent('invitation', id)
        await authorize(act('invitation.revoke', row))
        return { revoked: await unit.invitations.revoke(caller.organizationId, id, now()) }
      }),
  }
}

/** The link with which the first person gives their e-mail and password: made at the first start, shown once. */
export async function makeFirstLink(
  ports: Pick<Ports, 'store' | 'now' | 'random' | 'publicUrl'>,
  { organization, owner }: FirstPeople,
): Promise<Secret> {
  const { row, link } = newSignInLink(ports, organization.id, owner)
  const server = { address: 'this machine', requestId: '' }
  await ports.store.atomically(async (unit) => {
    const deed = {
      organizationId: organization.id,
      at: row.createdAt,
      action: 'member.link',
      object: { kind: 'member', id: owner.id, name: owner.email },
      details: { by: 'claviger serve', expires: rfc3339(row.expiresAt) },
    }
    await unit.audit.append(deedOf({ id: BY_SERVER, email: 'claviger serve' }, server, deed))
    await unit.invitations.insert(row)
  })
  return link
}

/** A link that the server itself answers for, and its row, which is to be stored. */
export function newSignInLink(
  ports: Pick<Ports, 'now' | 'random' | 'publicUrl'>,
  organizationId: string,
  person: Person,
): { row: InvitationRow; link: Secret } {
  const { row, code } = make(ports, organizationId, BY_SERVER, linkFor(person))
  return { row, link: linkOf(ports, code) }
}

/**
 * Whether a link of this organization may set the password of this person: it opens every organization they are in. Who
 * operates the installation may for everybody.
 */
export async function isOnlyOurs(
  { identity }: Pick<Ports, 'identity'>,
  organizationId: string,
  personId: string,
  byOperator: boolean,
): Promise<boolean> {
  const all = await identity.organizationsOf(personId)
  return byOperator || all.every(({ id }) => id === organizationId)
}

/** The error for a sign-in link of a person who is in another organization, too. */
export function belongsElsewhere(email: string): ClavigerError {
  return new ClavigerError('forbidden', `${printable(email)} does not belong to this organization alone.`, {
    hint: 'Their password is for all of them: only an owner of the organization that operates this server makes a link.',
  })
}

interface MadeInvitation {
  readonly row: InvitationRow
  readonly code: string
}

type About = Pick<InvitationRow, 'kind' | 'email' | 'role' | 'teams' | 'personId'> & {
  readonly lifeMs: number
}

function make(
  { now, random }: Pick<Ports, 'now' | 'random'>,
  organizationId: string,
  createdBy: string,
  { lifeMs, ...about }: About,
): MadeInvitation {
  const code = formatCode('join', random(48))
  const createdAt = now()
  const times = { createdAt, expiresAt: createdAt + lifeMs, usedAt: null, revokedAt: null }
  const row = { id: newId('inv'), organizationId, createdBy, digest: sha256(code), ...about, ...times }
  return { row, code }
}

function linkFor({ id, email, role }: Person): About {
  return { kind: 'sign-in', email, role, teams: [], personId: id, lifeMs: LINK_LIFE_MS }
}

// From the configuration and never from a request: whoever asks does not choose where others are sent. What stands behind
// the # reaches no server, and so no log of one.
function linkOf({ publicUrl }: Pick<Ports, 'publicUrl'>, code: string): Secret {
  return new Secret(`${publicUrl()}/join#${code}`)
}

function mustBeWithin({ role: own }: Caller, role: Role, what: string): void {
  if (rolesWithin(own).includes(role)) return
  throw new ClavigerError('forbidden', `Your role is ${own}; ${what}.`, {
    hint: `Within yours is: ${rolesWithin(own).join(', ')}.`,
  })
}

function nobodys(email: string): ClavigerError {
  return new ClavigerError('invalid', `${printable(email)} is nobody's e-mail.`, {
    hint: 'The first owner has it until they give their own.',
  })
}

function memberAlready(email: string): ClavigerError {
  return new ClavigerError('conflict', `${printable(email)} is a member already.`, {
    hint: `For a new password: claviger admin members link ${printable(email)}`,
  })
}

function act(action: string, row: InvitationRow, details: Record<string, string> = {}): Act {
  const isLink = row.personId !== null && action === 'member.link'
  return {
    action,
    needs: { general: 'managePeople' },
    object: isLink
      ? { kind: 'member', id: row.personId ?? '', name: row.email }
      : { kind: 'invitation', id: row.id, name: row.email },
    details,
  }
}

function view(row: InvitationRow, createdBy: string): Output<'invitations.list'>['invitations'][number] {
  const { id, kind, email, role, teams, createdAt, expiresAt } = row
  const times = { createdAt: rfc3339(createdAt), expiresAt: rfc3339(expiresAt) }
  return { id, kind, email, role, teams: [...teams], createdBy, ...times }
}
