// Which runs are told of in which conversation, over SQL.

import { type Kysely, sql } from 'kysely'
import type { ThreadRow, ThreadStore } from '../../../channels/channel-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'run_id as runId',
  'channel_id as channelId',
  'organization_id as organizationId',
  'thread',
  'repository',
  'served',
  'author',
  'comment_id as commentId',
  'said',
  'said_at as saidAt',
  'shown',
  'attempts',
  'failures',
  'failing_since as failingSince',
  'next_at as nextAt',
  'busy_until as busyUntil',
  'created_at as createdAt',
] as const

export function threadGroup(database: Kysely<Database>): (execute: Execute) => ThreadStore {
  const select = database.selectFrom('channel_thread').select(COLUMNS)
  const one = ({ runId, attempts }: Pick<ThreadRow, 'runId' | 'attempts'>) =>
    database.updateTable('channel_thread').where('run_id', '=', runId).where('attempts', '=', attempts)
  return (execute) => ({
    insert: async (row) => {
      await execute(database.insertInto('channel_thread').values(valuesOf(row)).compile())
    },
    get: async (organizationId, runId) => {
      const query = select.where('organization_id', '=', organizationId).where('run_id', '=', runId)
      return (await execute(query.compile())).rows.map(toRow)[0]
    },
    ofThread: async (channelId, key) => {
      const query = select
        .where('channel_id', '=', channelId)
        .where('thread_key', '=', key)
        .orderBy('run_id', 'desc')
      return (await execute(query.compile())).rows.map(toRow)
    },
    due: async (now, limit, except) => {
      const query = select
        .where('next_at', '<=', now)
        .where('busy_until', '<=', now)
        .$if(except.length > 0, (those) => those.where('channel_id', 'not in', except))
        .orderBy('next_at')
        .orderBy('run_id')
        .limit(limit)
      return (await execute(query.compile())).rows.map(toRow)
    },
    wake: async (runId, at) => {
      const query = database
        .updateTable('channel_thread')
        .set({ next_at: sql<number>`case when next_at < ${at} then next_at else ${at} end` })
        .where('run_id', '=', runId)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    claim: async (seen, until) => {
      const query = one(seen)
        .where('next_at', 'is not', null)
        .set({ attempts: seen.attempts + 1, next_at: until, busy_until: until })
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    settle: async (claimed, { repository, commentId, said, saidAt, shown, nextAt, ...end }) => {
      // Who woke it meanwhile has moved the next look before the end of the claim.
      const next = sql<number | null>`case when next_at < busy_until
        then case when next_at < ${nextAt} then next_at else coalesce(${nextAt}, next_at) end
        else ${nextAt} end`
      const query = one(claimed).set({
        ...{ repository: jsonOf(repository), comment_id: commentId, said, said_at: saidAt, shown },
        ...{ failures: end.failures, failing_since: end.failingSince },
        ...{ next_at: next, busy_until: end.busyUntil },
      })
      return (await execute(query.compile())).numAffectedRows === 1n
    },
  })
}

function valuesOf(row: ThreadRow) {
  return {
    run_id: row.runId,
    channel_id: row.channelId,
    organization_id: row.organizationId,
    thread_key: row.thread.key,
    thread: JSON.stringify(row.thread),
    repository: jsonOf(row.repository),
    served: row.served,
    author: row.author,
    comment_id: row.commentId,
    said: row.said,
    said_at: row.saidAt,
    shown: row.shown,
    attempts: row.attempts,
    failures: row.failures,
    failing_since: row.failingSince,
    next_at: row.nextAt,
    busy_until: row.busyUntil,
    created_at: row.createdAt,
  }
}

function jsonOf(repository: ThreadRow['repository']): string | null {
  return repository === null ? null : JSON.stringify(repository)
}

type Selected = Omit<ThreadRow, 'thread' | 'repository'> & {
  readonly thread: string
  readonly repository: string | null
}

function toRow({ thread, repository, ...row }: Selected): ThreadRow {
  return {
    ...row,
    thread: JSON.parse(thread),
    repository: repository === null ? null : JSON.parse(repository),
  }
}
