// One directory per run that only its owner can enter: the harness's configuration home, and what is needed to clean up
// when the supervisor of the run was killed. It does not know what the files mean.

import { randomBytes } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { mkdir, readdir, rm, stat, symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkParent, createSynced, errorCode, readIfThere, writeFileAtomically } from '../lib/atomic-file.ts'
import { identifyProcess, isAlive, isOfThisHost, type ProcessIdentity } from '../lib/process.ts'

const RUNS = 'runs'
const RUN_FILE = 'run.json'

// A run of another machine or container cannot be looked up: its supervisor shows life by touching the run file.
const SIGN_OF_LIFE_MS = 60_000
const LOST_AFTER_MS = 5 * SIGN_OF_LIFE_MS

// How long an orphan may take to end when asked to; after that its directory is left for the next start.
const ORPHAN_GRACE_MS = 1_000
const ORPHAN_POLL_MS = 20

export interface RunDirectory {
  readonly path: string
  /** The harness's configuration home of this run. */
  readonly configuration: string
  /** Where the helper finds its lease. */
  readonly leaseFile: string
  /** Notes the program that the run started, for {@link reapLeftovers}. */
  noteChild(pid: number): Promise<void>
  /** Removes everything. Links are removed, never followed. */
  remove(): Promise<void>
}

export interface Leftover {
  readonly leaseId: string | null
}

interface RunFile {
  readonly supervisor: ProcessIdentity
  readonly child: ProcessIdentity | null
  readonly leaseId: string | null
}

/** Makes the directory of a new run (0700) under the state directory, which is made too if missing. */
export async function createRunDirectory(
  stateDirectory: string,
  leaseId: string | null,
): Promise<RunDirectory> {
  const path = join(await runsDirectory(stateDirectory), `${Date.now()}-${randomBytes(6).toString('hex')}`)
  const configuration = join(path, 'config')
  const runFile = join(path, RUN_FILE)
  const run: RunFile = { supervisor: identifyProcess(process.pid), child: null, leaseId }
  try {
    await mkdir(path, { mode: 0o700 })
    await createSynced(runFile, JSON.stringify(run))
    await mkdir(configuration, { mode: 0o700 })
  } catch (error) {
    await removeTree(path)
    throw error
  }
  const sign = setInterval(() => {
    const now = new Date()
    // Gone or read-only by now: then there is nothing to show life for.
    utimes(runFile, now, now).catch(() => clearInterval(sign))
  }, SIGN_OF_LIFE_MS)
  sign.unref()
  return {
    path,
    configuration,
    leaseFile: join(path, 'lease.json'),
    noteChild: (pid) => writeFileAtomically(runFile, JSON.stringify({ ...run, child: identifyProcess(pid) })),
    async remove() {
      clearInterval(sign)
      await removeTree(path)
    },
  }
}

/** What was linked: name → {@link fingerprint} of the user's own at that time. */
export type Links = ReadonlyMap<string, string>

/**
 * Links every entry of `home` into `directory`, except the names that match `exceptions` (`*` stands for anything).
 * The program then sees the user's own sessions, plugins and memories. A home that does not exist has no entries.
 */
export async function linkEntries(
  home: string,
  directory: string,
  exceptions: readonly string[],
): Promise<Links> {
  const isException = matcher(exceptions)
  const entries = await readdir(home).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  })
  const linked = entries.filter((name) => !isException(name))
  const links = linked.map(async (name) => {
    const print = await fingerprint(join(home, name))
    await symlink(join(home, name), join(directory, name))
    return [name, print] as const
  })
  return new Map(await Promise.all(links))
}

/** Tells whether a file, or a directory itself, is still the same. Empty for what is not there. */
export async function fingerprint(path: string): Promise<string> {
  const found = await stat(path).catch(() => null)
  if (found === null) return ''
  const { dev, ino, size, mtimeMs } = found
  return [dev, ino, size, mtimeMs].join(':')
}

/** Whether a name matches one of the patterns, in which `*` stands for anything. */
export function matcher(patterns: readonly string[]): (name: string) => boolean {
  const all = patterns.map((one) => new RegExp(`^${one.split('*').map(escapePattern).join('.*')}$`, 'u'))
  return (name) => all.some((pattern) => pattern.test(name))
}

/**
 * Removes the directories of runs whose supervisor is gone, and ends what they had started: a run does not outlive
 * the process that watches over it. Returns the leases that were left behind. Ids of processes are compared with their
 * start time, so a reused id is never taken for the old process.
 */
export async function reapLeftovers(stateDirectory: string): Promise<Leftover[]> {
  const runs = join(stateDirectory, RUNS)
  const entries: Dirent[] = await readdir(runs, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  })
  const reaped = await Promise.all(entries.map((entry) => reap(join(runs, entry.name))))
  return reaped.flatMap((one) => (one === null ? [] : [one]))
}

async function reap(path: string): Promise<Leftover | null> {
  const run = parseRun(await readIfThere(join(path, RUN_FILE)).catch(() => null))
  if (run === null || !isOfThisHost(run.supervisor)) {
    if (!(await isSilent(path))) return null
  } else {
    if (isAlive(run.supervisor)) return null
    if (run.child !== null && !(await endOrphan(run.child))) return null
  }
  await removeTree(path)
  return { leaseId: run?.leaseId ?? null }
}

// A directory without a run file is being made this very moment, or was left half made.
async function isSilent(path: string): Promise<boolean> {
  for (const candidate of [join(path, RUN_FILE), path]) {
    const found = await stat(candidate).catch(() => null)
    if (found !== null) return Date.now() - found.mtimeMs > LOST_AFTER_MS
  }
  return true
}

async function endOrphan(child: ProcessIdentity): Promise<boolean> {
  for (let waited = 0; isAlive(child); waited += ORPHAN_POLL_MS) {
    if (waited === 0) endProcess(child.pid)
    if (waited >= ORPHAN_GRACE_MS) return false
    await sleep(ORPHAN_POLL_MS)
  }
  return true
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    // ESRCH: it ended by itself. EPERM: not ours any more; it is then left alone.
    if (!['ESRCH', 'EPERM'].includes(errorCode(error))) throw error
  }
}

async function runsDirectory(stateDirectory: string): Promise<string> {
  const runs = join(stateDirectory, RUNS)
  await mkdir(runs, { recursive: true, mode: 0o700 })
  await checkParent(stateDirectory)
  await checkParent(runs)
  return runs
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 })
}

function parseRun(text: string | null): RunFile | null {
  if (text === null) return null
  try {
    const { supervisor, child, leaseId }: Partial<RunFile> = JSON.parse(text)
    if (typeof supervisor?.pid !== 'number') return null
    return { supervisor, child: child ?? null, leaseId: leaseId ?? null }
  } catch {
    return null
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
}
