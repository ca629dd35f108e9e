// One at a time in a directory of profiles: among the calls of this process, and among processes. The lock is one of the
// operating system's (lib/files/file-lock.ts): it ends with its process however that ends, and a process that is stopped
// keeps it, so that there is never a moment at which two have it and nothing has to be fenced off. Other programs that change
// the same files know nothing of it: while we replace them, we have theirs as well.

import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClavigerError } from '../../domain/errors.ts'
import { LockIsTaken, takeLock, type Unlock } from '../../lib/files/file-lock.ts'
import { LockFileIsTaken, takeLockFile } from '../../lib/files/lock-file.ts'
import { identifyProcess, isAlive } from '../../lib/process.ts'
import { type AgentPlace, unusable } from '../place.ts'

// Milliseconds. A turn takes as long as writing two small files.
const PATIENCE = 15_000
const LOOK_EVERY = 5
// Where many wait, looking itself would keep the machine busy.
const LOOK_EVERY_AT_MOST = 50

// How old a lock of theirs is at most, as they count it.
const STALE = 30_000

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

/**
 * Keeps coderClaw and OpenClaw from changing these profiles until the result is called. Only whoever has the turn may call
 * this. Throws as `takeTurn`, naming who is at them.
 */
export async function keepOthersOut(places: readonly AgentPlace[], patience = PATIENCE): Promise<Unlock> {
  const unlocks: Unlock[] = []
  const end = () => {
    for (const unlock of unlocks.toReversed()) unlock()
  }
  for (const { lockOfOthers } of places)
    try {
      unlocks.push(await takeLockFile(lockOfOthers, patience, STALE))
    } catch (cause) {
      end()
      throw cause instanceof LockFileIsTaken
        ? taken(lockOfOthers, cause.pid, patience)
        : unusable(lockOfOthers, cause)
    }
  return end
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
    if (performance.now() - since >= patience)
      throw taken(place.lock, holderOf(place), patience, ': nothing is lost by that')
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

// `ending`: what is to be known of ending it.
function taken(file: string, holder: number | null, patience: number, ending = ''): ClavigerError {
  const seconds = Math.round(patience / 1_000)
  const who = holder === null ? 'Another process' : `Process ${holder}`
  const isStopped = holder !== null && stateOf(holder) === 'T'
  return new ClavigerError(
    'unavailable',
    `${who} has been at the profiles in ${dirname(file)} for ${seconds} seconds${isStopped ? ', and is stopped' : ''}.`,
    { hint: whatToType(holder, isStopped, ending) },
  )
}

function whatToType(holder: number | null, isStopped: boolean, ending: string): string {
  if (holder === null) return 'Wait for it to end, or end it.'
  const end = `end it (kill -9 ${holder})${ending}.`
  return isStopped ? `Let it go on (kill -CONT ${holder}), or ${end}` : `Wait for it, or ${end}`
}

function holderOf(place: AgentPlace): number | null {
  try {
    const { pid, start } = JSON.parse(signIn(place))
    return isAlive({ ...identifyProcess(process.pid), pid, start }) ? pid : null
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
