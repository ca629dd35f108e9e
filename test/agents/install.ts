// The real agent programs for the end-to-end tests: installed here on first use, at the versions of
// package-lock.json, without running anything the packages bring. The native programs are returned, not
// the launchers, which do nothing without their install scripts. `older/` has a lock of its own.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  access,
  constants,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const here = import.meta.dirname
const older = join(here, 'older')
const stagingPrefix = '.claviger-staging-'
const lockFile = join(here, '../../node_modules/.cache/claviger-agents.lock')
const LOCK_POLL_MS = 250
const INSTALL_TIMEOUT_MS = 10 * 60 * 1000

const { platform, arch } = process
const codexTarget = `${arch === 'arm64' ? 'aarch64' : 'x86_64'}-${platform === 'darwin' ? 'apple-darwin' : 'unknown-linux-musl'}`
const claudeCandidates = [`${platform}-${arch}`, `${platform}-${arch}-musl`].map(
  (target) => `@anthropic-ai/claude-code-${target}/claude`,
)
const codexCandidates = [`@openai/codex-${platform}-${arch}/vendor/${codexTarget}/bin/codex`]

/** Absolute paths of native programs. */
export type AgentPrograms = { readonly claude: string; readonly codex: string }

/**
 * Installs the agents if need be, once for all processes that ask at the same time, and says where they
 * are. Rejects when npm fails or there is no program for this machine.
 */
export async function agentPrograms(): Promise<AgentPrograms> {
  await ensureInstalled(here)
  return programsIn(here)
}

/** The same for the oldest Claude Code we serve, 2.1.208, and a Codex from before it named why it refreshes, and where: 0.155.1. */
export async function olderPrograms(): Promise<AgentPrograms> {
  await ensureInstalled(older)
  return programsIn(older)
}

async function programsIn(place: string): Promise<AgentPrograms> {
  return {
    claude: await firstExecutable(place, claudeCandidates),
    codex: await firstExecutable(place, codexCandidates),
  }
}

/** Installs what the lock of this directory says into it, once for all processes that ask at the same time. */
export async function ensureInstalled(place: string): Promise<void> {
  if (await isInstalled(place)) return
  await withLock(async () => {
    if (!(await isInstalled(place))) await install(place)
  })
}

function modulesOf(place: string): string {
  return join(place, 'node_modules')
}

// Written last and removed first: without it an install is not finished.
function stampOf(place: string): string {
  return join(modulesOf(place), '.claviger-installed')
}

async function isInstalled(place: string): Promise<boolean> {
  const stamp = await readFile(stampOf(place), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return stamp === (await wantedStamp(place))
}

// An npm whose parent was killed goes on by itself. So npm works in a directory of this one install, and
// what it made is moved to its place only when it is whole.
async function install(place: string): Promise<void> {
  const modules = modulesOf(place)
  await mkdir(modules, { recursive: true })
  await rm(stampOf(place), { force: true })
  const leftOver = (await readdir(modules)).filter((name) => name.startsWith(stagingPrefix))
  for (const name of leftOver) await rm(join(modules, name), { recursive: true, force: true })
  const staging = await mkdtemp(join(modules, stagingPrefix))
  for (const name of ['package.json', 'package-lock.json'])
    await copyFile(join(place, name), join(staging, name))
  await npmInstall(staging)
  for (const name of await readdir(join(staging, 'node_modules'))) {
    await rm(join(modules, name), { recursive: true, force: true })
    await rename(join(staging, 'node_modules', name), join(modules, name))
  }
  await rm(staging, { recursive: true })
  await writeFile(stampOf(place), await wantedStamp(place))
}

async function npmInstall(directory: string): Promise<void> {
  const args = ['ci', '--ignore-scripts', '--include=optional', '--no-audit', '--no-fund']
  // npm is a script that looks for `node`: give it the one that runs this, whatever PATH has.
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
  const options = { cwd: directory, env: { ...process.env, PATH }, timeout: INSTALL_TIMEOUT_MS }
  await promisify(execFile)('npm', args, options)
}

async function wantedStamp(place: string): Promise<string> {
  const lock = await readFile(join(place, 'package-lock.json'))
  return `${platform}-${arch} ${createHash('sha256').update(lock).digest('hex')}\n`
}

// A SQLite write lock: the system drops it when its process dies, so none is ever left behind.
async function withLock(work: () => Promise<void>): Promise<void> {
  await mkdir(dirname(lockFile), { recursive: true })
  const database = new DatabaseSync(lockFile, { timeout: 0 })
  try {
    while (!tryLock(database)) await sleep(LOCK_POLL_MS)
    await work()
  } finally {
    database.close()
  }
}

function tryLock(database: DatabaseSync): boolean {
  const SQLITE_BUSY = 5
  try {
    database.exec('begin exclusive')
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false
    throw error
  }
}

async function firstExecutable(place: string, candidates: readonly string[]): Promise<string> {
  for (const candidate of candidates) {
    const path = join(modulesOf(place), candidate)
    const isExecutable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isExecutable) return path
  }
  throw new Error(`No agent program for ${platform} ${arch}: looked for ${candidates.join(', ')}.`)
}
