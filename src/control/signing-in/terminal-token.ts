// The token a terminal gets when it was let in: a person's, named after the machine, for 90 days.

import type { Role } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { holdsKey, Secret } from '../../domain/secret.ts'
import { formatToken } from '../../domain/token.ts'
import type { Organization, Person } from '../../identity/identity.ts'
import { sha256 } from '../../lib/digest.ts'
import type { StoreGroups, TokenRow } from '../../store/store.ts'
import { tokenRow } from '../tokens.ts'
import type { Ports, Visitor } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import { deedOf } from './records.ts'

const LIFE_MS = 90 * 86_400_000
const TRIES = 5

/** Somebody as the answer shows them to their own terminal. */
export type Joined = Pick<Person, 'id' | 'email' | 'name' | 'role'>

export interface TerminalToken {
  readonly secret: Secret
  readonly row: TokenRow
}

/** Whose token it is to be, in which organization, for which machine, with at most which role. */
export interface TokenFor {
  readonly organization: Organization
  readonly person: Joined
  readonly role: Role
  readonly client: string
  /** What led to it, for the audit. */
  readonly by: string
}

/** Makes and records the token inside a unit. Its name may be taken by a unit that runs at the same time: `conflict`. */
export async function makeTerminalToken(
  { now, random }: Pick<Ports, 'now' | 'random'>,
  unit: Pick<StoreGroups, 'tokens' | 'audit'>,
  visitor: Visitor,
  { organization, person, role, client, by }: TokenFor,
): Promise<TerminalToken> {
  const token = formatToken(random(48))
  const createdAt = now()
  const expiresAt = createdAt + LIFE_MS
  const name = freeName(client, await unit.tokens.list(organization.id))
  const holder = { organizationId: organization.id, id: person.id, name: person.email }
  const row = tokenRow(holder, { name, role, digest: sha256(token), createdAt, expiresAt })
  await unit.audit.append(
    deedOf(person, visitor, {
      organizationId: organization.id,
      at: createdAt,
      action: 'token.create',
      object: { kind: 'token', id: row.id, name },
      details: { role, expires: rfc3339(expiresAt), by },
    }),
  )
  await unit.tokens.insert(row)
  return { secret: new Secret(token), row }
}

/** Runs a unit that makes such a token, again when another one took its name at the same moment. */
export async function withFreeName<T>(unit: () => Promise<T>, tries = TRIES): Promise<T> {
  try {
    return await unit()
  } catch (thrown) {
    const taken = thrown instanceof ClavigerError && thrown.message.startsWith('There already is a token ')
    if (!taken || tries <= 1) throw thrown
    return withFreeName(unit, tries - 1)
  }
}

/** The parts of an answer that hand the token over. */
export function handedOver({ secret, row }: TerminalToken) {
  return {
    token: secret,
    tokenName: row.name,
    ...(row.expiresAt !== null && { tokenExpiresAt: rfc3339(row.expiresAt) }),
  }
}

/** The name of a machine as people may see it anywhere: printable, and no key that was put in the wrong place. */
export function shownClient(client: string): string {
  return holdsKey(client) || client.includes('clv_') ? 'a terminal' : printable(client)
}

function freeName(client: string, tokens: readonly TokenRow[]): string {
  const plain = shownClient(client)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, 56)
  const base = plain === '' ? 'terminal' : plain
  const taken = new Set(tokens.filter((row) => row.revokedAt === null).map((row) => row.name))
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? base : `${base}-${count}`
    if (!taken.has(name)) return name
  }
}
