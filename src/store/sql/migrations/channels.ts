// store-0050: channels, what was delivered to them, and which runs are told of in which conversation. store-0051: what their
// accounts are called.

import { type ColumnDataType, type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** `binary` is the engine's type for bytes. */
export async function createChannels(database: Kysely<unknown>, binary: ColumnDataType): Promise<void> {
  await createConfigurations(database, binary)
  await createCalls(database)
  await createThreads(database)
}

export const nameAccounts: Migration = {
  up: async (database: Kysely<unknown>) => {
    await database.schema.alterTable('channel').addColumn('account_name', 'text').execute()
  },
}

async function createConfigurations(database: Kysely<unknown>, binary: ColumnDataType): Promise<void> {
  await database.schema
    .createTable('channel')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('settings', 'text', (column) => column.notNull())
    .addColumn('strangers', 'text', (column) => column.notNull())
    .addColumn('agent', 'text')
    .addColumn('access', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text')
    .addColumn('wrapped_key', binary, (column) => column.notNull())
    .addColumn('secrets', 'text', (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('last_delivery_at', 'bigint')
    .addColumn('last_status', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addUniqueConstraint('channel_name', ['organization_id', 'name'])
    .execute()
  await database.schema.createIndex('channel_kind').on('channel').columns(['kind', 'id']).execute()
}

async function createCalls(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('channel_call')
    .addColumn('channel_id', 'text', (column) =>
      column.notNull().references('channel.id').onDelete('cascade'),
    )
    .addColumn('delivery_id', 'text', (column) => column.notNull())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('parsed', 'text', (column) => column.notNull())
    .addColumn('thread', 'text', (column) => column.notNull())
    .addColumn('author', 'text', (column) => column.notNull())
    .addColumn('received_at', 'bigint', (column) => column.notNull())
    .addColumn('attempts', 'bigint', (column) => column.notNull())
    .addColumn('next_at', 'bigint')
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('stranger', 'bigint', (column) => column.notNull())
    .addColumn('run_id', 'text')
    .addPrimaryKeyConstraint('channel_call_key', ['channel_id', 'delivery_id'])
    .execute()
  await due(database, 'channel_call')
  await database.schema
    .createIndex('channel_call_thread')
    .on('channel_call')
    .columns(['channel_id', 'thread', 'author'])
    .execute()
  await database.schema.createIndex('channel_call_age').on('channel_call').column('received_at').execute()
  await database.schema
    .createIndex('channel_call_strangers')
    .on('channel_call')
    .columns(['channel_id', 'stranger', 'received_at'])
    .execute()
}

async function createThreads(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('channel_thread')
    .addColumn('run_id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('channel_id', 'text', (column) =>
      column.notNull().references('channel.id').onDelete('cascade'),
    )
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('thread_key', 'text', (column) => column.notNull())
    .addColumn('thread', 'text', (column) => column.notNull())
    .addColumn('repository', 'text')
    .addColumn('served', 'text', (column) => column.notNull())
    .addColumn('author', 'text', (column) => column.notNull())
    .addColumn('comment_id', 'text')
    .addColumn('said', 'text', (column) => column.notNull())
    .addColumn('said_at', 'bigint', (column) => column.notNull())
    .addColumn('shown', 'text')
    .addColumn('attempts', 'bigint', (column) => column.notNull())
    .addColumn('failures', 'bigint', (column) => column.notNull())
    .addColumn('next_at', 'bigint')
    .addColumn('busy_until', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await due(database, 'channel_thread')
  await database.schema
    .createIndex('channel_thread_place')
    .on('channel_thread')
    .columns(['channel_id', 'thread_key'])
    .execute()
}

async function due(database: Kysely<unknown>, table: string): Promise<void> {
  await database.schema
    .createIndex(`${table}_due`)
    .on(table)
    .column('next_at')
    .where(sql.ref('next_at'), 'is not', null)
    .execute()
}

/** store-0052: since when nothing could be told of a run, so that it is given up some day. */
export const failingThreads: Migration = {
  up: async (database: Kysely<unknown>) => {
    await database.schema
      .alterTable('channel_thread')
      .addColumn('failing_since', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
  },
}
