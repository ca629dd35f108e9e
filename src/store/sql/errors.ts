// What SQLite reports → the errors of the product. Messages name the file and never a value of a row.

import { ClavigerError } from '../../domain/errors.ts'
import { alreadyThere, parentGone } from '../refusals.ts'

// https://www.sqlite.org/rescode.html: the low byte of an extended code is its primary code.
const PERM = 3
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const CONSTRAINT = 19
const AUTH = 23
const NOTADB = 26
const CONSTRAINT_FOREIGNKEY = 787
const CONSTRAINT_PRIMARYKEY = 1555
const CONSTRAINT_UNIQUE = 2067

/** A function that turns errors of node:sqlite for the database at `path` into ClavigerErrors; others pass. */
export function sqliteErrors(path: string): (thrown: unknown) => unknown {
  return (thrown) => {
    if (!isSqliteError(thrown)) return thrown
    const code = thrown.errcode & 0xff
    if (code === CONSTRAINT) return constraintError(thrown)
    return fileError(code, path, thrown) ?? thrown
  }
}

/** `unavailable`: the file system refuses what the database needs. */
export function unusable(path: string, reason: string, hint: string, cause?: unknown): ClavigerError {
  return new ClavigerError('unavailable', `The database ${path} ${reason}.`, { hint, cause })
}

interface SqliteError extends Error {
  readonly errcode: number
}

function isSqliteError(thrown: unknown): thrown is SqliteError {
  return thrown instanceof Error && 'errcode' in thrown && typeof thrown.errcode === 'number'
}

function constraintError(thrown: SqliteError): unknown {
  switch (thrown.errcode) {
    case CONSTRAINT_UNIQUE:
    case CONSTRAINT_PRIMARYKEY:
      return alreadyThere(thrown)
    case CONSTRAINT_FOREIGNKEY:
      return parentGone(thrown)
    default:
      return thrown
  }
}

function fileError(code: number, path: string, thrown: SqliteError): ClavigerError | undefined {
  switch (code) {
    case BUSY:
    case LOCKED:
      return new ClavigerError('conflict', `Another process is using ${path}.`, {
        hint: 'Stop it, or choose another file with --database.',
        detail: thrown.message,
        cause: thrown,
      })
    case CORRUPT:
    case NOTADB:
      return unusable(path, 'is damaged or is no database', 'Restore it from a backup.', thrown)
    case FULL:
      return new ClavigerError('storage_full', `There is no room left for the database ${path}.`, {
        hint: 'Nothing of this request was stored. Make room on the disk, then try again.',
        detail: thrown.message,
        cause: thrown,
      })
    case CANTOPEN:
      return unusable(path, 'cannot be opened', 'Check that its folder exists and is ours to write.', thrown)
    case READONLY:
    case PERM:
    case AUTH:
      return unusable(path, 'cannot be written', 'Check who owns the file and its folder.', thrown)
    case IOERR:
      return unusable(path, 'cannot be read or written', 'Check the disk; see the log of the server.', thrown)
    default:
      return undefined
  }
}
