// store-0009: webhooks, the events they are told, and what became of sending each to each.

import { type ColumnDataType, type Kysely, sql } from 'kysely'

/** `binary` is the engine's type for bytes. */
export async function createOutbox(database: Kysely<unknown>, binary: ColumnDataType): Promise<void> {
  await createWebhooks(database, binary)
  await createEvents(database)
  await createDeliveries(database)
}

async function createWebhooks(database: Kysely<unknown>, binary: ColumnDataType): Promise<void> {
  await database.schema
    .createTable('webhook')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('events', 'text')
    .addColumn('wrapped_key', binary, (column) => column.notNull())
    .addColumn('secret', binary, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .execute()
  await database.schema.createIndex('webhook_page').on('webhook').columns(['organization_id', 'id']).execute()
}

async function createEvents(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('told_event')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('link', 'text')
    .addColumn('once', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await database.schema
    .createIndex('told_event_page')
    .on('told_event')
    .columns(['organization_id', 'id'])
    .execute()
  await database.schema
    .createIndex('told_event_once')
    .unique()
    .on('told_event')
    .columns(['organization_id', 'once'])
    .execute()
  await database.schema.createIndex('told_event_age').on('told_event').column('created_at').execute()
}

// No reference to the webhook: one that is removed at this moment must not make the unit fail that tells of something.
async function createDeliveries(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('event_delivery')
    .addColumn('event_id', 'text', (column) =>
      column.notNull().references('told_event.id').onDelete('cascade'),
    )
    .addColumn('webhook_id', 'text', (column) => column.notNull())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('attempts', 'bigint', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('next_at', 'bigint')
    .addColumn('last_status', 'text', (column) => column.notNull())
    .addColumn('delivered_at', 'bigint')
    .addColumn('gave_up_at', 'bigint')
    .addPrimaryKeyConstraint('event_delivery_key', ['event_id', 'webhook_id'])
    .execute()
  await database.schema
    .createIndex('event_delivery_due')
    .on('event_delivery')
    .column('next_at')
    .where(sql.ref('next_at'), 'is not', null)
    .execute()
  await database.schema
    .createIndex('event_delivery_given_up')
    .on('event_delivery')
    .column('gave_up_at')
    .where(sql.ref('gave_up_at'), 'is not', null)
    .execute()
  await database.schema
    .createIndex('event_delivery_webhook')
    .on('event_delivery')
    .column('webhook_id')
    .execute()
}
