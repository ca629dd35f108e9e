// What somebody has, over SQL: leases of one holder, credentials of many owners.

import type { Kysely } from 'kysely'
import type { HoldingStore } from '../../../people-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

export function holdingGroup(database: Kysely<Database>): (execute: Execute) => HoldingStore {
  return (execute) => ({
    countRunning: async ({ organizationId, kind, id }, now) => {
      const query = database
        .selectFrom('lease')
        .select((row) => row.fn.countAll<number | string>().as('running'))
        .where('organization_id', '=', organizationId)
        .where('holder_id', '=', id)
        .where('holder_kind', '=', kind)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', now)
      return Number((await execute(query.compile())).rows[0]?.running ?? 0)
    },
    endRunning: async ({ organizationId, kind, id }, at, reason, credentialId) => {
      let query = database
        .updateTable('lease')
        .set({ ended_at: at, end_reason: reason })
        .where('organization_id', '=', organizationId)
        .where('holder_id', '=', id)
        .where('holder_kind', '=', kind)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', at)
      if (credentialId !== undefined) query = query.where('credential_id', '=', credentialId)
      return Number((await execute(query.compile())).numAffectedRows ?? 0n)
    },
    countOwned: async (organizationId, kind) => {
      // All texts that begin with the kind: `;` comes right after `:`.
      const query = database
        .selectFrom('credential')
        .select((row) => ['owner', row.fn.countAll<number | string>().as('owned')])
        .where('organization_id', '=', organizationId)
        .where('owner', '>=', `${kind}:`)
        .where('owner', '<', `${kind};`)
        .groupBy('owner')
      const { rows } = await execute(query.compile())
      return Object.fromEntries(rows.map(({ owner, owned }) => [owner, Number(owned)]))
    },
  })
}
