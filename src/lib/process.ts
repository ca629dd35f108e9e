// Which process is which: a process id alone may have been given to another process since it was written down.
// It does not start or end processes.

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process, told apart from a later one with the same id, and from one of another machine or container. */
export interface ProcessIdentity {
  /** Machine and process-id namespace; ids mean nothing outside it. */
  readonly host: string
  readonly pid: number
  /** When it started, in the system's own notation; null when the system would not say. */
  readonly start: string | null
}

/** The identity of a running process of this machine. */
export function identifyProcess(pid: number): ProcessIdentity {
  return { host: hostIdentity(), pid, start: processStart(pid) }
}

/** Whether ids of `identity` can be looked up here. */
export function isOfThisHost(identity: ProcessIdentity): boolean {
  return identity.host === hostIdentity()
}

/** Whether that very process still runs (a zombie does not). Only for identities of this host. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!isOfThisHost(identity) || !processExists(identity.pid)) return false
  const start = processStart(identity.pid)
  if (start === null) return !existsSync('/proc/self/stat')
  return identity.start === null || identity.start === start
}

/** What this process has started, and what that has, as far as it was not orphaned; none where there is no /proc. */
export function descendantsOf(pid: number): ProcessIdentity[] {
  const childrenOf = Map.groupBy(processIds(), (one) => statFields(one)?.[1] ?? '')
  const found = (parent: string): string[] =>
    (childrenOf.get(parent) ?? []).flatMap((child) => [child, ...found(child)])
  return found(String(pid)).map((id) => identifyProcess(Number(id)))
}

/** Those whose environment names a path in this directory under this name, as far as one may look; none without /proc. */
export function processesWithin(variable: string, directory: string): ProcessIdentity[] {
  const isWithin = (entry: string) =>
    entry === `${variable}=${directory}` || entry.startsWith(`${variable}=${directory}/`)
  return processIds()
    .filter((id) => id !== String(process.pid) && environmentOf(id).some(isWithin))
    .map((id) => identifyProcess(Number(id)))
}

function processIds(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    // Not Linux.
    return []
  }
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    // It is gone, or somebody else's.
    return []
  }
}

/** Names the time since this machine was started, the same in all its containers; null when the system would not say. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return null
  }
}

/** Whether the terminal's own Ctrl-C reaches our children as well, because we are its foreground group. */
export function isTerminalForeground(): boolean {
  const fields = statFields('self')
  if (fields === null) return process.stdin.isTTY === true
  const [, , group, , terminal, foreground] = fields
  return terminal !== '0' && group === foreground
}

function hostIdentity(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

/** Whether some process has this id, whoever's it is; a zombie has too. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it exists and belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function processStart(pid: number): string | null {
  const fields = statFields(String(pid))
  if (fields !== null) return fields[0] === 'Z' ? null : (fields[19] ?? null)
  if (existsSync('/proc/self/stat')) return null
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' })
    return text.trim() || null
  } catch {
    return null
  }
}

// The fields of /proc/PID/stat from the third (state) on; the second may hold blanks and brackets.
function statFields(pid: string): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text
      .slice(text.lastIndexOf(')') + 2)
      .trim()
      .split(' ')
  } catch {
    return null
  }
}
