// What stands in a backup, line by line, and what is said after restoring or moving. A backup is gzip over lines of JSON:
//
//   {"format":"claviger-backup","version":1,…}            what it is and which key it belongs to
//   {"table":"credential","columns":["id",…]}             followed by its rows
//   ["cred_…",…]                                          one row; see cellToJson of store/transfer.ts
//   {"counts":{"credential":3,…}}                         all rows are there
//   {"hmac":"…"}                                          over every byte above, by the master key
//
// It holds what the database holds, so nothing in plaintext, and not the master key.

import { ClavigerError } from './errors.ts'

export const BACKUP_FORMAT = 'claviger-backup'
export const BACKUP_VERSION = 1

export interface BackupHeader {
  readonly format: typeof BACKUP_FORMAT
  readonly version: number
  /** RFC 3339. */
  readonly createdAt: string
  /** Version of the program that made it. */
  readonly program: string
  readonly engine: 'sqlite' | 'postgres'
  /** Names of the migrations that made the tables. */
  readonly migrations: readonly string[]
  /** Id of the master key. */
  readonly keyId: string
}

/** Table → its number of rows. */
export type Counts = Readonly<Record<string, number>>

export type BackupLine =
  | { readonly kind: 'header'; readonly header: BackupHeader }
  | { readonly kind: 'table'; readonly name: string; readonly columns: readonly string[] }
  | { readonly kind: 'row'; readonly cells: readonly unknown[] }
  | { readonly kind: 'counts'; readonly counts: Counts }
  | { readonly kind: 'seal'; readonly hmac: string }

export interface BackupReading {
  /** Reads the next line; throws when it does not belong there. */
  take(line: string): BackupLine
  /** All lines were taken; throws when some are missing. */
  end(): { readonly header: BackupHeader; readonly counts: Counts }
}

/** Reads a backup, which may be anything. The HMAC is for whoever has the key. */
export function readingBackup(): BackupReading {
  const found: Record<string, number> = {}
  let header: BackupHeader | undefined
  let counts: Counts | undefined
  let sealed = false
  let table = { name: '', width: -1 }

  const belongs = (line: BackupLine): boolean => {
    if (line.kind === 'header') return header === undefined
    if (header === undefined || sealed) return false
    if (line.kind === 'seal') return counts !== undefined
    if (counts !== undefined) return false
    if (line.kind === 'row') return line.cells.length === table.width
    return line.kind === 'counts' ? same(line.counts, found) : !Object.hasOwn(found, line.name)
  }

  return {
    take(text) {
      const line = parse(text)
      if (header === undefined && line?.kind !== 'header') throw noBackup()
      if (line === null || !belongs(line)) throw damagedBackup()
      if (line.kind === 'header') header = line.header
      else if (line.kind === 'counts') counts = line.counts
      else if (line.kind === 'seal') sealed = true
      else if (line.kind === 'table') {
        table = { name: line.name, width: line.columns.length }
        found[line.name] = 0
      } else found[table.name] = (found[table.name] ?? 0) + 1
      return line
    },
    end() {
      if (header === undefined) throw noBackup()
      if (counts === undefined || !sealed) throw cutBackup()
      return { header, counts }
    },
  }
}

/** `invalid`: it is something else. */
export function noBackup(): ClavigerError {
  return new ClavigerError('invalid', 'This is not a backup of Claviger.', {
    hint: 'Name a file that claviger backup create has written.',
  })
}

/** `unavailable`: its end is missing. */
export function cutBackup(): ClavigerError {
  return new ClavigerError('unavailable', 'The backup is cut short: its end is missing.', {
    hint: 'Copy the file again, or take an older backup. Nothing was restored.',
  })
}

/** `unavailable`: some of it is not what was written. */
export function damagedBackup(): ClavigerError {
  return new ClavigerError('unavailable', 'The backup was altered or is damaged.', {
    hint: 'Copy the file again, or take another backup. Nothing was restored.',
  })
}

/** `unavailable`: only a newer program understands it. */
export function newerBackup(detail: string): ClavigerError {
  return new ClavigerError('unavailable', 'This backup was written by a newer Claviger.', {
    hint: 'Restore it with that version or a newer one. Nothing was restored.',
    detail,
  })
}

/** What was found out about what is sealed in a database and a master key. */
export interface Openability {
  readonly credentials: number
  /** Names of those of which some value, or an answer to renewing them, does not open. */
  readonly closed: readonly string[]
  readonly webhooks: number
  /** Ids, and hosts in brackets, of those whose secret does not open. */
  readonly closedWebhooks: readonly string[]
  readonly channels: number
  /** Names of those of which some secret does not open. */
  readonly closedChannels: readonly string[]
  /** How many people have a second factor that does not open. */
  readonly closedFactors: number
}

export interface RestoreReport extends Openability {
  readonly header: BackupHeader
  readonly counts: Counts
  readonly quarantined: number
  readonly leasesEnded: number
  /** Where it is now, for people. */
  readonly place: string
}

export interface MoveReport extends Openability {
  readonly state: 'new' | 'resumed' | 'again' | 'done'
  readonly from: string
  readonly to: string
  readonly counts: Counts
}

function parse(text: string): BackupLine | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // What is no JSON is no line of a backup.
    return null
  }
  if (Array.isArray(value)) return { kind: 'row', cells: value }
  if (typeof value !== 'object' || value === null) return null
  const line = value as Record<string, unknown>
  if (line['format'] === BACKUP_FORMAT) return { kind: 'header', header: headerOf(line) }
  if (typeof line['hmac'] === 'string') return { kind: 'seal', hmac: line['hmac'] }
  const { table: name, columns, counts } = line
  if (typeof name === 'string' && areTexts(columns)) return { kind: 'table', name, columns }
  if (typeof counts === 'object' && counts !== null) return { kind: 'counts', counts: counts as Counts }
  return null
}

function headerOf(line: Record<string, unknown>): BackupHeader {
  const { version, createdAt, program, engine, migrations, keyId } = line
  if (typeof version === 'number' && version > BACKUP_VERSION) throw newerBackup(`format ${version}`)
  const texts = [createdAt, program, keyId]
  const right = version === BACKUP_VERSION && areTexts(texts) && areTexts(migrations)
  if (!right || (engine !== 'sqlite' && engine !== 'postgres')) throw damagedBackup()
  return line as unknown as BackupHeader
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function same(a: Counts, b: Counts): boolean {
  const sorted = (counts: Counts) => JSON.stringify(Object.entries(counts).sort())
  return sorted(a) === sorted(b)
}

/** What to type to start a server on a database whose URL is shown without user and password: it wants both. */
export function serveOn(shown: string): string {
  return shown.startsWith('postgres://')
    ? `CLAVIGER_DATABASE_URL=${shown.replace('//', '//USER:PASSWORD@')} claviger serve`
    : `claviger serve --database ${shown}`
}
