// One server a state directory, whatever database it is on: what lies there is written by one process.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ClavigerError } from '../domain/errors.ts'
import { LockIsTaken, takeLock, type Unlock } from '../lib/files/file-lock.ts'
import { bootId, identifyProcess, isAlive } from '../lib/process.ts'

const FILE = 'server.lock'

/**
 * Takes the state directory for this process. Throws `conflict`, naming who has it as far as that is known, or
 * `unavailable`.
 */
export function lockStateDirectory(path: string): Unlock {
  const file = join(path, FILE)
  try {
    return takeLock(file)
  } catch (cause) {
    if (cause instanceof LockIsTaken) throw inUse(path)
    throw new ClavigerError('unavailable', `${file} cannot be locked.`, {
      hint: 'Check who owns it, and that the directory is on a disk of this machine. An empty file may be removed.',
      detail: cause instanceof Error ? cause.message : '',
      cause,
    })
  }
}

/**
 * Names the lock that this process has on the directory. Whoever has the lock and finds that an earlier one had the same
 * name knows that its owner has ended: a file that is open keeps its number while the machine runs, so a copy of the
 * directory has another. Null where the system does not say enough.
 */
export function nameOfLock(path: string): string | null {
  const boot = bootId()
  if (boot === null) return null
  const { dev, ino } = statSync(join(path, FILE), { bigint: true })
  return `${boot} ${dev} ${ino}`
}

function inUse(path: string): ClavigerError {
  const holder = holderOf(path)
  const who = holder === null ? 'Another server' : `Another server, process ${holder.pid} at ${holder.url},`
  return new ClavigerError('conflict', `${who} is using the state directory ${path}.`, {
    hint: 'Stop it, or give this one a directory of its own: CLAVIGER_STATE_DIR.',
  })
}

// A server says where it is once it listens; what an earlier one said is not believed.
function holderOf(path: string): { pid: number; url: string } | null {
  try {
    const { pid, start, url } = JSON.parse(readFileSync(join(path, 'server.json'), 'utf8'))
    return isAlive({ ...identifyProcess(process.pid), pid, start }) ? { pid, url } : null
  } catch {
    return null
  }
}
