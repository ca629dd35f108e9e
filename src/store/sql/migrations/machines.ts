// store-0004: agents, what is attached to them, and workers.

import { type Kysely, sql } from 'kysely'

export async function createMachines(database: Kysely<unknown>): Promise<void> {
  await createAgents(database)
  await createWorkers(database)
}

async function createAgents(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('agent')
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('agent_key', ['organization_id', 'name'])
    .execute()
  await database.schema
    .createTable('agent_attachment')
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('agent', 'text', (column) => column.notNull())
    .addColumn('credential_id', 'text', (column) =>
      column.notNull().references('credential.id').onDelete('cascade'),
    )
    .addColumn('attached_at', 'bigint', (column) => column.notNull())
    .addColumn('attached_by', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('agent_attachment_key', ['organization_id', 'agent', 'credential_id'])
    .addForeignKeyConstraint(
      'agent_attachment_agent',
      ['organization_id', 'agent'],
      'agent',
      ['organization_id', 'name'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .execute()
  await database.schema
    .createIndex('agent_attachment_credential')
    .on('agent_attachment')
    .column('credential_id')
    .execute()
}

// A worker outlives its agent, as a record: no foreign key.
async function createWorkers(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('worker')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('agent', 'text')
    .addColumn('enrolment_digest', 'text', (column) => column.notNull().unique())
    .addColumn('enrolment_expires_at', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('enrolled_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .addColumn('last_seen_at', 'bigint')
    .execute()
  await database.schema
    .createIndex('worker_live_name')
    .unique()
    .on('worker')
    .columns(['organization_id', 'name'])
    .where(sql.ref('revoked_at'), 'is', null)
    .execute()
  await database.schema.createIndex('worker_page').on('worker').columns(['organization_id', 'id']).execute()
}
