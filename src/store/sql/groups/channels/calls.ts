// What was delivered to channels, over SQL.

import type { Kysely } from 'kysely'
import { type CallRow, type CallStore, callMarks } from '../../../channels/channel-groups.ts'
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
    due: async (now, limit) => {
      const query = select.where('next_at', '<=', now).orderBy('next_at').orderBy('delivery_id').limit(limit)
      return (await execute(query.compile())).rows.map(toRow)
    },
    claim: async (seen, until) => {
      const query = one(seen)
        .where('next_at', 'is not', null)
        .set({ attempts: seen.attempts + 1, next_at: until })
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    settle: async (claimed, { nextAt, outcome, reason, runId }) => {
      const query = one(claimed).set({ next_at: nextAt, outcome, reason, run_id: runId })
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
    had: async ({ channelId, deliveryId, parsed }, outcome) => {
      const { thread, author } = callMarks(parsed)
      const query = select
        .where('channel_id', '=', channelId)
        .where('thread', '=', thread)
        .where('author', '=', author)
        .where('outcome', '=', outcome)
        .where('delivery_id', '<>', deliveryId)
        .limit(1)
      return (await execute(query.compile())).rows.length > 0
    },
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
    run_id: row.runId,
  }
}

type Selected = Omit<CallRow, 'parsed'> & { readonly parsed: string }

function toRow({ parsed, ...row }: Selected): CallRow {
  return { ...row, parsed: JSON.parse(parsed) }
}
