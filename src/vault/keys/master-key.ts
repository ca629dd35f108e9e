// Where the master key comes from: the environment, a named file, or the state directory's own file, made at first start.

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { createKeyFile, readKeyFile, removeUnfinished } from './file.ts'
import { parseMasterKey } from './parse.ts'

export interface MasterKeySources {
  /** `CLAVIGER_MASTER_KEY`. */
  readonly value: Secret | null
  /** `CLAVIGER_MASTER_KEY_FILE`. */
  readonly file: string | null
  /** Used, and made, when neither is given. */
  readonly defaultFile: string
}

export interface FoundMasterKey {
  readonly key: Uint8Array
  readonly source: string
  readonly created: boolean
}

/**
 * Finds the master key, or makes one. `sealedRowsExist` forbids making: a new key could never open them.
 * Throws `unavailable` with what to do.
 */
export function findMasterKey(sources: MasterKeySources, sealedRowsExist: boolean): FoundMasterKey {
  if (sources.value !== null) {
    const source = 'CLAVIGER_MASTER_KEY'
    return { key: parseMasterKey(sources.value.expose(), source), source, created: false }
  }
  const path = sources.file ?? sources.defaultFile
  if (existsSync(path)) {
    if (sources.file === null) removeUnfinished(path)
    return { key: readKeyFile(path), source: path, created: false }
  }
  if (sources.file !== null) {
    throw new ClavigerError('unavailable', `There is no master key file at ${path}.`, {
      hint: 'Put the key there, or unset CLAVIGER_MASTER_KEY_FILE.',
    })
  }
  if (sealedRowsExist) {
    throw new ClavigerError(
      'unavailable',
      `The master key is missing: ${path} does not exist, and the database holds credentials sealed with it.`,
      {
        hint: 'Put the old key back, or name it with CLAVIGER_MASTER_KEY or CLAVIGER_MASTER_KEY_FILE. A new key could not open them.',
      },
    )
  }
  const key = randomBytes(32)
  createKeyFile(path, key)
  return { key, source: path, created: true }
}

/** Throws `unavailable` when the database was sealed under another key than `keyId`. */
export function checkKeyId(recorded: string | undefined, keyId: string, source: string): void {
  if (recorded === undefined || recorded === keyId) return
  throw new ClavigerError(
    'unavailable',
    `The master key in ${source} is not the one this database was sealed with.`,
    {
      hint: `The database wants the key with id ${recorded}; this one is ${keyId}. Name the right key with CLAVIGER_MASTER_KEY_FILE.`,
    },
  )
}
