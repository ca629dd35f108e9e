// The end of a run: what was made or replaced in the private configuration home goes to the user's own, and what the
// program changed in adjusted copies is merged into the user's files. Nothing of the user's is overwritten that somebody
// changed meanwhile: then the run's is kept aside, and said where. It does not know what the files mean.

import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Delivery } from '../domain/delivery.ts'
import type { Harness, MachineState } from '../harnesses/harness.ts'
import { errorCode, readIfThere, UnsafePathError, writeFileAtomically } from '../lib/atomic-file.ts'
import { userHome } from './materialize.ts'
import { fingerprint, type Links, matcher } from './private-directory.ts'

// A database's own journal: beside another database it is harmful.
const JOURNAL = /(?<=\.(sqlite\d?|db))-(wal|shm|journal)$/

export interface FinishedRun {
  readonly harness: Harness
  readonly delivery: Delivery
  readonly machine: MachineState
  /** The private configuration home. */
  readonly directory: string
  /** What was linked into it, and names that never leave it. */
  readonly links: Links
  readonly exceptions: readonly string[]
  /** Where what cannot be kept is put, made when needed. */
  readonly aside: string
  readonly report: (line: string) => void
}

/** Carries everything over. What cannot be is reported and never thrown: the run itself has gone well. */
export async function carryHome(run: FinishedRun): Promise<void> {
  const { harness, machine, report } = run
  const home = userHome(harness, machine.environment).directory
  await mergeFiles(run)
  const names = await changedNames(run, home)
  if (names.length === 0) return
  if (!(await isWritable(home))) {
    report(`not kept: ${names.join(', ')} (${home} cannot be written)`)
    return
  }
  const yields = matcher(harness.rebuilds)
  const carried = new Set<string>()
  for (const name of names) {
    const database = name.replace(JOURNAL, '')
    if (database !== name && !carried.has(database)) continue
    const outcome = await carryEntry(run, home, name).catch((error: unknown) => [
      { name: '', reason: errorCode(error) || 'it failed' },
    ])
    if (outcome.length === 0) carried.add(name)
    else if (!yields(name)) for (const one of outcome) await putAside(run, join(name, one.name), one.reason)
  }
}

// A link that has become something else was replaced by the program; anything else is new.
async function carryEntry(run: FinishedRun, home: string, name: string): Promise<Refusal[]> {
  const [source, target, linked] = [join(run.directory, name), join(home, name), run.links.get(name)]
  const there = await stat(target).catch(() => null)
  const found = await lstat(source)
  if (linked === undefined || there === null || isSpecial(found)) return carry(source, target)
  if (found.isFile() && there.isFile() && (await isSameText(source, target))) return []
  const real = await realpath(target)
  if ((await fingerprint(real)) !== linked) return [{ name: '', reason: 'yours was changed meanwhile' }]
  if (found.isFile() && there.isFile()) {
    await replaceFile(source, real, there.mode & 0o777)
    return []
  }
  const former = join(run.aside, `${name}.before`)
  await mkdir(run.aside, { recursive: true, mode: 0o700 })
  await move(real, former)
  await move(source, real)
  run.report(`replaced: ${name}; what was there is ${former}`)
  return []
}

interface Refusal {
  /** Relative to the entry; empty for the entry itself. */
  readonly name: string
  readonly reason: string
}

async function mergeFiles({ harness, delivery, machine, directory, report }: FinishedRun): Promise<void> {
  const home = userHome(harness, machine.environment)
  const isMerged = matcher([...harness.reads, harness.login])
  for (const path of (await namesIn(directory)).filter(isMerged)) {
    try {
      const after = await readIfThere(join(directory, path))
      if (after === null) continue
      const delivered = delivery.files.find((file) => file.path === path)?.content.expose() ?? ''
      const target = await realPath(home.file(path))
      const [before, now] = [machine.userFiles[path] ?? null, await readIfThere(target)]
      const { text, lost } = harness.mergeBack(path, { before, delivered, after, now })
      if (text !== null) await writeFileAtomically(target, text, await modeOf(target))
      for (const name of lost) report(`not kept: what ${harness.program} changed in ${path}: ${name}`)
    } catch (error) {
      const reason = error instanceof UnsafePathError ? error.message : errorCode(error) || 'it failed'
      report(`not kept: what ${harness.program} changed in ${path} (${reason})`)
    }
  }
}

