// Setting logins aside in a database that has gone back in time: somebody may have renewed them since, so each is handed out
// again only when one call has shown that it still lives. What cannot be renewed cannot have moved on.

import type { Kysely } from 'kysely'
import { after, type Grant } from '../../../domain/grants/grant.ts'
import { stateOf } from '../../../domain/grants/state.ts'
import type { Database } from '../schema.ts'

/** Sets every credential of these types aside, for this reason, and their grants with them; returns how many. */
export async function setAside(
  database: Kysely<Database>,
  types: readonly string[],
  reason: string,
  at: number,
): Promise<number> {
  if (types.length === 0) return 0
  const { numUpdatedRows } = await database
    .updateTable('credential')
    .set({ state: 'quarantined', state_reason: reason, state_until: null, updated_at: at })
    .set((row) => ({ revision: row('revision', '+', 1) }))
    .where('type', 'in', types as never)
    .executeTakeFirst()
  return Number(numUpdatedRows) - (await grantsToo(database, at))
}

// Whatever was under way when the copy was made is over. Returns how many of them need no call.
async function grantsToo(database: Kysely<Database>, at: number): Promise<number> {
  let lifted = 0
  await database
    .updateTable('renewal_attempt')
    .set({ state: 'given_up', ended_at: at })
    .where('state', '=', 'sent')
    .execute()
  const rows = await database.selectFrom('login_grant').select(['credential_id as id', 'facts']).execute()
  for (const { id, facts } of rows) {
    const grant = after({ orphans: [], parent: null, ...JSON.parse(facts) } as Grant, { kind: 'restored' })
    const due = grant.unverified ? { due_at: 0 } : {}
    await database
      .updateTable('login_grant')
      .set({ facts: JSON.stringify(grant), ...due })
      .set((row) => ({ revision: row('revision', '+', 1) }))
      .where('credential_id', '=', id)
      .execute()
    if (grant.unverified) continue
    const { state, reason, until } = stateOf(grant, at)
    const shown = { state, state_reason: reason, state_until: until }
    await database.updateTable('credential').set(shown).where('id', '=', id).execute()
    lifted += 1
  }
  return lifted
}
