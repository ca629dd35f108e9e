// One at a time in a directory of profiles: among the calls of this process, and among processes. The lock is one of the
// operating system's (lib/files/file-lock.ts): it ends with its process however that ends, and a process that is stopped
// keeps it, so that there is never a moment at which two have it and nothing has to be fenced off.

import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClavigerError } from '../../domain/errors.ts'
import { LockIsTaken, takeLock, type Unlock } from '../../lib/files/file-lock.ts'
import { identifyProcess, isAlive } from '../../lib/process.ts'
import { type AgentPlace, unusable } from '../place.ts'

// Milliseconds. A turn takes as long as writing two small files.
const PATIENCE = 15_000
const LOOK_EVERY = 5
// Where many wait, looking itself would keep the machine busy.
const LOOK_EVERY_AT_MOST = 50

// Calls of this process that wait for the turn of a directory, the last one.
const queues = new Map<string, Promise<void>>()

// Turns that this process has had.
let turns = 0

/**
 * Waits for the turn; the result ends it. Throws `unavailable`, naming who has it, when that is one and the same turn for
 * `patience` milliseconds, however many others come before; `invalid` where there can be no lock.
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
  let since = performance.now()
  let seen = signIn(place)
  for (let wait = LOOK_EVERY; ; wait = Math.min(1.5 * wait, LOOK_EVERY_AT_MOST)) {
    const unlock = tryLock(place)
    if (unlock !== null) return unlock
    const now = signIn(place)
    if (now !== seen) since = performance.now()
    seen = now
    if (performance.now() - since >= patience) throw taken(place, patience)
    await sleep(wait * (0.5 + Math.random()))
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

// As long as any other, so that the file is written over and never cut: emptying a file costs a disk many times what a
// turn takes.
const SIGN_LENGTH = 120

// For whoever waits: who it is, and that it is another turn. Nothing else is decided by it.
function sign(place: AgentPlace): void {
  const { pid, start } = identifyProcess(process.pid)
  turns += 1
  try {
    const file = openSync(signFile(place), constants.O_WRONLY | constants.O_CREAT, 0o600)
    try {
      writeSync(file, JSON.stringify({ pid, start, turn: turns }).padEnd(SIGN_LENGTH), 0)
    } finally {
      closeSync(file)
    }
  } catch {
    // Whoever waits then does not hear who it is.
  }
}

function signFile({ lock }: AgentPlace): string {
  return `${lock}.holder`
}

function signIn(place: AgentPlace): string {
  try {
    return readFileSync(signFile(place), 'utf8')
  } catch {
    // Nobody has had a turn here yet.
    return ''
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
    const { pid, start } = JSON.parse(signIn(place))
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
