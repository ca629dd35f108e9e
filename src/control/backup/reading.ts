// From the file of a backup to its rows. It is read twice: whole, to find out that it is complete, unaltered and ours,
// before anything is written; and once more for its rows, which must come out the same.

import { timingSafeEqual } from 'node:crypto'
import {
  type BackupHeader,
  type BackupLine,
  type Counts,
  cutBackup,
  damagedBackup,
  noBackup,
  readingBackup,
} from '../../domain/backup.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { GzipError, type GzipFault, gzipLines } from '../../lib/gzip-lines.ts'
import { type Cell, cellFromJson, type Row, type TableShape } from '../../store/transfer.ts'
import type { Vault } from '../../vault/vault.ts'
import { PURPOSE } from './writing.ts'

export interface CheckedBackup {
  readonly header: BackupHeader
  readonly counts: Counts
}

/** What a file says of itself, unchecked: to find the key that checks it. Throws `invalid` when it is no backup. */
export async function readHeader(path: string): Promise<BackupHeader> {
  for await (const line of linesOf(path)) {
    if (line.kind === 'header') return line.header
  }
  throw noBackup()
}

/** Reads all of a file and writes nothing. Throws `invalid` or `unavailable` with what is wrong with it. */
export async function checkBackup(path: string, vault: Vault): Promise<CheckedBackup> {
  return readBackup(path, vault, async () => undefined)
}

/** Hands all rows of a file over, a handful at a time; throws at the end when they are not what was written. */
export async function readBackup(
  path: string,
  vault: Vault,
  take: (table: TableShape, rows: readonly Row[]) => Promise<void>,
): Promise<CheckedBackup> {
  let header: BackupHeader | undefined
  let counts: Counts | undefined
  let table: TableShape = { name: '', columns: [] }
  let rows: Row[] = []
  const flush = async () => {
    if (rows.length > 0) await take(table, rows)
    rows = []
  }
  for await (const line of linesOf(path, vault)) {
    if (line.kind === 'row') rows.push(line.cells.map(cell))
    if (line.kind !== 'row' || rows.length >= ROWS) await flush()
    if (line.kind === 'header') ({ header } = line)
    if (line.kind === 'table') table = line
    if (line.kind === 'counts') ({ counts } = line)
  }
  if (header === undefined || counts === undefined) throw cutBackup()
  return { header, counts }
}

const ROWS = 250

// Every line in its place; with a vault, also authentic, which shows at the end.
async function* linesOf(path: string, vault?: Vault): AsyncGenerator<BackupLine> {
  const reading = readingBackup()
  const hmac = vault?.authenticate(PURPOSE)
  let [claimed, found] = ['', '']
  try {
    for await (const texts of gzipLines(path)) {
      for (const text of texts) {
        const line = reading.take(text)
        if (line.kind === 'header' && vault !== undefined) mustBeOurs(line.header, vault)
        if (line.kind === 'seal') [claimed, found] = [line.hmac, hmac?.digest() ?? '']
        else hmac?.update(`${text}\n`)
        yield line
      }
    }
  } catch (error) {
    throw explained(error, path)
  }
  reading.end()
  if (!equal(claimed, found)) throw damagedBackup()
}

function mustBeOurs({ keyId }: BackupHeader, vault: Vault): void {
  if (keyId === vault.keyId) return
  throw new ClavigerError('unavailable', 'This backup belongs to another master key.', {
    hint: `It wants the key with id ${keyId}; this one is ${vault.keyId}. Name the right one with CLAVIGER_MASTER_KEY_FILE.`,
  })
}

function cell(json: unknown): Cell {
  const found = cellFromJson(json)
  if (found === undefined) throw damagedBackup()
  return found
}

function equal(claimed: string, found: string): boolean {
  const [a, b] = [Buffer.from(claimed), Buffer.from(found)]
  return a.length > 0 && a.length === b.length && timingSafeEqual(a, b)
}

const FAULTS: Readonly<Record<GzipFault, () => ClavigerError>> = {
  empty: () =>
    new ClavigerError('invalid', 'The file is empty.', {
      hint: 'Name a file that claviger backup create has written.',
    }),
  foreign: noBackup,
  cut: cutBackup,
  damaged: damagedBackup,
}

function explained(error: unknown, path: string): unknown {
  if (error instanceof GzipError) return FAULTS[error.fault]()
  switch (errorCode(error)) {
    case 'ENOENT':
      return new ClavigerError('not_found', `There is no file ${path}.`, { hint: 'Check the path.' })
    case 'EISDIR':
      return new ClavigerError('invalid', `${path} is a directory.`, { hint: 'Name the file of the backup.' })
    case 'EACCES':
      return new ClavigerError('unavailable', `${path} cannot be read.`, { hint: 'Check whose file it is.' })
    default:
      return error
  }
}
