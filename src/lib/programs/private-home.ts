// A directory that one run of a program has for itself: only its owner can enter it, and it is removed afterwards. What
// a killed process left behind goes at the next start. It does not know what is in it.

import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../atomic-file.ts'

const PREFIX = 'private-'

/**
 * Makes a directory (0700) in `parent`, which is made too if missing, calls `use` with its path, and removes it in any
 * case. Directories of the same parent older than `lostAfterMs` are taken for left behind and removed first: no use may
 * take that long.
 */
export async function withPrivateHome<T>(
  parent: string,
  lostAfterMs: number,
  use: (home: string) => Promise<T>,
): Promise<T> {
  const home = await makePrivateHome(parent, lostAfterMs)
  try {
    return await use(home)
  } finally {
    await removePrivateHome(home)
  }
}

/** The same for uses that outlive a call: the caller removes it. */
export async function makePrivateHome(parent: string, lostAfterMs: number): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o700 })
  await removeLost(parent, lostAfterMs)
  return await mkdtemp(join(parent, PREFIX))
}

/**
 * Links in it are removed, never followed. Never rejects: what was done in there must not be lost because cleaning up
 * failed; what cannot be removed now is tried again at the next start of one that has become too old.
 */
export async function removePrivateHome(home: string): Promise<void> {
  await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }).catch(() => undefined)
}

async function removeLost(parent: string, lostAfterMs: number): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(PREFIX))
  for (const name of names) {
    const path = join(parent, name)
    const made = await stat(path).then(({ mtimeMs }) => mtimeMs, gone)
    if (made !== null && Date.now() - made > lostAfterMs) await removePrivateHome(path)
  }
}

// Another process was faster.
function gone(error: unknown): null {
  if (errorCode(error) === 'ENOENT') return null
  throw error
}
