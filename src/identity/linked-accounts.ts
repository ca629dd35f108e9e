// Accounts of identity providers that are people's, in better-auth's table. What names one is the provider and its id.

import type { Kysely } from 'kysely'
import type { LinkedAccounts } from './identity.ts'
import { PASSWORD_PROVIDER } from './passwords.ts'
import type { Execute } from './statements.ts'
import type { PeopleTables } from './tables.ts'

export function createLinkedAccounts(database: Kysely<PeopleTables>, execute: Execute): LinkedAccounts {
  const accounts = database.selectFrom('person_account').where('providerId', '<>', PASSWORD_PROVIDER)
  return {
    linkedPerson: async (provider, accountId) => {
      const query = accounts
        .select('userId')
        .where('providerId', '=', provider)
        .where('accountId', '=', accountId)
      return (await execute(query.compile())).rows[0]?.userId ?? null
    },
    linkedAccounts: async (personId) => {
      const query = accounts
        .select(['id', 'providerId', 'accountId', 'label', 'createdAt'])
        .where('userId', '=', personId)
        .orderBy('createdAt')
        .orderBy('id')
      const { rows } = await execute(query.compile())
      return rows.map(({ id, providerId: provider, accountId, label, createdAt }) => ({
        ...{ id, provider, accountId, name: label ?? accountId },
        linkedAt: new Date(createdAt as string | Date).getTime(),
      }))
    },
  }
}
