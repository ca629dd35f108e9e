// Restoring a backup into an empty place. What has changed since it was made is unknown: logins that rotate may have
// moved on, and runs have gone their way. So such logins are set aside until they have been tried, and leases end. What was
// restored is another installation than the one that may go on where the backup came from: it has its own fingerprint.

import type { AuditEntry } from '../../domain/audit/entry.ts'
import { type BackupHeader, newerBackup, type RestoreReport } from '../../domain/backup.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { newId } from '../../lib/id.ts'
import type { EmptyPlace } from '../../store/transfer.ts'
import type { Vault } from '../../vault/vault.ts'
import { IDENTITY_FACT } from '../operating/describing.ts'
import { openability } from './openability.ts'
import { checkBackup, readBackup } from './reading.ts'

const REASON = 'restored from a backup'

export interface RestoringOptions {
  readonly file: string
  readonly place: EmptyPlace
  readonly vault: Vault
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Called when the file was found to be good, before anything is written. */
  readonly checked: () => Promise<void>
}

/** Restores a file, or throws with what is wrong; then nothing was written. */
export async function restoreBackup({
  file,
  place,
  vault,
  now,
  checked,
}: RestoringOptions): Promise<RestoreReport> {
  const { header } = await checkBackup(file, vault)
  const unknown = place.unknown(header.migrations)
  if (unknown.length > 0) throw newerBackup(`unknown migrations: ${unknown.join(', ')}`)
  await checked()
  const rotating = Object.entries(CREDENTIAL_TYPES).filter(([, type]) => type.entry === 'sign-in')
  return place.fill(header.migrations, async (filling) => {
    const { counts } = await readBackup(file, vault, filling.insert)
    await filling.complete()
    await filling.forget(IDENTITY_FACT)
    const at = now()
    const types = rotating.map(([name]) => name)
    const quarantined = await filling.quarantine(types, REASON, at)
    const leasesEnded = await filling.endLeases(REASON, at)
    for (const organizationId of await filling.organizations()) {
      await filling.audit(entry(organizationId, header, at))
    }
    const found = await openability(filling.sealed(), vault)
    return { header, counts, quarantined, leasesEnded, ...found, place: place.name }
  })
}

// Everybody whose credentials went back in time finds it in their own log.
function entry(organizationId: string, { createdAt, engine }: BackupHeader, at: number): AuditEntry {
  return {
    ...{ id: newId('aud'), organizationId, at },
    ...{ actorKind: 'server', actorId: 'backup restore', actorName: 'claviger backup restore' },
    ...{ action: 'backup.restore', outcome: 'allowed', requestId: '' },
    ...{ objectKind: 'installation', objectId: 'installation', objectName: 'everything' },
    details: { made: createdAt, engine },
  }
}
