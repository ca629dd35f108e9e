// The files of a server that was killed, read without it: a copy is opened as SQLite would open it after a crash, and
// searched for rows that are only half there.

import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CREDENTIAL_TYPES, type CredentialType } from '../../../src/domain/credential-types.ts'

const FILE = 'claviger.db'

const CONTRADICTIONS: Readonly<Record<string, string>> = {
  'a credential without its current version': `
    select c.id from credential c
    left join credential_version v on v.credential_id = c.id and v.version = c.version where v.version is null`,
  'a credential behind its newest version': `
    select c.id from credential c join credential_version v on v.credential_id = c.id
    group by c.id, c.version having max(v.version) <> c.version`,
  'a gap in the versions': `
    select credential_id as id from credential_version
    group by credential_id having max(version) - min(version) + 1 <> count(*)`,
  'a value without its version': `
    select w.credential_id as id from credential_value w
    left join credential_version v on v.credential_id = w.credential_id and v.version = w.version
    where v.version is null`,
  'a version without its credential': `
    select v.credential_id as id from credential_version v
    left join credential c on c.id = v.credential_id where c.id is null`,
  'two credentials of one name': `
    select min(id) as id from credential group by organization_id, owner, name having count(*) > 1`,
  'a version without all its fields': `
    select v.credential_id || ' ' || c.type as id, count(w.field) as fields from credential_version v
    join credential c on c.id = v.credential_id
    left join credential_value w on w.credential_id = v.credential_id and w.version = v.version
    group by v.credential_id, v.version, c.type`,
}

/** What is half there, a line each. `directory` is the state directory of a server that does not run. */
export function halfWritten(directory: string): string[] {
  const copy = mkdtempSync(join(directory, '../copy-'))
  try {
    for (const end of ['', '-wal']) {
      const from = join(directory, FILE + end)
      if (existsSync(from)) copyFileSync(from, join(copy, FILE + end))
    }
    const database = new DatabaseSync(join(copy, FILE))
    try {
      return contradictions(database)
    } finally {
      database.close()
    }
  } finally {
    rmSync(copy, { recursive: true })
  }
}

function contradictions(database: DatabaseSync): string[] {
  const check = database.prepare('pragma integrity_check').all()
  const damaged = check.flatMap(({ integrity_check: line }) =>
    line === 'ok' ? [] : [`damaged file: ${line}`],
  )
  const foreign = database.prepare('pragma foreign_key_check').all()
  const rows = Object.entries(CONTRADICTIONS).flatMap(([what, sql]) =>
    database
      .prepare(sql)
      .all()
      .filter((row) => !('fields' in row) || Number(row['fields']) < fieldsNeeded(String(row['id'])))
      .map((row) => `${what}: ${row['id']}`),
  )
  return [...damaged, ...foreign.map((row) => `a broken reference: ${JSON.stringify(row)}`), ...rows]
}

function fieldsNeeded(idAndType: string): number {
  const type = idAndType.split(' ')[1] as CredentialType
  return CREDENTIAL_TYPES[type].fields.filter((field) => field.required).length
}
