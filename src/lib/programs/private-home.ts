// A directory that one run of a program has for itself: only its owner can enter it, and it is removed afterwards. What
// a killed process left behind goes when it is old, or whoever knows what is in it looks for it. It does not know that.

import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../atomic-file.ts'

const PREFIX = 'private-'

/**
 * Makes a directory (0700) in `parent`, which is made too if missing; the caller removes it. Directories of the same
 * parent older than `lostAfterMs` are taken for left behind and removed first: no use may take that long. Null: they stay.
 */
export async function makePrivateHome(parent: string, lostAfterMs: number | null): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o700 })
  if (lostAfterMs !== null) await removeLost(parent, lostAfterMs)
  return await mkdtemp(join(parent, PREFIX))
}

/** Full paths of those that are there; none when there is no such parent. */
export async function privateHomes(parent: string): Promise<string[]> {
  const names = await readdir(parent).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => name.startsWith(PREFIX)).map((name) => join(parent, name))
}

/**
 * Links in it are removed, never followed. Never rejects: what was done in there must not be lost because cleaning up
 * failed; what cannot be removed now is tried again at the next start of one that has become too old.
 */
export async function removePrivateHome(home: string): Promise<void> {
  await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }).catch(() => undefined)
}

/** Removes all of them: nobody uses any. */
export async function removePrivateHomes(parent: string): Promise<void> {
  await Promise.all((await privateHomes(parent)).map(removePrivateHome))
}

async function removeLost(parent: string, lostAfterMs: number): Promise<void> {
  for (const path of await privateHomes(parent)) {
    const made = await stat(path).then(({ mtimeMs }) => mtimeMs, gone)
    if (made !== null && Date.now() - made > lostAfterMs) await removePrivateHome(path)
  }
}

// Another process was faster.
function gone(error: unknown): null {
  if (errorCode(error) === 'ENOENT') return null
  throw error
}
