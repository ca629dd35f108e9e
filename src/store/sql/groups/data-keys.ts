// Data keys over SQL: columns of credentials, webhooks, second factors and channels, looked at by the master key that the
// header of a wrapped key names.

import { type Kysely, sql } from 'kysely'
import { channelPlace } from '../../channels/channel-groups.ts'
import { webhookPlace } from '../../outbox-group.ts'
import { secondFactorPlace } from '../../people-groups.ts'
import type { DataKeyRow, DataKeyStore } from '../../store.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

// The same words on both engines; of a shorter value they give what there is.
const MASTER_KEY = sql<Uint8Array>`substr(wrapped_key, 2, 16)`

// Tables of what is no credential and has a data key.
const OTHERS = ['webhook', 'second_factor', 'channel'] as const

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
  const others = [webhookKeys(database), secondFactorKeys(database), channelKeys(database)]
  return (execute) => ({
    countByMasterKey: async () => {
      const counts: Record<string, number> = {}
      for (const table of ['credential', ...OTHERS] as const) {
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
      const all: DataKeyRow[] = [...credentials]
      for (const keys of others) all.push(...(await keys.underOther(execute, asked)))
      return all.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit)
    },
    rewrap: async (id, seen, wrapped) => {
      const asked = { id, seen, wrapped }
      if ((await execute(rewrap(asked))).numAffectedRows === 1n) return true
      for (const keys of others) if (await keys.rewrap(execute, asked)) return true
      return false
    },
  })
}

function countQuery(database: Kysely<Database>, table: 'credential' | (typeof OTHERS)[number]) {
  return database
    .selectFrom(table)
    .select((row) => [MASTER_KEY.as('masterKey'), row.fn.countAll<number | string>().as('dataKeys')])
    .groupBy(MASTER_KEY)
    .compile()
}

interface Under {
  readonly masterKey: Uint8Array
  readonly after: string
  readonly limit: number
}

interface Rewrap {
  readonly id: string
  readonly seen: Uint8Array
  readonly wrapped: Uint8Array
}

/** Data keys of what is no credential. */
interface OtherKeys {
  underOther(execute: Execute, asked: Under): Promise<DataKeyRow[]>
  rewrap(execute: Execute, asked: Rewrap): Promise<boolean>
}

function placed<Row>(
  rows: readonly (Row & Wrapped)[],
  placeOf: (row: Row) => Omit<DataKeyRow, 'wrappedKey'>,
): DataKeyRow[] {
  return rows.map((row) => ({ ...placeOf(row), wrappedKey: row.wrappedKey }))
}

function webhookKeys(database: Kysely<Database>): OtherKeys {
  const underOther = prepare<Under, Parameters<typeof webhookPlace>[0] & Wrapped>((marker) =>
    database
      .selectFrom('webhook')
      .select(['id', 'organization_id as organizationId', 'url', 'wrapped_key as wrappedKey'])
      .where('id', '>', marker('after'))
      .where(MASTER_KEY, '<>', marker('masterKey'))
      .orderBy('id')
      .limit(marker('limit')),
  )
  return {
    underOther: async (execute, asked) => placed((await execute(underOther(asked))).rows, webhookPlace),
    rewrap: rewrapIn(database, 'webhook'),
  }
}

function secondFactorKeys(database: Kysely<Database>): OtherKeys {
  const underOther = prepare<Under, Parameters<typeof secondFactorPlace>[0] & Wrapped>((marker) =>
    database
      .selectFrom('second_factor')
      .select(['id', 'person_id as personId', 'wrapped_key as wrappedKey'])
      .where('id', '>', marker('after'))
      .where(MASTER_KEY, '<>', marker('masterKey'))
      .orderBy('id')
      .limit(marker('limit')),
  )
  return {
    underOther: async (execute, asked) => placed((await execute(underOther(asked))).rows, secondFactorPlace),
    rewrap: rewrapIn(database, 'second_factor'),
  }
}

function channelKeys(database: Kysely<Database>): OtherKeys {
  const underOther = prepare<Under, Parameters<typeof channelPlace>[0] & Wrapped>((marker) =>
    database
      .selectFrom('channel')
      .select(['id', 'organization_id as organizationId', 'kind', 'wrapped_key as wrappedKey'])
      .where('id', '>', marker('after'))
      .where(MASTER_KEY, '<>', marker('masterKey'))
      .orderBy('id')
      .limit(marker('limit')),
  )
  return {
    underOther: async (execute, asked) => placed((await execute(underOther(asked))).rows, channelPlace),
    rewrap: rewrapIn(database, 'channel'),
  }
}

type Wrapped = Pick<DataKeyRow, 'wrappedKey'>

function rewrapIn(database: Kysely<Database>, table: (typeof OTHERS)[number]): OtherKeys['rewrap'] {
  const rewrap = prepare((marker: Markers<Rewrap>) =>
    database
      .updateTable(table)
      .set({ wrapped_key: marker('wrapped') })
      .where('id', '=', marker('id'))
      .where('wrapped_key', '=', marker('seen')),
  )
  return async (execute, asked) => (await execute(rewrap(asked))).numAffectedRows === 1n
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
