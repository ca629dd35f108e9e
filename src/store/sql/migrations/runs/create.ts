// store-0012: runs, their messages and events, and what served them.

import { type Kysely, sql } from 'kysely'

export async function createRuns(database: Kysely<unknown>): Promise<void> {
  await createRunTable(database)
  await createMessages(database)
  await createServing(database)
}

async function createRunTable(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('run')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('subject_kind', 'text', (column) => column.notNull())
    .addColumn('subject_id', 'text', (column) => column.notNull())
    .addColumn('subject_name', 'text', (column) => column.notNull())
    .addColumn('team', 'text')
    .addColumn('harness', 'text', (column) => column.notNull())
    .addColumn('wanted', 'text', (column) => column.notNull())
    .addColumn('directory', 'text')
    .addColumn('movable', 'bigint', (column) => column.notNull())
    .addColumn('pin', 'text')
    .addColumn('asked_key', 'text')
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('facts', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('queued_at', 'bigint', (column) => column.notNull())
    .addColumn('wish', 'text')
    .addColumn('place', 'text')
    .addColumn('claim', 'text')
    .addColumn('worker', 'text')
    .addColumn('seen_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('run_asked', ['organization_id', 'subject_kind', 'subject_id', 'asked_key'])
    .execute()
  const index = (name: string, columns: string[]) =>
    database.schema.createIndex(name).on('run').columns(columns)
  await index('run_page', ['organization_id', 'id']).execute()
  await index('run_state', ['state', 'since']).execute()
  await index('run_queue', ['organization_id', 'queued_at'])
    .where(sql.ref('state'), '=', sql.lit('queued'))
    .execute()
  await index('run_worker', ['worker', 'claim']).where(sql.ref('worker'), 'is not', null).execute()
}

async function createMessages(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('run_message')
    .addColumn('run_id', 'text', (column) => column.notNull().references('run.id').onDelete('cascade'))
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('claim', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('run_message_key', ['run_id', 'id'])
    .addUniqueConstraint('run_message_order', ['run_id', 'position'])
    .execute()
  await database.schema
    .createTable('run_event')
    .addColumn('run_id', 'text', (column) => column.notNull().references('run.id').onDelete('cascade'))
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('run_event_key', ['run_id', 'position'])
    .execute()
}

async function createServing(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('run_lease')
    .addColumn('lease_id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull().references('run.id').onDelete('cascade'))
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('claim', 'text', (column) => column.notNull())
    .addColumn('credential_id', 'text')
    .addColumn('credential', 'text')
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('turns', 'bigint', (column) => column.notNull())
    .addColumn('usage', 'text', (column) => column.notNull())
    .execute()
  await database.schema
    .createIndex('run_lease_run')
    .on('run_lease')
    .columns(['run_id', 'started_at'])
    .execute()
  await database.schema
    .createIndex('run_lease_credential')
    .on('run_lease')
    .columns(['organization_id', 'credential_id', 'started_at'])
    .execute()
}
