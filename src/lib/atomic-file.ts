// Replaces a file in one step, so that a reader sees the old or the new text and never a part, and so that nobody else
// can steer the write: links, foreign owners and directories that others may write in are refused.
// It does not know what it writes, and it does not lock: two writers end with the text of one of them.

import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readFile, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants

// EPERM: some network file systems cannot sync a directory. EINVAL: nor can some others.
const CANNOT_SYNC_DIRECTORIES = ['EINVAL', 'EPERM', 'ENOTSUP', 'EISDIR']

/** Writing was refused because the place is not safe; `message` says why and names the path. */
export class UnsafePathError extends Error {
  readonly path: string

  constructor(path: string, reason: string) {
    super(`${path} ${reason}`)
    this.name = 'UnsafePathError'
    this.path = path
  }
}

/**
 * Writes `text` to `path` (mode 0600 unless given) by a temporary file beside it, synced, renamed, directory synced.
 * A file that is a mount point cannot be renamed over: it is written in place and read back.
 * Throws UnsafePathError, or the system's error (disk full, read-only …) with the old file untouched.
 */
export async function writeFileAtomically(path: string, text: string, mode = 0o600): Promise<void> {
  await checkWritable(path)
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`)
  try {
    await createSynced(temporary, text, mode)
    await rename(temporary, path)
  } catch (error) {
    await removeIfThere(temporary)
    if (errorCode(error) !== 'EBUSY') throw error
    await writeInPlace(path, text, mode)
  }
  await syncDirectory(dirname(path))
}

/** Creates a file that must not exist yet, with exactly this mode, synced. Throws EEXIST otherwise. */
export async function createSynced(path: string, text: string, mode = 0o600): Promise<void> {
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
  try {
    // The umask may have taken bits away, or left too many on a file system with default ACLs.
    await file.chmod(mode)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The `code` of a system error, or an empty text. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** The text of a file, or null when there is none. Other errors are thrown. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null
    throw error
  }
}

/** Throws UnsafePathError where {@link writeFileAtomically} would; writes nothing. */
export async function checkWritable(path: string): Promise<void> {
  await checkParent(dirname(path))
  const found = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  })
  if (found !== null) checkFile(path, found)
}

/** Refuses a directory that is a link, belongs to someone else, or in which others may write. */
export async function checkParent(directory: string): Promise<void> {
  const found = await lstat(directory)
  if (found.isSymbolicLink()) throw new UnsafePathError(directory, 'is a symbolic link.')
  if (!found.isDirectory()) throw new UnsafePathError(directory, 'is not a directory.')
  checkOwner(directory, found)
  if ((found.mode & 0o022) !== 0) throw new UnsafePathError(directory, 'can be written by others.')
}

function checkFile(path: string, found: Stats): void {
  if (found.isSymbolicLink()) throw new UnsafePathError(path, 'is a symbolic link.')
  if (!found.isFile()) throw new UnsafePathError(path, 'is not a regular file.')
  if (found.nlink > 1) throw new UnsafePathError(path, 'has a second name (a hard link).')
  checkOwner(path, found)
}

function checkOwner(path: string, found: Stats): void {
  const own = process.geteuid?.()
  if (own !== undefined && found.uid !== own) throw new UnsafePathError(path, 'belongs to another user.')
}

async function writeInPlace(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, O_WRONLY | O_NOFOLLOW)
  try {
    checkFile(path, await file.stat())
    await file.chmod(mode)
    await overwrite(file, text)
    await file.sync()
  } finally {
    await file.close()
  }
  if ((await readFile(path, 'utf8')) !== text) throw new Error(`${path} does not hold what was written.`)
}

// Written first and cut afterwards: a full disk then leaves a mixture that the caller hears about, never an empty file.
async function overwrite(file: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text)
  await file.write(bytes, 0, bytes.length, 0)
  await file.truncate(bytes.length)
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, O_RDONLY | O_DIRECTORY)
  try {
    await directory.sync()
  } catch (error) {
    if (!CANNOT_SYNC_DIRECTORIES.includes(errorCode(error))) throw error
  } finally {
    await directory.close()
  }
}
