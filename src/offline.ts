// What is done to an installation while no server runs on it: backups, restoring them, moving house. Beside main.ts the
// only file that names implementations.

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CliDependencies } from './cli/dependencies.ts'
import type { ServerSettings } from './config.ts'
import { carryOut } from './control/backup/moving.ts'
import { readHeader } from './control/backup/reading.ts'
import { restoreBackup } from './control/backup/restoring.ts'
import { backupOf } from './control/backup/writing.ts'
import { ClavigerError } from './domain/errors.ts'
import { PASSING_TABLES, peopleMigrations } from './identity/better-auth.ts'
import { prepareStateDirectory } from './server/state-directory.ts'
import { engineOf } from './store/sql/sql-store.ts'
import { openMove, takeBack } from './store/sql/transfer/move.ts'
import { emptyPlaceAt } from './store/sql/transfer/restore.ts'
import { openSnapshot } from './store/sql/transfer/snapshot.ts'
import { PASSING } from './store/transfer.ts'
import { createVault } from './vault/envelope.ts'
import { findMasterKeys, masterKeySources } from './vault/keys/master-key.ts'
import type { Vault } from './vault/vault.ts'

// What the audit log has seen of this installation; a database that went back in time on purpose is no surprise.
const AUDIT_SEEN = 'audit-seen.json'

type Offline = Awaited<ReturnType<CliDependencies['offline']>>

/** `program` is its version. */
export function createOffline(program: string): Offline {
  return {
    async backUp(settings) {
      const vault = vaultOf(settings)
      const snapshot = await openSnapshot({
        url: settings.databaseUrl,
        without: [...PASSING_TABLES, ...PASSING],
      })
      return backupOf(snapshot, { vault, program, at: Date.now() })
    },
    async restore(settings, file) {
      const { keyId } = await readHeader(file)
      const { stateDirectory, databaseUrl: url } = settings
      mustHaveKey(settings, keyId)
      const place = emptyPlaceAt({
        url,
        extraMigrations: peopleMigrations(engineOf(url)),
        beforeKeeping: () => rm(join(stateDirectory, AUDIT_SEEN), { force: true }),
      })
      const checked = () => prepareStateDirectory(stateDirectory)
      return restoreBackup({ file, place, vault: vaultOf(settings, keyId), now: () => Date.now(), checked })
    },
    async migrate(settings, { from, to }, progress) {
      const vault = vaultOf(settings)
      const move = await openMove({ from, to, extraMigrations: peopleMigrations(engineOf(to)) })
      try {
        return await carryOut(move, vault, progress)
      } finally {
        await move.close()
      }
    },
    takeBack,
  }
}

// Never makes a key: a new one could not open anything. Of several, the one with the id `current` is put first: a backup
// made before re-keying is under an older one.
function vaultOf(settings: ServerSettings, current?: string): Vault {
  const { keys } = findMasterKeys(masterKeySources(settings), true)
  const vault = createVault(...keys)
  const older = keys[vault.keyIds.indexOf(current ?? vault.keyId)]
  if (older !== undefined) vault.use(older, ...keys.filter((key) => key !== older))
  return vault
}

function mustHaveKey(settings: ServerSettings, keyId: string): void {
  const { value, file, defaultFile } = masterKeySources(settings)
  const path = file ?? defaultFile
  if (value !== null || existsSync(path)) return
  throw new ClavigerError(
    'unavailable',
    `A backup does not contain the master key, and there is none at ${path}.`,
    {
      hint: `Put the key with id ${keyId} there (mode 0600), or name it: CLAVIGER_MASTER_KEY_FILE=FILE. Without it nothing in the backup opens.`,
    },
  )
}
