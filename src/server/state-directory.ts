// The server's files beside its database: the directory itself, the first token, and where the server can be reached.

import type { Stats } from 'node:fs'
import { lstat, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TokenFile } from '../control/admin-token.ts'
import type { Seen, SeenFile } from '../control/audit/watch.ts'
import { ClavigerError } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'
import { tokenKind } from '../domain/token.ts'
import { errorCode, writeFileAtomically } from '../lib/atomic-file.ts'
import { sha256 } from '../lib/digest.ts'
import { makeDirectories } from '../lib/files/make-directories.ts'
import { identifyProcess } from '../lib/process.ts'

/**
 * Makes the directory (0700), or refuses one that others can enter, or steer elsewhere by a link: it holds the key to
 * everything. Refuses an `admin.token` that others can read, too. Writes nothing before that.
 */
export async function prepareStateDirectory(path: string): Promise<void> {
  await mustNotBeLink(path)
  const { mode, uid } = await made(path)
  if (process.getuid !== undefined && uid !== process.getuid() && uid !== 0) {
    throw new ClavigerError('unavailable', `${path} belongs to another user.`, {
      hint: 'Choose a directory of your own: CLAVIGER_STATE_DIR.',
    })
  }
  if ((mode & 0o077) !== 0) {
    throw new ClavigerError('unavailable', `${path} is open to other users.`, {
      hint: `Type: chmod 700 ${path}`,
    })
  }
  await checkTokenFile(join(path, 'admin.token'))
}

/** `admin.token` in this directory. */
export function tokenFile(stateDirectory: string): TokenFile {
  return tokenFileAt(join(stateDirectory, 'admin.token'))
}

export interface WorkerTokenFile extends TokenFile {
  /** Null when there is none in it. */
  read(): Promise<Secret | null>
}

/** The token of this server's own worker in this directory. Refuses one that others can read. */
export function workerTokenFile(
  stateDirectory: string,
  name: 'embedded-worker.token' | 'embedded-apart.token' = 'embedded-worker.token',
): WorkerTokenFile {
  const path = join(stateDirectory, name)
  const file = tokenFileAt(path)
  return {
    write: file.write,
    async digest() {
      await checkTokenFile(path)
      return file.digest()
    },
    async read() {
      const text = (await readIfThere(path))?.trim() ?? ''
      return tokenKind(text) === 'api' ? new Secret(text) : null
    },
  }
}

function tokenFileAt(path: string): TokenFile {
  return {
    async digest() {
      const text = (await readIfThere(path))?.trim() ?? ''
      // What was cut short or written over is as good as no token: a new one replaces it.
      return tokenKind(text) === 'api' ? sha256(text) : null
    },
    write: (token) => writeOurs(path, `${token.expose()}\n`),
  }
}

/** `audit-seen.json` in this directory: what this server has seen of its database. */
export function seenFile(stateDirectory: string): SeenFile {
  const path = join(stateDirectory, 'audit-seen.json')
  return {
    async read() {
      const text = await readIfThere(path)
      return text === null ? null : parseSeen(path, text)
    },
    write: (seen) => writeOurs(path, `${JSON.stringify({ format: 1, organizations: seen })}\n`),
  }
}

function parseSeen(path: string, text: string): Seen {
  try {
    const { format, organizations } = JSON.parse(text)
    if (format === 1 && Object.values(organizations).every(isPlace)) return organizations
  } catch {
    // Said below, in the same words.
  }
  throw new ClavigerError('unavailable', `${path} is damaged, or was written by a newer Claviger.`)
}

function isPlace(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { position, hash } = value as Partial<Record<string, unknown>>
  return Number.isSafeInteger(position) && typeof hash === 'string'
}

/** `server.json`: lets a command line with the same state directory find the server, while it is this very process. */
export async function writeServerFile(stateDirectory: string, url: string): Promise<void> {
  const { pid, start } = identifyProcess(process.pid)
  await writeOurs(join(stateDirectory, 'server.json'), `${JSON.stringify({ url, pid, start })}\n`)
}

// Files are only ever replaced in a directory that is no link; found now, nothing has been written yet.
async function mustNotBeLink(path: string): Promise<void> {
  if ((await statsOf(path))?.isSymbolicLink() !== true) return
  throw new ClavigerError('unavailable', `${path} is a symbolic link.`, {
    hint: 'Set CLAVIGER_STATE_DIR to the directory itself.',
  })
}

async function checkTokenFile(path: string): Promise<void> {
  const found = await statsOf(path)
  if (found === null) return
  if (!found.isFile()) {
    throw new ClavigerError('unavailable', `${path} is not a plain file.`, {
      hint: 'Remove it: a new one is made at the next start.',
    })
  }
  if ((found.mode & 0o077) !== 0) {
    throw new ClavigerError('unavailable', `${path} can be read by others.`, {
      hint: `Type: chmod 600 ${path}, or remove it to get a new token at the next start.`,
    })
  }
}

async function statsOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path)
  } catch (error) {
    // What else is wrong with it is said when it is used.
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return null
    throw error
  }
}

async function made(path: string): Promise<Stats> {
  try {
    makeDirectories(path)
    return await stat(path)
  } catch (cause) {
    throw new ClavigerError('unavailable', `${path} cannot be made or is no directory.`, {
      hint: 'Choose a directory of your own: CLAVIGER_STATE_DIR.',
      detail: errorCode(cause),
      cause,
    })
  }
}

async function writeOurs(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(path, text)
  } catch (cause) {
    const full = errorCode(cause) === 'ENOSPC'
    throw new ClavigerError(full ? 'storage_full' : 'unavailable', `${path} cannot be written.`, {
      hint: full ? 'Make room on the disk, then start again.' : 'See what lies there, and who owns it.',
      detail: cause instanceof Error ? cause.message : '',
      cause,
    })
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}
