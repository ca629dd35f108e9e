// The token of the first person, kept in a file beside the database so that a command line on the same machine needs no
// login. Whoever can start the server on its state directory is its operator: without the file, a new token is made.

import type { AuditEntry } from '../domain/audit.ts'
import { Secret } from '../domain/secret.ts'
import { formatToken } from '../domain/token.ts'
import type { FirstPeople } from '../identity/identity.ts'
import { sha256 } from '../lib/digest.ts'
import { newId } from '../lib/id.ts'
import type { TokenRow } from '../store/store.ts'
import { tokenRow } from './tokens.ts'
import type { Ports } from './use-case.ts'

const NAME = 'admin'

/** Where the token lies; `write` must be durable and for its owner only. */
export interface TokenFile {
  /** SHA-256 of the token in it, in hex; null when there is no file, or no token in it. */
  digest(): Promise<string | null>
  write(token: Secret): Promise<void>
}

/**
 * Sees to it that the file holds a token. The file is written before the row, so that a start cut short between the two
 * is completed by the next; a token somebody revoked stays revoked.
 */
export async function ensureAdminToken(
  ports: Pick<Ports, 'store' | 'now' | 'random'>,
  { organization, owner }: FirstPeople,
  file: TokenFile,
): Promise<void> {
  const kept = await file.digest()
  if (kept !== null && (await ports.store.tokens.findByDigest(kept))) return
  const digest = kept ?? (await writeNew(ports, file))
  const caller = { organizationId: organization.id, id: owner.id, name: owner.email }
  const createdAt = ports.now()
  const row = tokenRow(caller, { name: NAME, role: 'owner', digest, createdAt, expiresAt: null })
  await ports.store.atomically(async (unit) => {
    await unit.tokens.revoke(organization.id, NAME, createdAt)
    await unit.audit.append(madeEntry(row))
    await unit.tokens.insert(row)
  })
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
