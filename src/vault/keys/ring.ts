// The master keys of a running server, and how they are exchanged: in their file first, durably, then in the vault.

import { randomBytes } from 'node:crypto'
import { ClavigerError } from '../../domain/errors.ts'
import type { EnvelopeVault } from '../envelope.ts'
import type { KeyRing } from '../vault.ts'
import { replaceKeyFile } from './file.ts'
import type { FoundMasterKeys } from './master-key.ts'
import type { MasterKeys } from './parse.ts'

// How long a request may still hold what it had read before everything was under the current key, in milliseconds.
const STILL_OPENS = 5 * 60_000

/** The ring of these keys; the vault wraps and opens with them already. */
export function createKeyRing(
  vault: EnvelopeVault,
  { keys: found, source, ownFile }: FoundMasterKeys,
  stillOpens = STILL_OPENS,
): KeyRing {
  let keys = found

  function change(next: MasterKeys): void {
    if (ownFile === null) throw new ClavigerError('internal', 'These master keys are not ours to change.')
    replaceKeyFile(ownFile, keys, next)
    keys = next
  }

  return {
    source,
    ours: ownFile !== null,
    renew() {
      change([randomBytes(32), ...keys])
      vault.use(...keys)
    },
    forgetOlder() {
      if (keys.length > 1) change([keys[0]])
      const drop = () => vault.use(...keys)
      if (stillOpens === 0) drop()
      else setTimeout(drop, stillOpens).unref()
    },
  }
}
