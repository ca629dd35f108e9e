// Channels, what was delivered to them, and what is told by them, in memory.

import {
  type CallRow,
  type CallStore,
  type ChannelRow,
  type ChannelStore,
  COUNTED,
  callMarks,
  type ThreadRow,
  type ThreadStore,
} from '../channels/channel-groups.ts'
import { channelNameTaken } from '../refusals.ts'
import { keyOf, type Tables } from './tables.ts'

/** The three groups over these tables. */
export function channelGroups(tables: Tables) {
  return { channels: channelGroup(tables), calls: callGroup(tables), threads: threadGroup(tables) }
}

function channelGroup({ channels, calls, threads }: Tables): ChannelStore {
  const get = (organizationId: string, id: string) => {
    const row = channels.get(id)
    return row?.organizationId === organizationId ? row : undefined
  }
  const refuseTakenName = ({ id, organizationId, name }: ChannelRow) => {
    const isOther = (row: ChannelRow) =>
      row.id !== id && row.organizationId === organizationId && row.name === name
    if (channels.find(isOther).length > 0) throw channelNameTaken(name)
  }
  return {
    insert: async (row) => {
      refuseTakenName(row)
      channels.add(row.id, row)
    },
    get: async (organizationId, id) => get(organizationId, id),
    list: async (organizationId) => channels.find((row) => row.organizationId === organizationId).sort(byId),
    ofKind: async (kind) => channels.find((row) => row.kind === kind).sort(byId),
    update: async (id, seen, change) => {
      const row = channels.get(id)
      if (row?.revision !== seen) return false
      const changed = { ...row, ...change, revision: seen + 1 }
      refuseTakenName(changed)
      channels.put(id, changed)
      return true
    },
    note: async (id, status, at) => {
      const row = channels.get(id)
      if (row === undefined) return
      channels.put(id, { ...row, lastStatus: status, ...(at !== undefined && { lastDeliveryAt: at }) })
    },
    remove: async (organizationId, id) => {
      if (get(organizationId, id) === undefined) return false
      for (const row of calls.find(({ channelId }) => channelId === id)) calls.remove(callKey(row))
      for (const row of threads.find(({ channelId }) => channelId === id)) threads.remove(row.runId)
      return channels.remove(id)
    },
  }
}

function callGroup({ channels, calls }: Tables): CallStore {
  return {
    insert: async (row) => {
      if (channels.get(row.channelId) === undefined || calls.get(callKey(row)) !== undefined) return false
      calls.add(callKey(row), row)
      return true
    },
    due: async (now, limit, except) =>
      calls
        .find(({ nextAt, channelId }) => nextAt !== null && nextAt <= now && !except.includes(channelId))
        .sort((a, b) => (a.nextAt ?? 0) - (b.nextAt ?? 0) || compare(a.deliveryId, b.deliveryId))
        .slice(0, limit),
    claim: async (seen, until) => {
      const row = calls.get(callKey(seen))
      if (row === undefined || row.attempts !== seen.attempts || row.nextAt === null) return false
      calls.put(callKey(row), { ...row, attempts: row.attempts + 1, nextAt: until })
      return true
    },
    settle: async (claimed, { nextAt, outcome, reason, isStranger, runId }) => {
      const row = calls.get(callKey(claimed))
      if (row?.attempts !== claimed.attempts) return false
      calls.put(callKey(row), { ...row, nextAt, outcome, reason, isStranger, runId })
      return true
    },
    list: async (channelId, limit) =>
      calls
        .find((row) => row.channelId === channelId)
        .sort((a, b) => b.receivedAt - a.receivedAt || compare(a.deliveryId, b.deliveryId))
        .slice(0, limit),
    before: async ({ channelId, deliveryId, parsed }, since) => {
      const { thread, author } = callMarks(parsed)
      const others = calls.find((row) => row.channelId === channelId && row.deliveryId !== deliveryId)
      const isSame = (row: CallRow) => callMarks(row.parsed).author === author
      const refused = others.filter(
        (row) => row.outcome === 'refused' && isSame(row) && callMarks(row.parsed).thread === thread,
      )
      const strange = others.filter(
        ({ isStranger, receivedAt, outcome }) =>
          isStranger && receivedAt >= since && COUNTED.some((one) => one === outcome),
      )
      return {
        refusals: [...new Set(refused.map(({ reason }) => reason))],
        asStranger: strange.filter(isSame).length,
        byStrangers: strange.length,
      }
    },
    prune: async (receivedBefore, limit) => {
      const over = calls
        .find((row) => row.receivedAt < receivedBefore && row.nextAt === null)
        .sort((a, b) => a.receivedAt - b.receivedAt)
        .slice(0, limit)
      for (const row of over) calls.remove(callKey(row))
      return over.length
    },
  }
}

function threadGroup({ threads }: Tables): ThreadStore {
  return {
    insert: async (row) => {
      threads.add(row.runId, row)
    },
    get: async (organizationId, runId) => {
      const row = threads.get(runId)
      return row?.organizationId === organizationId ? row : undefined
    },
    ofThread: async (channelId, key) =>
      threads
        .find((row) => row.channelId === channelId && row.thread.key === key)
        .sort((a, b) => compare(b.runId, a.runId)),
    due: async (now, limit, except) =>
      threads
        .find(
          ({ nextAt, busyUntil, channelId }) =>
            nextAt !== null && nextAt <= now && busyUntil <= now && !except.includes(channelId),
        )
        .sort((a, b) => (a.nextAt ?? 0) - (b.nextAt ?? 0) || compare(a.runId, b.runId))
        .slice(0, limit),
    wake: async (runId, at) => {
      const row = threads.get(runId)
      if (row === undefined) return false
      threads.put(runId, { ...row, nextAt: Math.min(row.nextAt ?? at, at) })
      return true
    },
    claim: async (seen, until) => {
      const row = threads.get(seen.runId)
      if (row === undefined || row.attempts !== seen.attempts || row.nextAt === null) return false
      threads.put(row.runId, { ...row, attempts: row.attempts + 1, nextAt: until, busyUntil: until })
      return true
    },
    settle: async (claimed, end) => {
      const { repository, commentId, said, saidAt, shown, failures, failingSince, nextAt, busyUntil } = end
      const row = threads.get(claimed.runId)
      if (row?.attempts !== claimed.attempts) return false
      const woken = row.nextAt !== null && row.nextAt < row.busyUntil ? row.nextAt : null
      const next = woken === null ? nextAt : Math.min(woken, nextAt ?? woken)
      const told = { repository, commentId, said, saidAt, shown, failures, failingSince }
      threads.put(row.runId, { ...row, ...told, nextAt: next, busyUntil })
      return true
    },
  }
}

function callKey({ channelId, deliveryId }: Pick<CallRow, 'channelId' | 'deliveryId'>): string {
  return keyOf(channelId, deliveryId)
}

function byId(a: Pick<ChannelRow, 'id'>, b: Pick<ChannelRow, 'id'>): number {
  return compare(a.id, b.id)
}

function compare(a: ThreadRow['runId'], b: ThreadRow['runId']): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
