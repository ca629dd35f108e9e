// `claviger backup create FILE`: through the server that runs, or from the database itself when none does.

import { dirname, join } from 'node:path'
import { download } from '../../client/download.ts'
import { givenSettings, type ServerSettings, serverSettings } from '../../config.ts'
import { type Counts, cutBackup, readingBackup } from '../../domain/backup.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { GzipError, gzipLines } from '../../lib/gzip-lines.ts'
import { exists, writeNewFile } from '../../lib/new-file.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { readLogin, readServerFile } from '../secrets.ts'

export interface BackupCreateOptions {
  readonly database?: string
}

export async function run(
  context: Context,
  { database }: BackupCreateOptions,
  [file = '']: readonly string[],
): Promise<number> {
  if (await exists(file)) throw taken(file)
  if (!(await exists(dirname(file)))) throw noDirectory(file)
  const { bytes, key } = await source(context, database)
  const { header, counts } = await writeNewFile(file, bytes, summary).catch((error: unknown) => {
    throw explained(error, file)
  })
  context.ui.answer({ file, createdAt: header.createdAt, keyId: header.keyId, counts }, () => [
    `Wrote ${file}: ${countsText(counts)}.`,
    `Not in it: the master key (${key}). Without it nothing in the backup opens: keep a copy of it somewhere else.`,
  ])
  return 0
}

/** For people: the rows of a backup, the credentials first. */
export function countsText(counts: Counts): string {
  const { credential = 0, audit = 0 } = counts
  const rows = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const tables = Object.keys(counts).length
  return `${number(credential, 'credential')}, ${number(audit, 'audit entry', 'audit entries')}; ${number(rows, 'row')} of ${number(tables, 'table')}`
}

function number(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`
}

async function source(context: Context, database: string | undefined) {
  const settings = context.settings()
  const { stateDirectory } = settings
  const served =
    settings.server !== null ||
    (await readLogin(stateDirectory)) !== null ||
    (await readServerFile(stateDirectory)) !== null
  if (database === undefined && served) {
    const connection = await connect(context)
    return { bytes: await download(connection, 'backup.create', {}), key: 'the server has it' }
  }
  const given = givenSettings(context.dependencies.env)
  const own = serverSettings({ ...given, ...(database !== undefined && { databaseUrl: database }) })
  await mustHaveDatabase(own, stateDirectory)
  const offline = await context.dependencies.offline()
  const file = own.masterKeyFile ?? join(stateDirectory, 'master.key')
  const key = own.masterKey === null ? file : 'CLAVIGER_MASTER_KEY'
  return { bytes: await offline.backUp(own), key }
}

// What is not there is neither made nor taken for one whose key is lost.
async function mustHaveDatabase(
  { databaseUrl }: Pick<ServerSettings, 'databaseUrl'>,
  stateDirectory: string,
): Promise<void> {
  const [, path] = /^sqlite:(.+)$/.exec(databaseUrl) ?? []
  if (path === undefined || path === ':memory:' || (await exists(path))) return
  const [agents = '', key] = ['agents', 'profiles.key'].map((name) => join(stateDirectory, name))
  const ofProfiles = ` The accounts of this machine are files: keep a copy of ${agents} and of ${key}. A login that is renewed afterwards is over in that copy.`
  throw new ClavigerError('not_found', `There is no server here: ${path} does not exist.`, {
    hint: `A server elsewhere is named by --server, its database by --database.${(await exists(agents)) ? ofProfiles : ''}`,
  })
}

// It is read once more from the disk: what was not written shows now.
async function summary(path: string) {
  const reading = readingBackup()
  for await (const lines of gzipLines(path)) for (const line of lines) reading.take(line)
  return reading.end()
}

function taken(file: string): ClavigerError {
  return new ClavigerError('conflict', `${file} exists already.`, {
    hint: 'Choose another name, or remove it: a backup is never written over another file.',
  })
}

function noDirectory(file: string): ClavigerError {
  return new ClavigerError('invalid', `The directory of ${file} does not exist.`, {
    hint: 'Make it, or choose another.',
  })
}

function explained(error: unknown, file: string): unknown {
  const isCut =
    error instanceof GzipError || (error instanceof ClavigerError && error.message === cutBackup().message)
  if (isCut) {
    return new ClavigerError('unavailable', 'The backup broke off before its end; nothing was written.', {
      hint: 'Type it again. If it stays, see the log of the server.',
      cause: error,
    })
  }
  switch (errorCode(error)) {
    case 'EEXIST':
      return taken(file)
    case 'ENOENT':
    case 'ENOTDIR':
      return noDirectory(file)
    case 'EACCES':
    case 'EROFS':
      return new ClavigerError('invalid', `${file} cannot be written.`, {
        hint: 'Choose a directory of your own.',
      })
    case 'ENOSPC':
      return new ClavigerError('storage_full', `There is no room for ${file}; nothing was written.`, {
        hint: 'Make room on the disk, or choose another.',
      })
    default:
      return error
  }
}
