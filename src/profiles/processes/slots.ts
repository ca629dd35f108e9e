// Journals of renewals for any number of processes: each has a slot, which is a journal and a lock on it. A slot whose
// lock is free is that of a process that has ended, and whoever starts looks into it for answers that it can place.

import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import { identityOfLock, LockIsTaken, takeLock, type Unlock } from '../../lib/files/file-lock.ts'
import { bootId } from '../../lib/process.ts'
import { unusable } from '../place.ts'

// More processes than anybody has.
const SLOTS_AT_MOST = 10_000

export interface Slot {
  readonly journal: string
  /** A directory of the same name, for what a process leaves that renews by another program. */
  readonly directory: string
  /** Names the lock that this process has, see `nameOfLock` of a server's state directory; null: nobody knows. */
  readonly lock: string | null
  release: Unlock
}

/** The first slot of this directory that is free; it is made where there is none. */
export function takeSlot(directory: string): Slot {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  for (let number = 0; number < SLOTS_AT_MOST; number += 1) {
    const slot = tryLock(join(directory, String(number)))
    if (slot !== null) return slot
  }
  throw new ClavigerError('unavailable', `All journals in ${directory} are in use.`, {
    hint: 'End some of the programs that use these profiles.',
  })
}

/** The slot with this journal when the process that had it has ended, else null. It is to be released. */
export function leftSlot(journal: string): Slot | null {
  return tryLock(journal.replace(/\.journal$/, ''))
}

/** The journals of this directory, whoever has them. */
export function journalsIn(directory: string): string[] {
  return slotsIn(directory).map((path) => `${path}.journal`)
}

/** Whether a process that runs has a slot of this directory. */
export function isInUse(directory: string): boolean {
  return slotsIn(directory).some((path) => {
    const slot = tryLock(path)
    slot?.release()
    return slot === null
  })
}

function slotsIn(directory: string): string[] {
  if (!existsSync(directory)) return []
  const journals = readdirSync(directory).filter((name) => /^\d+\.journal$/.test(name))
  return journals.map((name) => join(directory, name.replace('.journal', '')))
}

function tryLock(path: string): Slot | null {
  const file = `${path}.lock`
  try {
    const release = takeLock(file)
    const boot = bootId()
    const lock = boot === null ? null : `${boot} ${identityOfLock(file)}`
    return { journal: `${path}.journal`, directory: path, lock, release }
  } catch (cause) {
    if (cause instanceof LockIsTaken) return null
    throw unusable(file, cause)
  }
}