// Everything that is not, any more, the link we made.
async function changedNames({ directory, links, exceptions }: FinishedRun, home: string): Promise<string[]> {
  const isException = matcher(exceptions)
  const names = (await namesIn(directory)).filter((name) => !isException(name))
  const changed = await Promise.all(
    names.map(async (name) => {
      const target = await readlink(join(directory, name)).catch(() => null)
      return target !== null && links.has(name) && target === join(home, name) ? [] : [name]
    }),
  )
  return changed.flat().sort()
}

async function carry(source: string, target: string): Promise<Refusal[]> {
  const found = await lstat(source)
  if (isSpecial(found)) return []
  const there = await stat(target).catch(() => null)
  if (there === null) {
    const isDangling = (await lstat(target).catch(() => null)) !== null
    if (isDangling) return [{ name: '', reason: 'yours is a link to nowhere' }]
    await move(source, target)
    return []
  }
  if (found.isFile() && there.isFile() && (await isSameText(source, target))) return []
  if (found.isDirectory() && there.isDirectory()) return carryInto(source, await realpath(target))
  return [{ name: '', reason: 'you have another of that name' }]
}

// Sockets and pipes end with their program.
function isSpecial(found: Stats): boolean {
  return !found.isFile() && !found.isDirectory() && !found.isSymbolicLink()
}

// A program may remove its own home.
async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => [])
}

async function carryInto(source: string, target: string): Promise<Refusal[]> {
  const refused: Refusal[] = []
  for (const name of (await readdir(source)).sort()) {
    const inner = await carry(join(source, name), join(target, name))
    refused.push(...inner.map((one) => ({ ...one, name: join(name, one.name) })))
  }
  return refused
}

// In one step; the user's own choice of who may read it stays.
async function replaceFile(source: string, target: string, mode: number): Promise<void> {
  const fresh = besideOf(target)
  try {
    await move(source, fresh)
    await chmod(fresh, mode)
    await rename(fresh, target)
  } catch (error) {
    // Back where it was, for it to be put aside.
    await move(fresh, source).catch(() => undefined)
    throw error
  }
}

// The state directory may lie on another file system.
async function move(source: string, target: string): Promise<void> {
  try {
    await rename(source, target)
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error
    const fresh = besideOf(target)
    try {
      await cp(source, fresh, {
        recursive: true,
        verbatimSymlinks: true,
        preserveTimestamps: true,
        errorOnExist: true,
      })
      await rename(fresh, target)
    } catch (failure) {
      await rm(fresh, { recursive: true, force: true })
      throw failure
    }
    await rm(source, { recursive: true, force: true })
  }
}

async function putAside(
  { directory, aside, report }: FinishedRun,
  name: string,
  reason: string,
): Promise<void> {
  const place = join(aside, name)
  try {
    await mkdir(dirname(place), { recursive: true, mode: 0o700 })
    await move(join(directory, name), place)
    report(`not kept: ${name} (${reason}); this run's is ${place}`)
  } catch (error) {
    report(`not kept: ${name} (${reason}; ${errorCode(error)})`)
  }
}

function besideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`)
}

async function isSameText(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b)])
  if (one.size !== other.size) return false
  const [text, otherText] = await Promise.all([readFile(a), readFile(b)])
  return text.equals(otherText)
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}

// The user's own choice of who may read the file stays.
async function modeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mode }) => mode & 0o777,
    () => 0o600,
  )
}

// A settings file that is a link (a dotfiles repository) is written where it really lies.
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}
