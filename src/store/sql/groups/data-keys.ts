// Data keys over SQL: columns of credentials, looked at by the master key that the header of a wrapped key names.

import { type Kysely, sql } from 'kysely'
import type { DataKeyRow, DataKeyStore } from '../../store.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

// The same words on both engines; of a shorter value they give what there is.
const MASTER_KEY = sql<Uint8Array>`substr(wrapped_key, 2, 16)`

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'owner',
  'type',
  'name',
  'version',
  'wrapped_key as wrappedKey',
] as const

/** Prepares the statements once; the result makes the group for a connection. */
export function dataKeyGroup(database: Kysely<Database>): (execute: Execute) => DataKeyStore {
  const underOther = prepareUnderOther(database)
  const rewrap = prepare((marker: Markers<{ id: string; seen: Uint8Array; wrapped: Uint8Array }>) =>
    database
      .updateTable('credential')
      .set({ wrapped_key: marker('wrapped') })
      .where('id', '=', marker('id'))
      .where('wrapped_key', '=', marker('seen')),
  )
  return (execute) => ({
    countByMasterKey: async () => {
      const query = database
        .selectFrom('credential')
        .select((row) => [MASTER_KEY.as('masterKey'), row.fn.countAll<number | string>().as('dataKeys')])
        .groupBy(MASTER_KEY)
      const { rows } = await execute(query.compile())
      return Object.fromEntries(
        rows.map(({ masterKey, dataKeys }) => [Buffer.from(masterKey).toString('hex'), Number(dataKeys)]),
      )
    },
    underOther: async (masterKeyId, { after = '', limit }) => {
      const query = underOther({ masterKey: Buffer.from(masterKeyId, 'hex'), after, limit })
      return (await execute(query)).rows
    },
    rewrap: async (id, seen, wrapped) =>
      (await execute(rewrap({ id, seen, wrapped }))).numAffectedRows === 1n,
  })
}

function prepareUnderOther(database: Kysely<Database>) {
  return prepare<{ masterKey: Uint8Array; after: string; limit: number }, DataKeyRow>((marker) =>
    database
      .selectFrom('credential')
      .select(COLUMNS)
      .where('id', '>', marker('after'))
      .where(MASTER_KEY, '<>', marker('masterKey'))
      .orderBy('id')
      .limit(marker('limit')),
  )
}
