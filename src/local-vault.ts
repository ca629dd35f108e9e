// The vault of a machine without a server, and its key. A part of its root.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerSettings } from './config.ts'
import { ClavigerError } from './domain/errors.ts'
import { LockIsTaken, takeLock, type Unlock } from './lib/files/file-lock.ts'
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

const LOOK_EVERY = 5

// Processes that start at the same time on a new machine would each make a key, and the last one's would stay.
async function keysIn(defaultFile: string, beforeMaking: () => Promise<void>) {
  const find = () => {
    try {
      return findMasterKeys({ value: null, file: null, defaultFile }, false)
    } catch (thrown) {
      throw thrown instanceof ClavigerError ? ofProfiles(thrown, defaultFile) : thrown
    }
  }
  while (!existsSync(defaultFile)) {
    const unlock = tryLock(`${defaultFile}.lock`)
    if (unlock === null) {
      await sleep(LOOK_EVERY)
      continue
    }
    try {
      if (!existsSync(defaultFile)) await beforeMaking()
      return find()
    } finally {
      unlock()
    }
  }
  return find()
}

// A master key is one of a server.
function ofProfiles(thrown: ClavigerError, keyFile: string): ClavigerError {
  const { code, message, hint } = thrown
  const said = message
    .replace(`The master key file ${keyFile}`, () => `The key of the profiles, ${keyFile},`)
    .replace('The master key', 'The key of the profiles')
  return new ClavigerError(code, said, { ...(hint !== undefined && { hint }), cause: thrown })
}

function tryLock(file: string): Unlock | null {
  try {
    return takeLock(file)
  } catch (error) {
    if (error instanceof LockIsTaken) return null
    throw error
  }
}
