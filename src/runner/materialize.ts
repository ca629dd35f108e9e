// Carries out a delivery: the environment of the child, and the files of its private configuration home. It does not
// decide what is delivered (harnesses/ does) and does not spawn.

import { mkdir, readdir, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Delivery } from '../domain/delivery.ts'
import { ClavigerError } from '../domain/errors.ts'
import { readRefreshHandle, tokenKind } from '../domain/token.ts'
import { MAX_ENVIRONMENT_STRING } from '../domain/values.ts'
import type { Harness, MachineState } from '../harnesses/harness.ts'
import { createSynced, errorCode, readIfThere } from '../lib/atomic-file.ts'
import type { RawSecret } from './lease-source.ts'
import { matcher } from './private-directory.ts'

// ENOENT is what a recursive mkdir says of a read-only file system.
const HOME_STAYS_AS_IT_IS = ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'ENOENT']

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

/** The environment with the variable that names the configuration home as a full path: a child may change directory. */
export function withFullPaths(harness: Harness, environment: Environment, cwd: string): Environment {
  const { variable } = harness.configurationHome
  const chosen = environment[variable]
  if (chosen === undefined || chosen === '') return environment
  return { ...environment, [variable]: resolve(cwd, chosen) }
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
  const names = await namesOf([...harness.reads, harness.login], home.directory)
  const userFiles = names.map((name) => [name, home.file(name)] as const)
  const projectFiles = [
    ...here.map((name) => [name, join(cwd, name)] as const),
    ...(repository === null || repository === cwd
      ? []
      : root.map((name) => [`${name} (at ${repository})`, join(repository, name)] as const)),
  ]
  return { environment, userFiles: await readAll(userFiles), projectFiles: await readAll(projectFiles) }
}

/** Removes what no child may inherit: our own settings, and a token of ours under whatever name. */
export function withoutOwnSettings(environment: Environment): Environment {
  const isOurs = ([name, value]: readonly [string, string]) =>
    name.startsWith('CLAVIGER_') || isTokenOfOurs(value.trim())
  return Object.fromEntries(Object.entries(environment).filter((one) => !isOurs(one)))
}

function isTokenOfOurs(text: string): boolean {
  return tokenKind(text) !== null || readRefreshHandle(text) !== null
}

/** The child's environment: the worker's, without what stands in the way, with what is delivered. */
export function applyDelivery(environment: Environment, delivery: Delivery): Environment {
  const set = Object.entries(delivery.set).map(([name, value]) => [name, value.expose()] as const)
  for (const [name, value] of set) checkSize(name, value)
  const kept = Object.entries(environment).filter(([name]) => !delivery.unset.includes(name))
  return Object.fromEntries([...kept, ...set])
}

/**
 * Adds raw secrets. They come last: what the worker (without our own settings) or the typed credential has set wins, and
 * is reported.
 */
export function addRawSecrets(
  worker: Environment,
  child: Environment,
  harness: Harness,
  raw: readonly RawSecret[],
): ChildEnvironment {
  const added = new Map<string, string>()
  const report: string[] = []
  for (const { name, owner, value } of raw) {
    const reason = reasonToSkip(name, worker, child, harness, added)
    if (reason !== null) {
      report.push(`skipped: raw secret ${name} of ${owner}, ${reason}`)
      continue
    }
    checkSize(name, value.expose())
    added.set(name, value.expose())
  }
  return { environment: Object.fromEntries([...Object.entries(child), ...added]), report }
}

/** Writes the files of a delivery into a private directory that has none of them yet. */
export async function writeDelivery(delivery: Delivery, directory: string): Promise<void> {
  for (const { path, content } of delivery.files) {
    await createSynced(join(directory, path), content.expose())
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

// A name with a `*` stands for what is there.
async function namesOf(names: readonly string[], directory: string): Promise<string[]> {
  const patterns = names.filter((name) => name.includes('*'))
  const plain = names.filter((name) => !patterns.includes(name))
  if (patterns.length === 0) return plain
  const isWanted = matcher(patterns)
  const there = await readdir(directory).catch(() => [])
  return [...plain, ...there.filter((name) => isWanted(name) && !plain.includes(name)).sort()]
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
  added: ReadonlyMap<string, string>,
): string | null {
  if (harness.credentialVariables.includes(name)) return `it would steer the credential of ${harness.program}`
  if (name.startsWith('CLAVIGER_')) return 'names with CLAVIGER_ are ours'
  if (Object.hasOwn(worker, name)) return 'the environment has set it'
  if (Object.hasOwn(child, name)) return 'the settings have set it'
  return added.has(name) ? 'another one of that name comes first' : null
}

function checkSize(name: string, value: string): void {
  const size = Buffer.byteLength(`${name}=${value}`)
  if (size <= MAX_ENVIRONMENT_STRING) return
  throw new ClavigerError('too_large', `${name} is too long for the environment of a program.`, {
    hint: `NAME=VALUE may have at most ${MAX_ENVIRONMENT_STRING} bytes; this has ${size}.`,
  })
}
