// The token of the first person, kept in a file beside the database so that a command line on the same machine needs no
// login. Whoever can start the server on its state directory is its operator: without the file, a new token is made.

import type { AuditEntry } from '../domain/audit/entry.ts'
import { asClavigerError } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'
import { formatToken } from '../domain/token.ts'
import type { FirstPeople } from '../identity/identity.ts'
import { sha256 } from '../lib/digest.ts'
import { newId } from '../lib/id.ts'
import type { StoreGroups, TokenRow } from '../store/store.ts'
import { tokenRow } from './tokens.ts'
import type { Ports } from './use-case.ts'

const NAME = 'admin'
// Fact about the installation: whose file holds the token of that name.
const FIRST_PLACE = 'admin-token-place'
// Servers that start at the same time may be after the same name.
const MAX_TRIES = 5

/** Where the token lies; `write` must be durable and for its owner only. */
export interface TokenFile {
  /** SHA-256 of the token in it, in hex; null when there is no file, or no token in it. */
  digest(): Promise<string | null>
  write(token: Secret): Promise<void>
}

/**
 * Sees to it that the file holds a token. The file is written before the row, so that a start cut short between the two
 * is completed by the next; a token somebody revoked stays revoked. `place` tells the state directories of the servers
 * of one database apart, and is null where there can be one only: the first one's token is `admin`, any other's
 * `admin-PLACE`. A new token takes the place of the earlier one of its name, and of no other.
 */
export async function ensureAdminToken(
  ports: Pick<Ports, 'store' | 'now' | 'random'>,
  people: FirstPeople,
  file: TokenFile,
  place: string | null,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await ensureOnce(ports, people, file, place)
      return
    } catch (thrown) {
      if (tries === MAX_TRIES || asClavigerError(thrown).code !== 'conflict') throw thrown
    }
  }
}

async function ensureOnce(
  ports: Pick<Ports, 'store' | 'now' | 'random'>,
  { organization, owner }: FirstPeople,
  file: TokenFile,
  place: string | null,
): Promise<void> {
  const kept = await file.digest()
  if (kept !== null && (await ports.store.tokens.findByDigest(kept))) return
  const digest = kept ?? (await writeNew(ports, file))
  const caller = { organizationId: organization.id, id: owner.id, name: owner.email }
  const createdAt = ports.now()
  await ports.store.atomically(async (unit) => {
    const rows = await unit.tokens.list(organization.id)
    const live = (name: string) => rows.find((one) => one.name === name && one.revokedAt === null)
    const name = place === null ? NAME : await nameOf(place, unit, live(NAME) !== undefined)
    const old = live(name)
    if (old !== undefined) {
      await unit.tokens.revoke(organization.id, name, createdAt)
      await unit.signals.send('holders', old.id)
    }
    const row = tokenRow(caller, { name, role: 'owner', digest, createdAt, expiresAt: null })
    await unit.audit.append(madeEntry(row))
    await unit.tokens.insert(row)
  })
}

// A token of that name whose place nobody has noted came with the database from elsewhere: its file may be in use.
async function nameOf(place: string, { installation }: StoreGroups, taken: boolean): Promise<string> {
  const noted = await installation.get(FIRST_PLACE)
  const first = noted ?? (taken ? '' : await installation.putIfAbsent(FIRST_PLACE, place))
  return first === place ? NAME : `${NAME}-${place}`
}

async function writeNew({ random }: Pick<Ports, 'random'>, file: TokenFile): Promise<string> {
  const token = formatToken(random(48))
  await file.write(new Secret(token))
  return sha256(token)
}

function madeEntry(row: TokenRow): AuditEntry {
  return {
    id: newId('aud'),
    organizationId: row.organizationId,
    at: row.createdAt,
    actorKind: 'server',
    actorId: 'serve',
    actorName: 'claviger serve',
    action: 'token.create',
    objectKind: 'token',
    objectId: row.id,
    objectName: row.name,
    outcome: 'allowed',
    details: { role: row.role, expires: 'never' },
    requestId: '',
  }
}
