// What was delivered to channels, over SQL.

import type { Kysely } from 'kysely'
import {
  type Before,
  type CallRow,
  type CallStore,
  COUNTED,
  callMarks,
} from '../../../channels/channel-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'channel_id as channelId',
  'delivery_id as deliveryId',
  'organization_id as organizationId',
  'parsed',
  'received_at as receivedAt',
  'attempts',
  'next_at as nextAt',
  'outcome',
  'reason',
  'stranger',
  'run_id as runId',
] as const

export function callGroup(database: Kysely<Database>): (execute: Execute) => CallStore {
  const select = database.selectFrom('channel_call').select(COLUMNS)
  const one = ({ channelId, deliveryId, attempts }: Pick<CallRow, 'channelId' | 'deliveryId' | 'attempts'>) =>
    database
      .updateTable('channel_call')
      .where('channel_id', '=', channelId)
      .where('delivery_id', '=', deliveryId)
      .where('attempts', '=', attempts)
  return (execute) => ({
    insert: async (row) => {
      // A reference that fails would end the unit of whoever has seen the channel a moment ago.
      const there = database.selectFrom('channel').select('id').where('id', '=', row.channelId)
      if ((await execute(there.compile())).rows.length === 0) return false
      const query = database
        .insertInto('channel_call')
        .values(valuesOf(row))
        .onConflict((conflict) => conflict.columns(['channel_id', 'delivery_id']).doNothing())
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    due: async (now, limit, except) => {
      const query = select
        .where('next_at', '<=', now)
        .$if(except.length > 0, (those) => those.where('channel_id', 'not in', except))
        .orderBy('next_at')
        .orderBy('delivery_id')
        .limit(limit)
      return (await execute(query.compile())).rows.map(toRow)
    },
    claim: async (seen, until) => {
      const query = one(seen)
        .where('next_at', 'is not', null)
        .set({ attempts: seen.attempts + 1, next_at: until })
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    settle: async (claimed, { nextAt, outcome, reason, isStranger, runId }) => {
      const query = one(claimed).set({
        ...{ next_at: nextAt, outcome, reason, stranger: Number(isStranger), run_id: runId },
      })
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    list: async (channelId, limit) => {
      const query = select
        .where('channel_id', '=', channelId)
        .orderBy('received_at', 'desc')
        .orderBy('delivery_id')
        .limit(limit)
      return (await execute(query.compile())).rows.map(toRow)
    },
    before: (call, since) => before(database, execute, call, since),
    prune: async (receivedBefore, limit) => {
      const over = select
        .where('received_at', '<', receivedBefore)
        .where('next_at', 'is', null)
        .orderBy('received_at')
        .limit(limit)
      let removed = 0
      for (const { channelId, deliveryId } of (await execute(over.compile())).rows) {
        const query = database
          .deleteFrom('channel_call')
          .where('channel_id', '=', channelId)
          .where('delivery_id', '=', deliveryId)
        removed += Number((await execute(query.compile())).numAffectedRows ?? 0n)
      }
      return removed
    },
  })
}

async function before(
  database: Kysely<Database>,
  execute: Execute,
  { channelId, deliveryId, parsed }: Parameters<CallStore['before']>[0],
  since: number,
): Promise<Before> {
  const { thread, author } = callMarks(parsed)
  const others = database
    .selectFrom('channel_call')
    .where('channel_id', '=', channelId)
    .where('delivery_id', '<>', deliveryId)
  const refused = others
    .where('thread', '=', thread)
    .where('author', '=', author)
    .where('outcome', '=', 'refused')
    .select('reason')
    .distinct()
  const counted = others
    .where('received_at', '>=', since)
    .where('stranger', '=', 1)
    .where('outcome', 'in', COUNTED)
    .select(['author', ({ fn }) => fn.countAll().as('count')])
    .groupBy('author')
  const counts = (await execute(counted.compile())).rows
  return {
    refusals: (await execute(refused.compile())).rows.map(({ reason }) => reason),
    asStranger: Number(counts.find((row) => row.author === author)?.count ?? 0),
    byStrangers: counts.reduce((sum, { count }) => sum + Number(count), 0),
  }
}

function valuesOf(row: CallRow) {
  return {
    channel_id: row.channelId,
    delivery_id: row.deliveryId,
    organization_id: row.organizationId,
    parsed: JSON.stringify(row.parsed),
    ...callMarks(row.parsed),
    received_at: row.receivedAt,
    attempts: row.attempts,
    next_at: row.nextAt,
    outcome: row.outcome,
    reason: row.reason,
    stranger: Number(row.isStranger),
    run_id: row.runId,
  }
}

type Selected = Omit<CallRow, 'parsed' | 'isStranger'> & {
  readonly parsed: string
  readonly stranger: number
}

function toRow({ parsed, stranger, ...row }: Selected): CallRow {
  return { ...row, parsed: JSON.parse(parsed), isStranger: stranger === 1 }
}
