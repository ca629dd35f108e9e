// What better-auth's tables leave to its own code, and we leave to the database: that nothing is there twice.

import { type Kysely, sql } from 'kysely'
import type { PeopleTables } from './tables.ts'

/** A person is a member once, a team has its name alone, an e-mail belongs to one person however it is written. */
export async function oncePerName(database: Kysely<unknown>): Promise<void> {
  const unique = (name: string, table: keyof PeopleTables) =>
    database.schema.createIndex(name).unique().on(table)
  await unique('member_once', 'member').columns(['organizationId', 'userId']).execute()
  await unique('team_name', 'team').columns(['organizationId', 'name']).execute()
  await unique('team_member_once', 'team_member').columns(['teamId', 'userId']).execute()
  await unique('person_account_once', 'person_account').columns(['providerId', 'accountId']).execute()
  await unique('person_email', 'person').expression(sql`lower(email)`).execute()
}

/** Where the column is missing because an earlier program made the table. */
export async function labelOfAccounts(database: Kysely<unknown>): Promise<void> {
  const tables = await database.introspection.getTables()
  const accounts = tables.find(({ name }) => name === 'person_account')
  if (accounts?.columns.some(({ name }) => name === 'label')) return
  await database.schema.alterTable('person_account').addColumn('label', 'text').execute()
}
