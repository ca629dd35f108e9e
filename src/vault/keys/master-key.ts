// Where the master keys come from: the environment, a named file, or the state directory's own file, made at first
// start. There are several while a server is re-keyed: the current one first, then those that still open.

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { createKeyFile, readKeyFile, removeUnfinished } from './file.ts'
import { type MasterKeys, parseMasterKeys } from './parse.ts'

export interface MasterKeySources {
  /** `CLAVIGER_MASTER_KEY`. */
  readonly value: Secret | null
  /** `CLAVIGER_MASTER_KEY_FILE`. */
  readonly file: string | null
  /** Used, and made, when neither is given. */
  readonly defaultFile: string
}

/** What the operator has set, and where the server keeps its own. */
export interface MasterKeySettings {
  readonly masterKey: Secret | null
  readonly masterKeyFile: string | null
  readonly stateDirectory: string
}

export interface FoundMasterKeys {
  readonly keys: MasterKeys
  readonly source: string
  readonly created: boolean
  /** The state directory's own file, which the server may write. */
  readonly ownFile: string | null
}

const VARIABLE = 'CLAVIGER_MASTER_KEY'

/** Where a server with these settings looks for its master keys. */
export function masterKeySources(settings: MasterKeySettings): MasterKeySources {
  const { masterKey: value, masterKeyFile: file, stateDirectory } = settings
  return { value, file, defaultFile: join(stateDirectory, 'master.key') }
}

/**
 * Finds the master keys, or makes one. `sealedRowsExist` forbids making: a new key could never open them.
 * Throws `unavailable` with what to do.
 */
export function findMasterKeys(sources: MasterKeySources, sealedRowsExist: boolean): FoundMasterKeys {
  if (sources.value !== null) {
    const keys = parseMasterKeys(sources.value.expose(), VARIABLE, /[\s,]+/)
    return { keys, source: VARIABLE, created: false, ownFile: null }
  }
  const path = sources.file ?? sources.defaultFile
  const ownFile = sources.file === null ? path : null
  if (existsSync(path)) {
    if (ownFile !== null) removeUnfinished(path)
    return { keys: readKeyFile(path), source: path, created: false, ownFile }
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
  return { keys: [key], source: path, created: true, ownFile }
}

/** Throws `unavailable` when the database was sealed under a key that is none of these. */
export function checkKeyIds(recorded: string | undefined, keyIds: readonly string[], source: string): void {
  if (recorded === undefined || keyIds.includes(recorded)) return
  throw new ClavigerError(
    'unavailable',
    `The master key in ${source} is not the one this database was sealed with.`,
    {
      hint: `The database wants the key with id ${recorded}; this one is ${keyIds.join(', ')}. Name the right key with CLAVIGER_MASTER_KEY_FILE.`,
    },
  )
}
