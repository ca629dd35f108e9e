// A master key in a file of its own. Whoever reads it can open everything, so its place is checked before it is used.

import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import { parseMasterKey } from './parse.ts'

/**
 * Reads the key. Throws `unavailable` when the file is a link, belongs to somebody else, is readable by others, or lies
 * in a directory that others may write to.
 */
export function readKeyFile(path: string): Uint8Array {
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
  return parseMasterKey(readFileSync(path, 'utf8'), path)
}

/**
 * Writes a key to a new file (0600), durably and in one step: there is a whole key at the path or nothing. Throws when
 * the file exists: a key is never overwritten.
 */
export function createKeyFile(path: string, key: Uint8Array): void {
  const unfinished = unfinishedFile(path)
  removeUnfinished(path)
  const file = openSync(unfinished, 'wx', 0o600)
  try {
    writeSync(file, `${Buffer.from(key).toString('base64')}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  try {
    // Unlike a rename, a link does not replace what is there.
    linkSync(unfinished, path)
  } finally {
    removeUnfinished(path)
  }
  const directory = openSync(dirname(resolve(path)), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** Removes what {@link createKeyFile} left when it was killed before, or just after, the key was in its place. */
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
