// What Postgres and its driver report → the errors of the product. Messages name the server and never a value of a row
// or a part of the URL: Postgres' own errors quote rows, so they are not passed on, not even as a cause.

import { ClavigerError, type ErrorCode } from '../../../domain/errors.ts'
import { alreadyThere, contended, outcomeUnknown, parentGone } from '../../refusals.ts'
import type { PostgresAddress } from './address.ts'

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const UNIQUE_VIOLATION = '23505'
const FOREIGN_KEY_VIOLATION = '23503'
const READ_ONLY = '25006'
const CANNOT_CONNECT_NOW = '57P03'
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'

// The backend is gone, or going.
const LOST_CODES = /^(08|57P0[1-5]|25P03)/
// Of node:net and node:dns.
const NETWORK_CODES =
  /^(ECONN|EPIPE|ENOENT|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|EADDRNOTAVAIL|EACCES|ERR_SOCKET)/
// The driver's own, which have no code.
const LOST_MESSAGES = /^(Connection terminated|Client (has encountered|was closed)|timeout expired)/
const HUNG_MESSAGE = 'Query read timeout'
const BUSY_MESSAGE = 'timeout exceeded when trying to connect'
const NO_PASSWORD = /^(SASL: |SCRAM-SERVER-FIRST-MESSAGE: ).*password must be|^Password must be/

// What is certain not to have committed when COMMIT answers with it.
const CERTAINLY_TAKEN_BACK = /^(23|40001|40P01|25P02|57014)/

// What the driver says when it knew before that the connection was lost.
const NEVER_SENT = /^Client (has encountered|was closed)/

// Classes whose messages hold names of tables, roles and files, but no values.
const SAYS_NO_VALUES = /^(08|25|26|28|3D|3F|40|42501|42P|53|55|57|58|XX)/

/** The code of an error: five characters of Postgres, or a name of the operating system. Empty when there is none. */
function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

/** Whether the connection is of no use any more. */
export function isConnectionLost(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || thrown instanceof ClavigerError) return false
  const code = codeOf(thrown)
  if (LOST_CODES.test(code) || NETWORK_CODES.test(code)) return true
  return LOST_MESSAGES.test(thrown.message) || isHung(thrown)
}

/** Whether a statement got no answer for so long that waiting was given up. */
export function isHung(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message === HUNG_MESSAGE
}

/** Whether this connection should be given up: lost, or to a server that does not take writes any more. */
export function isUseless(thrown: unknown): boolean {
  return isConnectionLost(thrown) || codeOf(thrown) === READ_ONLY
}

/** What a failed COMMIT means: the error as it is when nothing was stored, else that nobody knows. */
export function commitFailure(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return outcomeUnknown(detailOf(thrown))
  if (CERTAINLY_TAKEN_BACK.test(codeOf(thrown)) || NEVER_SENT.test(thrown.message)) return thrown
  return outcomeUnknown(detailOf(thrown))
}

/** A function that turns errors of the driver for this database into ClavigerErrors; ClavigerErrors pass. */
export function postgresErrors({ name, database }: PostgresAddress): (thrown: unknown) => unknown {
  return (thrown) => {
    if (!(thrown instanceof Error) || thrown instanceof ClavigerError) return thrown
    const code = codeOf(thrown)
    const detail = detailOf(thrown)
    const rowError = rowErrorOf(code, detail)
    if (rowError !== undefined) return rowError
    const say = (what: string, hint: string, kind: ErrorCode = 'unavailable') =>
      new ClavigerError(kind, `The Postgres database ${name} ${what}.`, { hint, detail })
    if (isConnectionLost(thrown) && code !== CANNOT_CONNECT_NOW) return lost(thrown, code, say)
    return refusedAtDoor(thrown, code, database, say) ?? refusedWork(code, say) ?? unexpected(thrown, detail)
  }
}

type Say = (what: string, hint: string, kind?: ErrorCode) => ClavigerError

function rowErrorOf(code: string, detail: string): ClavigerError | undefined {
  switch (code) {
    case UNIQUE_VIOLATION:
      return alreadyThere(new Error(detail))
    case FOREIGN_KEY_VIOLATION:
      return parentGone(new Error(detail))
    case SERIALIZATION_FAILURE:
    case DEADLOCK:
      return contended(detail)
    case '22021':
      return new ClavigerError('invalid', 'A text with a NUL character cannot be stored.', { detail })
    default:
      return undefined
  }
}

