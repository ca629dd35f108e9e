// Where a run lives on its machine: one private directory, with the harness's own configuration and sessions in it, and
// the workspace, unless that is a directory of the user's. It stays when the process ends, so that the conversation can go
// on after anything, and goes when the run is over.

import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ClavigerError } from '../../domain/errors.ts'
import { directoryOf, type Workspace } from '../../domain/runs/workspace.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { allowedDirectory } from './allowed.ts'
import { type CloneAccess, handingOver } from './clone-access.ts'
import { cloneRepository, type GitOptions, type Repository } from './git.ts'

export interface RunPlace {
  /** Where the program works. */
  readonly workspace: string
  /** The harness's configuration home of this run. */
  readonly configuration: string
  /** Its own directory for what a program leaves lying about. */
  readonly temporary: string
  /** Which message the program was given last. */
  readonly givingFile: string
}

/** Does `work` with a token for it, which is over with the work. */
export type LendingAccess = <T>(work: (access: CloneAccess) => Promise<T>) => Promise<T>

export interface WorkspaceOptions extends GitOptions {
  /** Directories of this machine that runs may work in, with all that is in them. */
  readonly directories: readonly string[]
  /** Does the work of a clone that git here may have nothing for with what it takes. Missing: git has that. */
  readonly access?: LendingAccess
}

/**
 * Makes the place of a run, or finds it as it was left. Throws `invalid` with what is wrong about its workspace, `forbidden`
 * for a directory that runs may not work in.
 */
export async function openRunPlace(
  directory: string,
  runId: string,
  source: Workspace,
  options: WorkspaceOptions,
): Promise<RunPlace> {
  const home = homeOf(directory, runId)
  const [configuration, temporary] = [configurationOf(directory, runId), join(home, 'tmp')]
  for (const made of [configuration, temporary]) await mkdir(made, { recursive: true, mode: 0o700 })
  const workspace = await openWorkspace(join(home, 'workspace'), source, options)
  return { workspace, configuration, temporary, givingFile: join(home, 'giving.json') }
}

/** The harness's configuration home of a run that has a place here. */
export function configurationOf(directory: string, runId: string): string {
  return join(homeOf(directory, runId), 'config')
}

/** Ids of the runs that have a place here. */
export async function listRunPlaces(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() && RUN_ID.test(entry.name)).map(({ name }) => name)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Removes all of it; a directory of the user's is left alone. */
export async function removeRunPlace(directory: string, runId: string): Promise<void> {
  await rm(homeOf(directory, runId), { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

const RUN_ID = /^[\w-]+$/

function homeOf(directory: string, runId: string): string {
  if (!RUN_ID.test(runId)) throw new ClavigerError('invalid', 'This is not the id of a run.')
  return join(directory, runId)
}

async function openWorkspace(path: string, source: Workspace, options: WorkspaceOptions): Promise<string> {
  switch (source.kind) {
    case 'directory':
      return allowedDirectory(source.path, options.directories)
    case 'fresh':
      await mkdir(path, { recursive: true, mode: 0o700 })
      return path
    case 'git':
      if (!(await isThere(path))) await cloneWhole(path, source, options)
      return path
  }
}

// A clone that was killed leaves nothing that looks like a workspace.
async function cloneWhole(
  path: string,
  source: Extract<Workspace, { kind: 'git' }>,
  options: WorkspaceOptions,
): Promise<void> {
  const repository = await allowedRepository(source, options)
  const unfinished = `${path}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  try {
    await clone(repository, path, options)
    await rename(unfinished, path)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

async function clone(repository: Repository, path: string, options: WorkspaceOptions): Promise<void> {
  const { access, ...others } = options
  const unfinished = `${path}.unfinished`
  if (access === undefined) return cloneRepository(repository, unfinished, others)
  await access(async (given) => {
    if (given.url !== repository.url)
      throw new ClavigerError('forbidden', 'What it is to be cloned with is for another repository.')
    await handingOver(`${path}.access`, given, (handover) =>
      cloneRepository(repository, unfinished, { ...others, handover }),
    )
  })
}

// A repository of this machine is read where it really is.
async function allowedRepository(
  source: Extract<Workspace, { kind: 'git' }>,
  { directories }: WorkspaceOptions,
): Promise<Repository> {
  const path = directoryOf(source)
  if (path === null) return source
  return { ...source, url: pathToFileURL(await allowedDirectory(path, directories)).href }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return false
      throw error
    },
  )
}
