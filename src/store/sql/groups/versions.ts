// Versions of credentials and their sealed values over SQL.

import type { Kysely } from 'kysely'
import type { VersionStore } from '../../store.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

/** Prepares the statements once; the result makes the group for a connection. */
export function versionGroup(database: Kysely<Database>): (execute: Execute) => VersionStore {
  const values = prepare((marker: Markers<{ credentialId: string; version: number }>) =>
    database
      .selectFrom('credential_value')
      .select(['field', 'sealed'])
      .where('credential_id', '=', marker('credentialId'))
      .where('version', '=', marker('version')),
  )
  return (execute) => ({
    insert: async ({ credentialId, version, values: sealedValues, ...row }) => {
      const key = { credential_id: credentialId, version }
      const summary = {
        created_at: row.createdAt,
        created_by: row.createdBy,
        note: row.note,
        suffix: row.suffix,
        shown: JSON.stringify(row.shown),
      }
      await execute(
        database
          .insertInto('credential_version')
          .values({ ...key, ...summary })
          .compile(),
      )
      const rows = Object.entries(sealedValues).map(([field, sealed]) => ({ ...key, field, sealed }))
      if (rows.length > 0) await execute(database.insertInto('credential_value').values(rows).compile())
    },
    list: async (credentialId) => {
      const query = database
        .selectFrom('credential_version')
        .select(['credential_id as credentialId', 'version', 'created_at as createdAt'])
        .select(['created_by as createdBy', 'note', 'suffix', 'shown'])
        .where('credential_id', '=', credentialId)
        .orderBy('version', 'desc')
      const { rows } = await execute(query.compile())
      return rows.map((row) => ({ ...row, shown: JSON.parse(row.shown) }))
    },
    values: async (credentialId, version) => {
      const { rows } = await execute(values({ credentialId, version }))
      const found: Record<string, Uint8Array> = {}
      for (const row of rows) found[row.field] = row.sealed
      return found
    },
    prune: async (credentialId, oldest) => {
      const query = database
        .deleteFrom('credential_version')
        .where('credential_id', '=', credentialId)
        .where('version', '<', oldest)
      await execute(query.compile())
    },
  })
}
