// One worker a state directory: what lies there of runs is one process's. Each process has a name of its own, by which the
// server tells it from an earlier one of the same worker.

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import { identityOfLock, LockIsTaken, takeLock, type Unlock } from '../../lib/files/file-lock.ts'
import { identifyProcess, isAlive, isOfThisHost } from '../../lib/process.ts'

/** Which process of a worker this is. */
export interface ProcessNames {
  /** Nobody else has had it. */
  readonly process: string
  /** Of those before it in this directory, the last one: it has certainly ended. */
  readonly ended: readonly string[]
}

export interface Hold extends ProcessNames {
  readonly release: Unlock
}

const LOCK = 'worker.lock'
const NOTE = 'worker.json'

/** Takes the state directory for the runs of this process. Throws `conflict`, naming who has it, or `unavailable`. */
export function holdStateDirectory(directory: string): Hold {
  const file = join(directory, LOCK)
  const unlock = lockOf(directory, file)
  try {
    const lock = identityOfLock(file)
    const before = readNote(directory)
    const process = randomUUID()
    const { host, pid, start } = identifyProcess(globalThis.process.pid)
    writeFileSync(join(directory, NOTE), `${JSON.stringify({ process, lock, host, pid, start })}\n`, {
      mode: 0o600,
    })
    // A copy of a directory has another file: whoever is noted there may be at work in the first one.
    const ended = before !== null && before.lock === lock ? [before.process] : []
    return { process, ended, release: unlock }
  } catch (cause) {
    unlock()
    throw cannotLock(file, cause)
  }
}

/** Throws `conflict` when another process has it now. Leaves nothing behind. */
export function mustBeFree(directory: string): void {
  if (existsSync(join(directory, LOCK))) lockOf(directory, join(directory, LOCK))()
}

function lockOf(directory: string, file: string): Unlock {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    return takeLock(file)
  } catch (cause) {
    if (cause instanceof LockIsTaken) throw inUse(directory)
    throw cannotLock(file, cause)
  }
}

interface Note {
  readonly process: string
  readonly lock: string
  readonly host: string
  readonly pid: number
  readonly start: string | null
}

// Another program may have written anything there.
function readNote(directory: string): Note | null {
  const note = readJson(join(directory, NOTE))
  const { process, lock, pid } = note ?? {}
  return typeof process === 'string' && typeof lock === 'string' && typeof pid === 'number'
    ? (note as unknown as Note)
    : null
}

function readJson(path: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    // Not there, or cut short: nobody is known.
    return null
  }
}

function inUse(directory: string): ClavigerError {
  const note = readNote(directory)
  const isKnown = note !== null && (!isOfThisHost(note) || isAlive(note))
  if (isKnown && readJson(join(directory, 'server.json'))?.['pid'] === note.pid) {
    return new ClavigerError(
      'conflict',
      `The server of ${directory}, process ${note.pid}, carries out runs there itself.`,
      {
        hint: 'Give this worker a directory and a code of its own: CLAVIGER_STATE_DIR=DIR claviger worker --enrol. Or start the server with --no-embedded-worker.',
      },
    )
  }
  const who = isKnown ? `Another worker, process ${note.pid},` : 'Another worker'
  return new ClavigerError('conflict', `${who} carries out runs in ${directory}.`, {
    hint: 'Stop it, or give this one a directory and a code of its own: CLAVIGER_STATE_DIR=DIR claviger worker --enrol',
  })
}

function cannotLock(file: string, cause: unknown): ClavigerError {
  return new ClavigerError('unavailable', `${file} cannot be locked.`, {
    hint: 'Check who owns it, and that the directory is on a disk of this machine. An empty file may be removed.',
    detail: cause instanceof Error ? cause.message : '',
    cause,
  })
}
