// Carries out a delivery: the environment of the child, and the files of its private configuration home. It does not
// decide what is delivered (harnesses/ does) and does not spawn.

import { mkdir, realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Delivery } from '../domain/delivery.ts'
import { ClavigerError } from '../domain/errors.ts'
import { MAX_ENVIRONMENT_STRING } from '../domain/values.ts'
import type { Harness, MachineState } from '../harnesses/harness.ts'
import {
  createSynced,
  errorCode,
  readIfThere,
  UnsafePathError,
  writeFileAtomically,
} from '../lib/atomic-file.ts'
import type { RawSecret } from './lease-source.ts'

const HOME_STAYS_AS_IT_IS = ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENOTDIR']

export type Environment = Readonly<Record<string, string>>

/** Where the user's own configuration of a harness lies. */
export interface UserHome {
  readonly directory: string
  /** The full path of one of {@link Harness.reads}. */
  file(name: string): string
}

export interface ChildEnvironment {
  readonly environment: Environment
  readonly report: readonly string[]
}

/** The user's configuration home, from the variable that names it or the home directory. */
export function userHome(harness: Harness, environment: Environment): UserHome {
  const { variable, fallback, besideFallback } = harness.configurationHome
  const home = environment['HOME'] || homedir()
  const chosen = environment[variable]
  const directory = chosen === undefined || chosen === '' ? join(home, fallback) : chosen
  const isBeside = (name: string) => directory !== chosen && besideFallback.includes(name)
  return { directory, file: (name) => join(isBeside(name) ? home : directory, name) }
}

/** Reads what the harness needs to see of the machine. Throws `invalid` for a file that cannot be read. */
export async function readMachine(
  harness: Harness,
  environment: Environment,
  cwd: string,
): Promise<MachineState> {
  const home = userHome(harness, environment)
  const { here, root } = harness.projectReads
  const repository = root.length === 0 ? null : await repositoryRoot(cwd)
  const userFiles = [...harness.reads, harness.login].map((name) => [name, home.file(name)] as const)
  const projectFiles = [
    ...here.map((name) => [name, join(cwd, name)] as const),
    ...(repository === null || repository === cwd
      ? []
      : root.map((name) => [`${name} (at ${repository})`, join(repository, name)] as const)),
  ]
  return { environment, userFiles: await readAll(userFiles), projectFiles: await readAll(projectFiles) }
}

/** Removes what no child may inherit: our own settings, among them the token of this worker. */
export function withoutOwnSettings(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('CLAVIGER_')))
}

/** The child's environment: the worker's, without what stands in the way, with what is delivered. */
export function applyDelivery(environment: Environment, delivery: Delivery): Environment {
  const set = Object.entries(delivery.set).map(([name, value]) => [name, value.expose()] as const)
  for (const [name, value] of set) checkSize(name, value)
  const kept = Object.entries(environment).filter(([name]) => !delivery.unset.includes(name))
  return Object.fromEntries([...kept, ...set])
}

/** Adds raw secrets. They come last: what the worker or the typed credential has set wins, and is reported. */
export function addRawSecrets(
  worker: Environment,
  child: Environment,
  harness: Harness,
  raw: readonly RawSecret[],
): ChildEnvironment {
  const environment: Record<string, string> = { ...child }
  const report: string[] = []
  const taken = new Set<string>()
  for (const { name, owner, value } of raw) {
    const reason = reasonToSkip(name, worker, child, harness, taken)
    if (reason !== null) {
      report.push(`skipped: raw secret ${name} of ${owner}, ${reason}`)
      continue
    }
    checkSize(name, value.expose())
    environment[name] = value.expose()
    taken.add(name)
  }
  return { environment, report }
}

/** Writes the files of a delivery into a private directory that has none of them yet. */
export async function writeDelivery(delivery: Delivery, directory: string): Promise<void> {
  for (const { path, content } of delivery.files) {
    await createSynced(join(directory, path), content.expose())
  }
}

/**
 * Carries what the program changed in its copies back into the user's own files. A file that cannot be written is
 * reported and left alone: the run itself has gone well.
 */
export async function mergeBack(
  harness: Harness,
  delivery: Delivery,
  machine: MachineState,
  directory: string,
  report: (line: string) => void,
): Promise<void> {
  const home = userHome(harness, machine.environment)
  for (const { path, content } of delivery.files.filter((file) => harness.reads.includes(file.path))) {
    try {
      const after = await readIfThere(join(directory, path))
      if (after === null) continue
      const target = await realPath(home.file(path))
      const [before, now] = [machine.userFiles[path] ?? null, await readIfThere(target)]
      const merged = harness.mergeBack(path, { before, delivered: content.expose(), after, now })
      if (merged !== null) await writeFileAtomically(target, merged, await modeOf(target))
    } catch (error) {
      const reason = error instanceof UnsafePathError ? error.message : errorCode(error) || 'it failed'
      report(`not kept: what ${harness.program} changed in ${path} (${reason})`)
    }
  }
}

/** Makes those parts of the user's configuration home in which sessions live, so that they outlive the run. */
export async function makeSessionPlaces(harness: Harness, environment: Environment): Promise<void> {
  const { directory } = userHome(harness, environment)
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    for (const name of harness.keeps) {
      const path = join(directory, name)
      if (name.endsWith('/')) await mkdir(path, { recursive: true, mode: 0o700 })
      else await createIfMissing(path)
    }
  } catch (error) {
    // A home that we may not change: the run works, its sessions end with it.
    if (!HOME_STAYS_AS_IT_IS.includes(errorCode(error))) throw error
  }
}

/** The innermost directory from `cwd` upwards that holds a `.git`, or null. */
async function repositoryRoot(cwd: string): Promise<string | null> {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const found = await realpath(join(directory, '.git')).catch(() => null)
    if (found !== null) return directory
    if (dirname(directory) === directory) return null
  }
}

async function createIfMissing(path: string): Promise<void> {
  await createSynced(path, '').catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error
  })
}

async function readAll(files: readonly (readonly [string, string])[]): Promise<Record<string, string>> {
  const texts = await Promise.all(
    files.map(async ([name, path]) => {
      const text = await readIfThere(path).catch((error: unknown) => {
        throw new ClavigerError('invalid', `${path} cannot be read (${errorCode(error)}).`, { cause: error })
      })
      return text === null ? [] : [[name, text] as const]
    }),
  )
  return Object.fromEntries(texts.flat())
}

function reasonToSkip(
  name: string,
  worker: Environment,
  child: Environment,
  harness: Harness,
  taken: ReadonlySet<string>,
): string | null {
  if (harness.credentialVariables.includes(name)) return `it would steer the credential of ${harness.program}`
  if (name.startsWith('CLAVIGER_')) return 'names with CLAVIGER_ are ours'
  if (worker[name] !== undefined) return 'the environment has set it'
  if (child[name] !== undefined) return 'the settings have set it'
  return taken.has(name) ? 'another one of that name comes first' : null
}

function checkSize(name: string, value: string): void {
  const size = Buffer.byteLength(`${name}=${value}`)
  if (size <= MAX_ENVIRONMENT_STRING) return
  throw new ClavigerError('too_large', `${name} is too long for the environment of a program.`, {
    hint: `NAME=VALUE may have at most ${MAX_ENVIRONMENT_STRING} bytes; this has ${size}.`,
  })
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
