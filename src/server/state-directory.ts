// The server's files beside its database: the directory itself, the first token, and where the server can be reached.

import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TokenFile } from '../control/admin-token.ts'
import { ClavigerError } from '../domain/errors.ts'
import { writeFileAtomically } from '../lib/atomic-file.ts'
import { sha256 } from '../lib/digest.ts'

/** Makes the directory (0700), or refuses one that others can enter: it holds the key to everything. */
export async function prepareStateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const { mode, uid } = await stat(path)
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
      const text = await readIfThere(path)
      return text === null ? null : sha256(text.trim())
    },
    write: (token) => writeFileAtomically(path, `${token.expose()}\n`),
  }
}

/** `server.json`: lets a command line with the same state directory find the server. */
export async function writeServerFile(stateDirectory: string, url: string): Promise<void> {
  await writeFileAtomically(
    join(stateDirectory, 'server.json'),
    `${JSON.stringify({ url, pid: process.pid })}\n`,
  )
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
