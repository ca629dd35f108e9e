// The vault of a machine without a server, and its key. A part of its root.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerSettings } from './config.ts'
import { ClavigerError } from './domain/errors.ts'
import { waitForLock } from './lib/files/file-lock.ts'
import { makeDirectories } from './lib/files/make-directories.ts'
import { goOnWithoutKey, mustBeUnder } from './profiles/lost-key.ts'
import { type AgentPlace, unusable } from './profiles/place.ts'
import { createVault } from './vault/envelope.ts'
import { findMasterKeys } from './vault/keys/master-key.ts'
import { createKeyRing } from './vault/keys/ring.ts'

/**
 * Values that are not current lie sealed beside the profiles, and answers that are not stored yet in the journals. `news`:
 * what is lost with a key that is gone, in words. Throws `unavailable` for the key of other profiles.
 */
export async function openVault({ stateDirectory }: ServerSettings, places: readonly AgentPlace[]) {
  try {
    makeDirectories(stateDirectory)
  } catch (cause) {
    throw unusable(stateDirectory, cause)
  }
  const keyFile = join(stateDirectory, 'profiles.key')
  const news: string[] = []
  const found = await keysIn(keyFile, async () => {
    news.push(...(await goOnWithoutKey(stateDirectory, keyFile)))
  })
  const vault = createVault(...found.keys)
  mustBeUnder(keyFile, vault, places)
  return { vault, keys: createKeyRing(vault, found), news }
}

// Processes that start at the same time on a new machine would each make a key, and the last one's would stay.
async function keysIn(defaultFile: string, beforeMaking: () => Promise<void>) {
  const find = () => {
    try {
      return findMasterKeys({ value: null, file: null, defaultFile }, false)
    } catch (thrown) {
      throw thrown instanceof ClavigerError ? ofProfiles(thrown, defaultFile) : thrown
    }
  }
  if (existsSync(defaultFile)) return find()
  const unlock = await waitForLock(`${defaultFile}.lock`, Number.POSITIVE_INFINITY)
  try {
    if (!existsSync(defaultFile)) await beforeMaking()
    return find()
  } finally {
    unlock()
  }
}

// A master key is one of a server.
function ofProfiles(thrown: ClavigerError, keyFile: string): ClavigerError {
  const { code, message, hint } = thrown
  const said = message
    .replace(`The master key file ${keyFile}`, () => `The key of the profiles, ${keyFile},`)
    .replace('The master key', 'The key of the profiles')
  return new ClavigerError(code, said, { ...(hint !== undefined && { hint }), cause: thrown })
}
