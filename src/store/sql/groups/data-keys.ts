// Data keys over SQL: columns of credentials and webhooks, looked at by the master key that the header of a wrapped key
// names.

import { type Kysely, sql } from 'kysely'
import { type WebhookRow, webhookPlace } from '../../outbox-group.ts'
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
  const webhooks = webhookKeys(database)
  return (execute) => ({
    countByMasterKey: async () => {
      const counts: Record<string, number> = {}
      for (const table of ['credential', 'webhook'] as const) {
        const { rows } = await execute(countQuery(database, table))
        for (const { masterKey, dataKeys } of rows) {
          const id = Buffer.from(masterKey).toString('hex')
          counts[id] = (counts[id] ?? 0) + Number(dataKeys)
        }
      }
      return counts
    },
    underOther: async (masterKeyId, { after = '', limit }) => {
      const asked = { masterKey: Buffer.from(masterKeyId, 'hex'), after, limit }
      const credentials = (await execute(underOther(asked))).rows
      const others = (await execute(webhooks.underOther(asked))).rows
      const all = [
        ...credentials,
        ...others.map(({ wrappedKey, ...row }) => ({ ...webhookPlace(row), wrappedKey })),
      ]
      return all.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit)
    },
    rewrap: async (id, seen, wrapped) =>
      (await execute(rewrap({ id, seen, wrapped }))).numAffectedRows === 1n ||
      (await execute(webhooks.rewrap({ id, seen, wrapped }))).numAffectedRows === 1n,
  })
}

function countQuery(database: Kysely<Database>, table: 'credential' | 'webhook') {
  return database
    .selectFrom(table)
    .select((row) => [MASTER_KEY.as('masterKey'), row.fn.countAll<number | string>().as('dataKeys')])
    .groupBy(MASTER_KEY)
    .compile()
}

type WebhookKey = Pick<WebhookRow, 'id' | 'organizationId' | 'url' | 'wrappedKey'>

function webhookKeys(database: Kysely<Database>) {
  const underOther = prepare<{ masterKey: Uint8Array; after: string; limit: number }, WebhookKey>((marker) =>
    database
      .selectFrom('webhook')
      .select(['id', 'organization_id as organizationId', 'url', 'wrapped_key as wrappedKey'])
      .where('id', '>', marker('after'))
      .where(MASTER_KEY, '<>', marker('masterKey'))
      .orderBy('id')
      .limit(marker('limit')),
  )
  const rewrap = prepare((marker: Markers<{ id: string; seen: Uint8Array; wrapped: Uint8Array }>) =>
    database
      .updateTable('webhook')
      .set({ wrapped_key: marker('wrapped') })
      .where('id', '=', marker('id'))
      .where('wrapped_key', '=', marker('seen')),
  )
  return { underOther, rewrap }
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
