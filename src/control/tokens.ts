// Our own API tokens: made for oneself, shown once, kept as a digest.

import type { Output } from '../api/schemas.ts'
import type { Caller, Role } from '../domain/caller.ts'
import { ClavigerError } from '../domain/errors.ts'
import { checkName } from '../domain/names.ts'
import { Secret } from '../domain/secret.ts'
import { formatToken } from '../domain/token.ts'
import { sha256 } from '../lib/digest.ts'
import { newId } from '../lib/id.ts'
import type { TokenRow } from '../store/store.ts'
import { mustStand } from './find.ts'
import { type Act, absent } from './guard.ts'
import type { Control } from './use-case.ts'
import { rfc3339, rfc3339OrNull } from './views.ts'
import type { Workshop } from './workshop.ts'

// Role → the roles that may do nothing it may not. Members and auditors each may something the other may not.
const WITHIN: Readonly<Record<Role, readonly Role[]>> = {
  owner: ['owner', 'admin', 'member', 'auditor'],
  admin: ['admin', 'member', 'auditor'],
  member: ['member'],
  auditor: ['auditor'],
  agent: ['agent'],
  worker: ['worker'],
}

export function createTokenUseCases(
  workshop: Workshop,
): Pick<Control, 'tokens.create' | 'tokens.list' | 'tokens.revoke' | 'whoami'> {
  const { guard, store, identity, now, random } = workshop
  return {
    async whoami(caller) {
      const organization = await identity.organization(caller.organizationId)
      if (!organization) throw absent('organization', caller.organizationId)
      const { kind, id, name, role, teams, agent, operator } = caller
      return { kind, id, name, role, organization, teams: [...teams], agent, operator }
    },
    async 'tokens.create'(caller, { name, role, expiresInSeconds }) {
      checkName(name)
      if (weaker(role, caller.role) !== role) {
        throw new ClavigerError(
          'forbidden',
          `Your role is ${caller.role}; a token of yours cannot be ${role}.`,
          { hint: `Choose what is within yours: --role ${WITHIN[caller.role].join(' or ')}` },
        )
      }
      const token = formatToken(random(48))
      const createdAt = now()
      const expiresAt = expiresInSeconds === null ? null : createdAt + expiresInSeconds * 1000
      const row = tokenRow(caller, { name, role, digest: sha256(token), createdAt, expiresAt })
      await guard.perform(caller, async (unit, authorize) => {
        await authorize(act('token.create', row, { role, expires: rfc3339OrNull(expiresAt) ?? 'never' }))
        if (caller.kind === 'person') await mustStand(identity, unit, caller, { kind: 'user', id: caller.id })
        await unit.tokens.insert(row)
      })
      return { ...tokenView(row, caller.name), token: new Secret(token) }
    },
    async 'tokens.list'(caller) {
      const rows = await store.tokens.list(caller.organizationId)
      const all = caller.role === 'owner' || caller.role === 'admin' || caller.role === 'auditor'
      const seen = rows.filter((row) => caller.leaseId === null && (all || isHolder(caller, row)))
      const names = all ? await holderNames(workshop, caller) : new Map([[caller.id, caller.name]])
      return { tokens: seen.map((row) => tokenView(row, names.get(row.holderId))) }
    },
    'tokens.revoke': (caller, { name }) =>
      guard.perform(caller, async (unit, authorize) => {
        const rows = await unit.tokens.list(caller.organizationId)
        const row = rows.find((one) => one.name === name && one.revokedAt === null)
        const mine = (row && isHolder(caller, row)) || caller.role === 'owner' || caller.role === 'admin'
        if (!row || !mine) throw absent('token', name)
        await authorize(act('token.revoke', row))
        await unit.signals.send('holders', row.id)
        return { revoked: await unit.tokens.revoke(caller.organizationId, name, now()) }
      }),
  }
}

/** The roles that may do nothing this one may not. */
export function rolesWithin(role: Role): readonly Role[] {
  return WITHIN[role]
}

// Id → e-mail or name, of all who hold tokens of the organization. Agents are called by their name everywhere.
async function holderNames(
  { identity, store }: Pick<Workshop, 'identity' | 'store'>,
  { organizationId }: Caller,
): Promise<ReadonlyMap<string, string>> {
  const people = await identity.members(organizationId)
  const workers = await store.workers.list(organizationId)
  return new Map([
    ...people.map(({ id, email }) => [id, email] as const),
    ...workers.map(({ id, name }) => [id, name] as const),
  ])
}

// An agent may have the name that is a person's id.
function isHolder({ kind, id }: Caller, { holderKind, holderId }: TokenRow): boolean {
  return holderKind === kind && holderId === id
}

/** The one of two roles that is within the other; null when neither is. */
export function weaker(a: Role, b: Role): Role | null {
  if (WITHIN[b].includes(a)) return a
  return WITHIN[a].includes(b) ? b : null
}

export interface NewToken {
  readonly name: string
  readonly role: Role
  /** SHA-256 of the token, in hex. */
  readonly digest: string
  readonly createdAt: number
  readonly expiresAt: number | null
}

/** The row of a person's token. */
export function tokenRow(caller: Pick<Caller, 'organizationId' | 'id' | 'name'>, made: NewToken): TokenRow {
  return {
    ...made,
    id: newId('tok'),
    organizationId: caller.organizationId,
    holderKind: 'person',
    holderId: caller.id,
    createdBy: caller.name,
    revokedAt: null,
    lastUsedAt: null,
  }
}

function act(action: string, row: TokenRow, details: Record<string, string> = {}): Act {
  return {
    action,
    needs: { general: 'manageTokens' },
    object: { kind: 'token', id: row.id, name: row.name },
    details,
  }
}

function tokenView(
  row: TokenRow,
  holderName: string = row.holderId,
): Output<'tokens.list'>['tokens'][number] {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    holderKind: row.holderKind,
    holder: row.holderId,
    holderName,
    createdAt: rfc3339(row.createdAt),
    expiresAt: rfc3339OrNull(row.expiresAt),
    revokedAt: rfc3339OrNull(row.revokedAt),
    lastUsedAt: rfc3339OrNull(row.lastUsedAt),
  }
}
