// Tables of invitations, and of terminals that wait to be let in.

import type { Kysely } from 'kysely'

export async function createSigningIn(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('invitation_code')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('organization_id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('teams', 'text', (column) => column.notNull())
    .addColumn('person_id', 'text')
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute()
  await database.schema
    .createIndex('invitation_code_page')
    .on('invitation_code')
    .columns(['organization_id', 'id'])
    .execute()
  await database.schema
    .createTable('device_login')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('user_code', 'text', (column) => column.notNull().unique())
    .addColumn('client_name', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('wanted', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('organization_id', 'text')
    .addColumn('person_id', 'text')
    .addColumn('role', 'text')
    .addColumn('decided_at', 'bigint')
    .execute()
  await database.schema.createIndex('device_login_end').on('device_login').column('expires_at').execute()
}
