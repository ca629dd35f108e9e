// One server a state directory, whatever database it is on: what lies there is written by one process. The lock is one
// of the operating system's, taken through SQLite, so it ends with its process however that ends.

import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ClavigerError } from '../domain/errors.ts'
import { errorCode } from '../lib/atomic-file.ts'
import { bootId, identifyProcess, isAlive } from '../lib/process.ts'

const FILE = 'server.lock'
const BUSY = 5

/** Lets go of the directory. */
export type Unlock = () => void

/**
 * Takes the state directory for this process. Throws `conflict`, naming who has it as far as that is known, or
 * `unavailable`.
 */
export function lockStateDirectory(path: string): Unlock {
  const file = join(path, FILE)
  let lock: DatabaseSync | undefined
  try {
    create(file)
    lock = new DatabaseSync(file, { timeout: 0 })
    // Nothing is ever written: the file stays empty, and there is no journal beside it.
    lock.exec('pragma journal_mode = memory; begin immediate')
  } catch (cause) {
    lock?.close()
    if (isBusy(cause)) throw inUse(path)
    throw new ClavigerError('unavailable', `${file} cannot be locked.`, {
      hint: 'Check who owns it, and that the directory is on a disk of this machine. An empty file may be removed.',
      detail: cause instanceof Error ? cause.message : '',
      cause,
    })
  }
  return () => lock.close()
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

// Never opens one that is there: closing any descriptor of it would drop a lock this process has.
function create(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
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

function isBusy(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    'errcode' in thrown &&
    typeof thrown.errcode === 'number' &&
    (thrown.errcode & 0xff) === BUSY
  )
}