function lost(thrown: Error, code: string, say: Say): ClavigerError {
  if (NETWORK_CODES.test(code) && !/^(ECONNRESET|EPIPE)/.test(code)) {
    return say(
      'cannot be reached',
      'Check that Postgres is running and the host and port of CLAVIGER_DATABASE_URL.',
    )
  }
  if (isHung(thrown))
    return say('does not answer', 'Check the load of Postgres and the network, then try again.')
  return say(
    'closed the connection',
    'Try again; Claviger reconnects by itself. See the log of Postgres if it stays.',
  )
}

function refusedAtDoor(thrown: Error, code: string, database: string, say: Say): ClavigerError | undefined {
  switch (code) {
    case '28P01':
    case '28000':
      return say(
        'refuses the user or the password',
        'Check both in CLAVIGER_DATABASE_URL; special characters are written as %40 (@), %2F (/), %23 (#).',
      )
    case '3D000':
      return say('does not exist', `Create it: createdb ${database}`)
    case CANNOT_CONNECT_NOW:
      return say('is starting or stopping', 'Try again in a moment.')
    case '53300':
      return say(
        'has no connection left',
        'Raise max_connections of Postgres, or start fewer servers: each uses up to 10.',
      )
    case '26000':
    case '42P05':
      return say(
        'is reached through a pooler that shares sessions',
        'Name Postgres itself in CLAVIGER_DATABASE_URL, or set the pooler to session pooling.',
      )
    default:
  }
  if (NO_PASSWORD.test(thrown.message)) {
    return say('wants a password', 'Put it into CLAVIGER_DATABASE_URL, or set PGPASSWORD.')
  }
  if (thrown.message.includes('does not support SSL')) {
    return say(
      'does not speak TLS',
      'Take sslmode out of CLAVIGER_DATABASE_URL, or switch TLS on in Postgres.',
    )
  }
  if (thrown.message === BUSY_MESSAGE) {
    return say('is busier than this server may wait for', 'Try again; see the load of Postgres.')
  }
  return undefined
}

function refusedWork(code: string, say: Say): ClavigerError | undefined {
  switch (code) {
    case READ_ONLY:
      return readOnly(say)
    case '42501':
      return say(
        'does not let this user write',
        'Make the user the owner of its schema, or: grant create, usage on schema public to USER',
      )
    case '3F000':
      return say('has no schema for our tables', 'Create it, or set search_path for the user.')
    case '53100':
      return say(
        'has no room left on its disk',
        'Make room on the disk of Postgres, then try again.',
        'storage_full',
      )
    case '57014':
    case '55P03':
      return say(
        'took too long',
        'Nothing of this was stored. Try again; see the load and the locks of Postgres.',
      )
    case 'XX001':
    case 'XX002':
      return say('is damaged', 'Restore it from a backup.')
    default:
  }
  if (/^(53|58|XX)/.test(code)) return say('failed', 'See the log of Postgres.')
  return undefined
}

function readOnly(say: Say): ClavigerError {
  return say('is read-only', 'Name the primary in CLAVIGER_DATABASE_URL, not a standby.')
}

/** `unavailable`: what connects must be able to write. */
export function readOnlyServer({ name }: PostgresAddress): ClavigerError {
  return readOnly(
    (what, hint) => new ClavigerError('unavailable', `The Postgres database ${name} ${what}.`, { hint }),
  )
}

// A bug of ours, or something nobody thought of. What Postgres says may quote a row.
function unexpected(thrown: Error, detail: string): unknown {
  if (codeOf(thrown).length !== 5) return thrown
  return new ClavigerError('internal', 'The database refused what Claviger asked of it.', {
    hint: 'See the log of the server for the request id.',
    detail,
  })
}

function detailOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'a value that is not an Error'
  const code = codeOf(thrown)
  const said = code.length !== 5 || SAYS_NO_VALUES.test(code) ? `: ${thrown.message}` : ''
  const where = ['table', 'column', 'constraint', 'routine'].flatMap((part) => {
    const value = (thrown as Error & Record<string, unknown>)[part]
    return typeof value === 'string' ? [`${part} ${value}`] : []
  })
  return [`Postgres ${code}${said}`, ...where].join(', ')
}
