// One at a time in a directory of profiles: among the calls of this process, and among processes. The lock is one of the
// operating system's (lib/files/file-lock.ts): it ends with its process however that ends, and a process that is stopped
// keeps it, so that there is never a moment at which two have it and nothing has to be fenced off.

import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClavigerError } from '../domain/errors.ts'
import { LockIsTaken, takeLock, type Unlock } from '../lib/files/file-lock.ts'
import { identifyProcess, isAlive } from '../lib/process.ts'
import { type AgentPlace, unusable } from './place.ts'

// Milliseconds. A turn takes as long as writing two small files.
const PATIENCE = 15_000
const LOOK_EVERY = 10

// Calls of this process that wait for the turn of a directory, the last one.
const queues = new Map<string, Promise<void>>()

/**
 * Waits for the turn; the result ends it. Throws `unavailable`, naming who has it, after `patience` milliseconds, or
 * `invalid` where there can be no lock.
 */
export async function takeTurn(place: AgentPlace, patience = PATIENCE): Promise<Unlock> {
  const before = queues.get(place.directory) ?? Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const own = before.then(() => promise)
  queues.set(place.directory, own)
  const leave = () => {
    if (queues.get(place.directory) === own) queues.delete(place.directory)
    resolve()
  }
  await before
  try {
    const unlock = await lock(place, patience)
    return () => {
      unlock()
      leave()
    }
  } catch (error) {
    leave()
    throw error
  }
}

async function lock(place: AgentPlace, patience: number): Promise<Unlock> {
  const until = performance.now() + patience
  for (;;) {
    const unlock = tryLock(place)
    if (unlock !== null) return unlock
    if (performance.now() >= until) throw taken(place, patience)
    await sleep(LOOK_EVERY * (0.5 + Math.random()))
  }
}

function tryLock(place: AgentPlace): Unlock | null {
  try {
    const unlock = takeLock(place.lock)
    sign(place)
    return unlock
  } catch (cause) {
    if (cause instanceof LockIsTaken) return null
    throw unusable(place.lock, cause)
  }
}

// Only for people who wait: nothing is decided by it.
function sign(place: AgentPlace): void {
  const { pid, start } = identifyProcess(process.pid)
  try {
    writeFileSync(`${place.lock}.holder`, JSON.stringify({ pid, start }), { mode: 0o600 })
  } catch {
    // Whoever waits then does not hear who it is.
  }
}

function taken(place: AgentPlace, patience: number): ClavigerError {
  const holder = holderOf(place)
  const seconds = Math.round(patience / 1_000)
  const who = holder === null ? 'Another process' : `Process ${holder.pid}`
  const isStopped = holder !== null && stateOf(holder.pid) === 'T'
  return new ClavigerError(
    'unavailable',
    `${who} has been at the profiles in ${place.directory} for ${seconds} seconds${isStopped ? ', and is stopped' : ''}.`,
    { hint: whatToType(holder, isStopped) },
  )
}

function whatToType(holder: { readonly pid: number } | null, isStopped: boolean): string {
  if (holder === null) return 'Wait for it to end, or end it.'
  const end = `end it (kill -9 ${holder.pid}): nothing is lost by that.`
  return isStopped ? `Let it go on (kill -CONT ${holder.pid}), or ${end}` : `Wait for it, or ${end}`
}

function holderOf(place: AgentPlace): { pid: number } | null {
  try {
    const { pid, start } = JSON.parse(readFileSync(`${place.lock}.holder`, 'utf8'))
    return isAlive({ ...identifyProcess(process.pid), pid, start }) ? { pid } : null
  } catch {
    return null
  }
}

function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? ''
  } catch {
    // Not Linux, or it is gone.
    return ''
  }
}
