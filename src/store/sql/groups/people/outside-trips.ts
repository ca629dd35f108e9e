// Browsers that were sent to an identity provider, over SQL.

import type { Kysely } from 'kysely'
import type { OutsideTripRow, OutsideTripStore } from '../../../people-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'id',
  'digest',
  'browser_digest as browserDigest',
  'provider',
  'linking',
  'return_to as returnTo',
  'created_at as createdAt',
  'expires_at as expiresAt',
] as const

/** The result makes the group for a connection. */
export function outsideTripGroup(database: Kysely<Database>): (execute: Execute) => OutsideTripStore {
  const select = database.selectFrom('outside_trip').select(COLUMNS)
  const remove = database.deleteFrom('outside_trip')
  return (execute) => ({
    insert: async (row) => {
      const query = database.insertInto('outside_trip').values({
        id: row.id,
        digest: row.digest,
        browser_digest: row.browserDigest,
        provider: row.provider,
        linking: row.linking === null ? null : JSON.stringify(row.linking),
        return_to: row.returnTo,
        created_at: row.createdAt,
        expires_at: row.expiresAt,
      })
      await execute(query.compile())
    },
    findByDigest: async (digest) =>
      (await execute(select.where('digest', '=', digest).compile())).rows.map(toRow)[0],
    take: async (id) => (await execute(remove.where('id', '=', id).compile())).numAffectedRows === 1n,
    prune: async (expiredBefore) => {
      await execute(remove.where('expires_at', '<', expiredBefore).compile())
    },
  })
}

function toRow(row: Omit<OutsideTripRow, 'linking'> & { readonly linking: string | null }): OutsideTripRow {
  return { ...row, linking: row.linking === null ? null : JSON.parse(row.linking) }
}
