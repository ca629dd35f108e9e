// The server's files beside its database: the directory itself, the first token, and where the server can be reached.

import type { Stats } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TokenFile } from '../control/admin-token.ts'
import { ClavigerError } from '../domain/errors.ts'
import { tokenKind } from '../domain/token.ts'
import { errorCode, writeFileAtomically } from '../lib/atomic-file.ts'
import { sha256 } from '../lib/digest.ts'

/** Makes the directory (0700), or refuses one that others can enter: it holds the key to everything. */
export async function prepareStateDirectory(path: string): Promise<void> {
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
}

/** `admin.token` in this directory. */
export function tokenFile(stateDirectory: string): TokenFile {
  const path = join(stateDirectory, 'admin.token')
  return {
    async digest() {
      const text = (await readIfThere(path))?.trim() ?? ''
      // What was cut short or written over is as good as no token: a new one replaces it.
      return tokenKind(text) === 'api' ? sha256(text) : null
    },
    write: (token) => writeOurs(path, `${token.expose()}\n`),
  }
}

/** `server.json`: lets a command line with the same state directory find the server. */
export async function writeServerFile(stateDirectory: string, url: string): Promise<void> {
  await writeOurs(join(stateDirectory, 'server.json'), `${JSON.stringify({ url, pid: process.pid })}\n`)
}

async function made(path: string): Promise<Stats> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
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
