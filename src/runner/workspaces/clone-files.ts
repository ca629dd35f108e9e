// The inside of a clone that was in the hands of an agent, read and written as files. No git runs in it: what it would do
// there is the agent's to say, by settings and hooks. Where something is not as git makes it, nothing is written.

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, open, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import { isRef } from '../../domain/runs/workspace.ts'
import { createSynced, errorCode } from '../../lib/atomic-file.ts'
import { isCommit } from './fetching.ts'

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

// Of packed-refs, the longest of them.
const LONGEST_FILE = 32 * 1024 * 1024

/** Where a clone is. */
export interface Head {
  readonly commit: string
  /** The whole ref of its branch; null: it is on none. */
  readonly branch: string | null
}

/** Null: it is not as git keeps it in files, or there is nothing in it. */
export async function readHead(workspace: string): Promise<Head | null> {
  const text = await textOf(workspace, 'HEAD')
  const branch = /^ref: (refs\/heads\/\S+)\n$/.exec(text)?.[1] ?? null
  if (branch === null) return isCommit(text.trim()) ? { commit: text.trim(), branch } : null
  if (!isRef(branch)) return null
  const loose = (await textOf(workspace, branch)).trim()
  const packed = (await textOf(workspace, 'packed-refs')).split('\n')
  const commit =
    loose === '' ? packed.find((line) => line.endsWith(` ${branch}`))?.slice(0, -branch.length - 1) : loose
  return commit !== undefined && isCommit(commit) ? { commit, branch } : null
}

const UNDER_WAY = [
  ...['index.lock', 'HEAD.lock', 'MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'BISECT_LOG'],
  ...['rebase-merge', 'rebase-apply', 'sequencer'],
]

/** Whether something has begun in it and is not over: a merge, a rebase. */
export async function isUnderWay(workspace: string): Promise<boolean> {
  const names = await readdir(join(workspace, '.git'))
  return UNDER_WAY.some((name) => names.includes(name))
}

/** What it leaves out beside what its files say; empty: nothing. */
export function ownExcludes(workspace: string): Promise<string> {
  return textOf(workspace, 'info/exclude')
}

const PACK = /^pack-[0-9a-f]+\.(pack|rev|idx)$/

/** Copies packs into it. Who looks for one finds it whole: its index comes last. */
export async function addPacks(from: string, workspace: string): Promise<void> {
  const names = (await readdir(from)).filter((name) => PACK.test(name))
  const last = (name: string) => Number(name.endsWith('.idx'))
  for (const name of names.toSorted((a, b) => last(a) - last(b)))
    await placeFile(workspace, `objects/pack/${name}`, (path) =>
      copyFile(join(from, name), path, constants.COPYFILE_EXCL),
    )
}

export function placeIndex(from: string, workspace: string): Promise<void> {
  return placeFile(workspace, 'index', (path) => copyFile(from, path, constants.COPYFILE_EXCL))
}

/** `name`: a whole ref, or `HEAD`. */
export function writeRef(workspace: string, name: string, commit: string): Promise<void> {
  return placeFile(workspace, name, (path) => createSynced(path, `${commit}\n`, 0o644))
}

/** Throws `invalid` where one of these is in no directory of the clone itself. */
export async function mustBePlaces(workspace: string, names: readonly string[]): Promise<void> {
  for (const name of names) await directoryFor(workspace, name)
}

// In one step.
async function placeFile(
  workspace: string,
  name: string,
  write: (path: string) => Promise<void>,
): Promise<void> {
  const temporary = join(await directoryFor(workspace, name), `tmp_${randomBytes(8).toString('hex')}`)
  await write(temporary)
  await rename(temporary, join(workspace, '.git', name))
}

// No link leads there.
async function directoryFor(workspace: string, name: string): Promise<string> {
  const parts = dirname(join('.git', name)).split('/')
  let directory = workspace
  for (const part of parts) {
    directory = join(directory, part)
    await mkdir(directory).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error
    })
    if (!(await lstat(directory)).isDirectory()) throw notAsMade()
  }
  return directory
}

// Empty when there is none, or it is no plain file.
async function textOf(workspace: string, name: string): Promise<string> {
  try {
    const file = await open(join(workspace, '.git', name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const { size } = await file.stat()
      return size > LONGEST_FILE ? '' : await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO'].includes(errorCode(error))) return ''
    throw error
  }
}

export function notAsMade(): ClavigerError {
  return new ClavigerError('invalid', 'The clone is not as git makes it.')
}
