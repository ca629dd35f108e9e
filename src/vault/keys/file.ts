// Master keys in a file of their own, one a line, the current one first. Whoever reads it can open everything, so its
// place is checked before it is used.

import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import { type MasterKeys, parseMasterKeys } from './parse.ts'

/**
 * Reads the keys. Throws `unavailable` when the file is a link, belongs to somebody else, is readable by others, or lies
 * in a directory that others may write to.
 */
export function readKeyFile(path: string): MasterKeys {
  checkPlace(path)
  return parseMasterKeys(readFileSync(path, 'utf8'), path, /\r?\n/)
}

function checkPlace(path: string): Stats {
  const file = lstatSync(path)
  if (!file.isFile()) throw unsafe(path, 'is not a plain file', `Put the key itself there.`)
  checkOwner(path, file)
  if ((file.mode & 0o077) !== 0) throw unsafe(path, 'can be read by others', `Type: chmod 600 ${path}`)
  const directory = dirname(resolve(path))
  const parent = statSync(directory)
  checkOwner(directory, parent)
  if ((parent.mode & 0o022) !== 0) {
    throw unsafe(path, 'lies in a directory that others can write to', `Type: chmod go-w ${directory}`)
  }
  return file
}

/**
 * Writes a key to a new file (0600), durably and in one step: there is a whole key at the path or nothing. Throws when
 * the file exists: a key is never overwritten.
 */
export function createKeyFile(path: string, key: Uint8Array): void {
  writeUnfinished(path, [key])
  try {
    // Unlike a rename, a link does not replace what is there.
    linkSync(unfinishedFile(path), path)
  } finally {
    removeUnfinished(path)
  }
  syncDirectory(path)
}

/**
 * Puts `keys` in the place of `seen`, durably and in one step: the file holds all of the one or all of the other. Throws
 * `unavailable`, and changes nothing, when the file does not hold `seen`, is not safe, has a second name (which would
 * keep what it held), or cannot be replaced.
 */
export function replaceKeyFile(path: string, seen: MasterKeys, keys: MasterKeys): void {
  const { nlink } = checkPlace(path)
  if (nlink > 1) throw unsafe(path, 'has a second name (a hard link)', 'Remove the other one.')
  if (textOf(readKeyFile(path)) !== textOf(seen)) {
    throw unsafe(path, 'was changed since the server was started', 'Start the server again.')
  }
  try {
    writeUnfinished(path, keys)
    renameSync(unfinishedFile(path), path)
  } catch (cause) {
    removeUnfinished(path)
    throw new ClavigerError('unavailable', `The master key file ${path} cannot be replaced.`, {
      hint: 'Nothing was changed. See that it lies on a disk with room, in a directory of ours, and is no mount of its own.',
      detail: cause instanceof Error ? cause.message : '',
      cause,
    })
  }
  syncDirectory(path)
}

function writeUnfinished(path: string, keys: readonly Uint8Array[]): void {
  removeUnfinished(path)
  const file = openSync(unfinishedFile(path), 'wx', 0o600)
  try {
    writeSync(file, textOf(keys))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function textOf(keys: readonly Uint8Array[]): string {
  return keys.map((key) => `${Buffer.from(key).toString('base64')}\n`).join('')
}

function syncDirectory(path: string): void {
  const directory = openSync(dirname(resolve(path)), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** Removes what a write left that was killed before, or just after, the keys were in their place. */
export function removeUnfinished(path: string): void {
  rmSync(unfinishedFile(path), { force: true })
}

function unfinishedFile(path: string): string {
  return `${path}.new`
}

function checkOwner(path: string, stats: Stats): void {
  const uid = process.getuid?.()
  if (uid === undefined || stats.uid === uid || stats.uid === 0) return
  throw unsafe(path, 'belongs to another user', 'Give it to the user that runs Claviger.')
}

function unsafe(path: string, what: string, hint: string): ClavigerError {
  return new ClavigerError('unavailable', `The master key file ${path} ${what}.`, { hint })
}
