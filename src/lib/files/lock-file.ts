// A lock that is a file: whoever makes it has it, and removes it afterwards. It is how coderClaw and OpenClaw keep out of each
// other's way, with what they write into it: a process that was killed leaves it, so that one whose process is gone, or that
// is too old for its work, counts no more. Where all are programs of ours, file-lock.ts is the better one.

import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../atomic-file.ts'
import { processExists } from '../process.ts'
import type { Unlock } from './file-lock.ts'

const LOOK_EVERY = 10

/** Somebody else has it, and goes on having it. */
export class LockFileIsTaken extends Error {
  /** The process that has it; null: it does not say. */
  readonly pid: number | null

  constructor(file: string, pid: number | null) {
    super(`${file} is there.`)
    this.pid = pid
  }
}

/**
 * Takes it, waiting for `patience` milliseconds; one older than `stale` counts no more. Only one call of this process at a
 * time may ask for a file. Throws {@link LockFileIsTaken}, or why there can be no such file.
 */
export async function takeLockFile(file: string, patience: number, stale: number): Promise<Unlock> {
  const until = performance.now() + patience
  for (;;) {
    if (create(file)) return () => remove(file)
    const pid = holderOf(file)
    if (isOver(file, pid, stale)) remove(file)
    else if (performance.now() >= until) throw new LockFileIsTaken(file, pid)
    else await sleep(LOOK_EVERY * (0.5 + Math.random()))
  }
}

function create(file: string): boolean {
  try {
    const descriptor = openSync(file, 'wx', 0o600)
    try {
      writeSync(
        descriptor,
        JSON.stringify({ pid: process.pid, createdAt: new Date().toISOString() }, null, 2),
      )
    } finally {
      closeSync(descriptor)
    }
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

function holderOf(file: string): number | null {
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null
  } catch {
    // It was removed meanwhile, or is being written.
    return null
  }
}

// One that names this process is of an earlier one that had its number, as in a container that was started again.
function isOver(file: string, pid: number | null, stale: number): boolean {
  if (pid === process.pid || (pid !== null && !processExists(pid))) return true
  try {
    return Date.now() - statSync(file).mtimeMs > stale
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
