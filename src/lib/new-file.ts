// A large file that appears under its name complete or not at all, and never over another one.

import { randomBytes } from 'node:crypto'
import { link, lstat, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode } from './atomic-file.ts'

// What file systems answer that know no second name for a file.
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS']

/**
 * Writes these bytes to a file beside `path` (0600, synced), lets `check` read it, and gives it its name. Throws the
 * system's error, `EEXIST` when there is something of that name, or whatever `chunks` and `check` throw; then nothing is
 * left.
 */
export async function writeNewFile<T>(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  check: (path: string) => Promise<T>,
): Promise<T> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`)
  const file = await open(temporary, 'wx', 0o600)
  try {
    try {
      await file.chmod(0o600)
      for await (const chunk of chunks) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    const result = await check(temporary)
    await nameOnce(temporary, path)
    return result
  } finally {
    await unlink(temporary).catch(ignoreAbsent)
  }
}

async function nameOnce(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (!NO_LINKS.includes(errorCode(error))) throw error
    if (await exists(path)) throw Object.assign(new Error(`${path} exists`), { code: 'EEXIST' })
    await rename(temporary, path)
  }
}

/** Whether there is anything of this name, even a link that leads nowhere. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}

function ignoreAbsent(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error
}
