// A lock on a directory, as a file in it: one of the operating system's, taken through SQLite, so it ends with its process
// however that ends. Who may have it, and what it is about, others know.

import { closeSync, openSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../atomic-file.ts'

const BUSY = 5

// Milliseconds.
const LOOK_EVERY = 5

/** Lets go of it. */
export type Unlock = () => void

/** Somebody has it, in this process or another. */
export class LockIsTaken extends Error {}

/** Takes it, making the file. Throws {@link LockIsTaken}, or why this file cannot be locked. */
export function takeLock(file: string): Unlock {
  let lock: DatabaseSync | undefined
  try {
    create(file)
    lock = new DatabaseSync(file, { timeout: 0 })
    // Nothing is ever written: the file stays empty, and there is no journal beside it.
    lock.exec('pragma journal_mode = memory; begin immediate')
  } catch (cause) {
    lock?.close()
    if (isBusy(cause)) throw new LockIsTaken('Somebody has it.', { cause })
    throw cause
  }
  return () => lock.close()
}

/** As {@link takeLock}; one that somebody has is waited for, for `patience` milliseconds. */
export async function waitForLock(file: string, patience: number): Promise<Unlock> {
  const until = performance.now() + patience
  for (;;) {
    try {
      return takeLock(file)
    } catch (error) {
      if (!(error instanceof LockIsTaken) || performance.now() >= until) throw error
    }
    await sleep(LOOK_EVERY * (0.5 + Math.random()))
  }
}

/** Tells the file from a copy of it: one that is there keeps its number and its birth, wherever its disk is used. */
export function identityOfLock(file: string): string {
  const { ino, birthtimeNs } = statSync(file, { bigint: true })
  return `${ino} ${birthtimeNs}`
}

// Never opens one that is there: closing any descriptor of it would drop a lock this process has.
function create(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
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
