// What becomes of credentials, over SQL.

import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { DayOfUse, Use, UseStore } from '../../../runs/use-group.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'
import { selectAttempts } from '../attempts.ts'
import { selectRunLeases, toRunLease } from './records.ts'

/** The result makes the group for a connection. */
export function useGroup(database: Kysely<Database>): (execute: Execute) => UseStore {
  return (execute) => ({
    ...writing(database, execute),
    of: (organizationId, ids, now) => usesOf(database, execute, { organizationId, ids, now }),
    days: async (credentialId, from) => {
      const query = database
        .selectFrom('credential_day')
        .selectAll()
        .where('credential_id', '=', credentialId)
        .where('day', '>=', from)
        .orderBy('day')
      const { rows } = await execute(query.compile())
      return rows.map(({ day, turns, input, cached_input: cachedInput, output }): DayOfUse => {
        return { day, turns, usage: { input, cachedInput, output } }
      })
    },
    served: async (organizationId, credentialId, { limit }) => {
      const query = selectRunLeases(database)
        .where('organization_id', '=', organizationId)
        .where('credential_id', '=', credentialId)
        .orderBy('started_at', 'desc')
        .orderBy('lease_id', 'desc')
        .limit(limit)
      return (await execute(query.compile())).rows.map(toRunLease)
    },
    renewals: async (credentialId, { after, limit }) => {
      const all = selectAttempts(database).where('credential_id', '=', credentialId)
      const before = after === undefined ? all : all.where('id', '<', after)
      return (await execute(before.orderBy('id', 'desc').limit(limit).compile())).rows
    },
    owned: async (organizationId) => {
      const query = database
        .selectFrom('credential')
        .select((row) => ['owner', 'harness', 'state', row.fn.countAll<number | string>().as('count')])
        .where('organization_id', '=', organizationId)
        .groupBy(['owner', 'harness', 'state'])
      return (await execute(query.compile())).rows.map((row) => ({ ...row, count: Number(row.count) }))
    },
  })
}

function writing(database: Kysely<Database>, execute: Execute): Pick<UseStore, 'note' | 'addTurn'> {
  return {
    note: async (credentialId, at) => {
      const query = database
        .insertInto('credential_use')
        .values({ credential_id: credentialId, last_used_at: at })
        .onConflict((conflict) =>
          conflict
            .column('credential_id')
            .doUpdateSet({ last_used_at: at })
            .where('credential_use.last_used_at', '<', at),
        )
      await execute(query.compile())
    },
    addTurn: async (credentialId, { day, turns, usage }) => {
      const big = (number: number) => sql`cast(${number} as bigint)`
      const numbers = [day, turns, usage.input, usage.cachedInput, usage.output].map(big)
      // Added to in place: of several turns at once each counts.
      const query = sql`insert into credential_day (credential_id, day, turns, input, cached_input, output)
        select id, ${sql.join(numbers)} from credential where id = ${credentialId}
        on conflict (credential_id, day) do update set turns = credential_day.turns + excluded.turns,
          input = credential_day.input + excluded.input,
          cached_input = credential_day.cached_input + excluded.cached_input,
          output = credential_day.output + excluded.output`
      await execute(query.compile(database))
    },
  }
}

interface Asked {
  readonly organizationId: string
  readonly ids: readonly string[]
  readonly now: number
}

async function usesOf(
  database: Kysely<Database>,
  execute: Execute,
  { organizationId, ids, now }: Asked,
): Promise<Record<string, Use>> {
  if (ids.length === 0) return {}
  const { countAll, count } = database.fn
  const noted = database
    .selectFrom('credential_use')
    .select(['credential_id as id', 'last_used_at as number'])
    .where('credential_id', 'in', ids)
  const leases = database
    .selectFrom('lease')
    .select(['credential_id as id', countAll<number | string>().as('number')])
    .where('credential_id', 'in', ids)
    .where('organization_id', '=', organizationId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .groupBy('credential_id')
  const runs = database
    .selectFrom('run_lease')
    .select(['credential_id as id', count<number | string>('run_id').distinct().as('number')])
    .where('organization_id', '=', organizationId)
    .where('credential_id', 'in', ids)
    .where('ended_at', 'is', null)
    .groupBy('credential_id')
  const agents = database
    .selectFrom('agent_attachment')
    .select(['credential_id as id', countAll<number | string>().as('number')])
    .where('organization_id', '=', organizationId)
    .where('credential_id', 'in', ids)
    .groupBy('credential_id')
  const numbersOf = async (query: { compile(): CompiledQuery<Numbered> }) =>
    new Map((await execute(query.compile())).rows.map(({ id, number }) => [id, Number(number)]))
  const [lastUsed, leased, run, attached] = [
    await numbersOf(noted),
    await numbersOf(leases),
    await numbersOf(runs),
    await numbersOf(agents),
  ]
  const useOf = (id: string): Use => ({
    lastUsedAt: lastUsed.get(id) ?? null,
    leases: leased.get(id) ?? 0,
    runs: run.get(id) ?? 0,
    agents: attached.get(id) ?? 0,
  })
  return Object.fromEntries(ids.map((id) => [id, useOf(id)]))
}

interface Numbered {
  readonly id: string | null
  readonly number: number | string
}
