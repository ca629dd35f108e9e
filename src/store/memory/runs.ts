// Runs and what belongs to them, in memory.

import { isDeepStrictEqual } from 'node:util'
import { isForStrangers } from '../../domain/channels/serving.ts'
import { isFinal, isHeld, isOver } from '../../domain/runs/run.ts'
import { isWithin } from '../../domain/runs/workspace.ts'
import { alreadyThere, parentGone } from '../refusals.ts'
import type { RunFilter, RunGroups, RunRow, RunStore, RunWorkStore, WorkSought } from '../runs/run-groups.ts'
import type { UseGroups } from '../runs/use-group.ts'
import { keyOf, type Tables } from './tables.ts'
import { useGroup } from './uses.ts'

/** The groups of runs over these tables. */
export function runGroups(tables: Tables): RunGroups & UseGroups {
  return {
    runs: runGroup(tables),
    runWork: workGroup(tables),
    ...messagesAndEvents(tables),
    runLeases: leaseGroup(tables),
    uses: useGroup(tables),
  }
}

function runGroup(tables: Tables): RunStore {
  const { runs, runsGone } = tables
  const get = async (organizationId: string, id: string) => {
    const row = runs.get(id)
    return row?.organizationId === organizationId ? row : undefined
  }
  return {
    insert: async (row) => {
      if (row.key !== null && runs.find((one) => isSame(one, row)).length > 0) throw alreadyThere()
      runs.add(row.id, row)
    },
    get,
    hold: get,
    update: async (id, seen, change) => {
      const row = runs.get(id)
      if (row?.revision !== seen) return false
      runs.put(id, { ...row, ...change, revision: seen + 1 })
      return true
    },
    list: async (organizationId, filter, { after, limit }) =>
      runs
        .find((row) => row.organizationId === organizationId && fits(row, filter))
        .filter(({ id }) => after === undefined || id < after)
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    remove: async (organizationId, id, _at) => {
      if ((await get(organizationId, id)) === undefined) return false
      removeAll(tables, id)
      runsGone.add(id, organizationId)
      return true
    },
    finished: async (organizationId, ids) =>
      ids.filter((id) => {
        const row = runs.get(id)
        const isOver = row?.organizationId === organizationId && isFinal(row.run.state)
        return isOver || runsGone.get(id) === organizationId
      }),
  }
}

function removeAll({ runs, runMessages, runEvents, runLeases, threads }: Tables, id: string): void {
  for (const table of [runMessages, runEvents, runLeases]) {
    for (const [key, { runId }] of table.entries()) if (runId === id) table.remove(key)
  }
  threads.remove(id)
  runs.remove(id)
}

function isSame(a: RunRow, b: RunRow): boolean {
  return a.organizationId === b.organizationId && a.key === b.key && isOf(a, b)
}

function isOf(row: RunRow, { subjectKind, subjectId }: Pick<RunRow, 'subjectKind' | 'subjectId'>): boolean {
  return row.subjectKind === subjectKind && row.subjectId === subjectId
}

function fits(row: RunRow, filter: RunFilter): boolean {
  const { subject, teams = [], worker, place, states, harness, key } = filter
  const isTheirs =
    subject === undefined || isOf(row, subject) || (row.team !== null && teams.includes(row.team))
  return (
    isTheirs &&
    (worker === undefined || row.run.claim?.worker === worker) &&
    (place === undefined || row.run.place === place) &&
    (states === undefined || states.includes(row.run.state)) &&
    (harness === undefined || row.harness === harness) &&
    (key === undefined || row.key === key)
  )
}

function workGroup({ runs, workers }: Tables): RunWorkStore {
  return {
    begin: async (worker, seen, processes) => {
      const row = workers.get(worker)
      if (row === undefined || row.revokedAt !== null || !isDeepStrictEqual(row.processes, seen)) return false
      workers.put(worker, { ...row, processes })
      return true
    },
    claimable: async (sought) =>
      runs
        .find((row) => suits(row, sought) && isFree(row, sought))
        .sort((a, b) => a.run.queuedAt - b.run.queuedAt || (a.id < b.id ? -1 : 1))
        .slice(0, sought.limit),
    beat: async (worker, claims, at) => {
      const alive = runs.find(({ run: { claim } }) => claim?.worker === worker && claims.includes(claim.id))
      for (const row of alive) runs.put(row.id, { ...row, seenAt: at })
    },
    silent: async (before, limit) =>
      runs
        .find(({ run, seenAt }) => isHeld(run.state) && seenAt !== null && seenAt < before)
        .sort((a, b) => (a.seenAt ?? 0) - (b.seenAt ?? 0) || (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    idle: async (before, limit) =>
      runs
        .find(({ run }) => run.state === 'ready' && run.wish === null && run.since < before)
        .sort((a, b) => a.run.since - b.run.since || (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    past: async (before, limit) =>
      runs
        .find(({ run }) => isOver(run.state) && run.since < before)
        .sort((a, b) => a.run.since - b.run.since || (a.id < b.id ? -1 : 1))
        .slice(0, limit),
  }
}

function suits(row: RunRow, sought: WorkSought): boolean {
  return (
    row.organizationId === sought.organizationId &&
    sought.harnesses.includes(row.harness) &&
    (row.pin === null || row.pin === sought.worker) &&
    (row.directory === null || isWithin(row.directory, sought.directories)) &&
    (sought.subject === null || isOf(row, sought.subject)) &&
    (sought.strangers || !isForStrangers(row))
  )
}

function isFree({ run, movable }: RunRow, { worker, holding, stickBefore }: WorkSought): boolean {
  if (run.claim !== null && holding.includes(run.claim.id)) return false
  if (run.state === 'queued')
    return run.place === null || run.place === worker || (movable && run.queuedAt <= stickBefore)
  return isHeld(run.state) && run.claim?.worker === worker
}

function messagesAndEvents({
  runs,
  runMessages,
  runEvents,
}: Tables): Pick<RunGroups, 'runMessages' | 'runEvents'> {
  return {
    runMessages: {
      insert: async (row) => {
        const key = keyOf(row.runId, row.id)
        if (runMessages.get(key)) throw alreadyThere()
        if (!runs.get(row.runId)) throw parentGone()
        runMessages.add(key, row)
      },
      get: async (runId, id) => runMessages.get(keyOf(runId, id)),
      list: async (runId, states, limit) =>
        runMessages
          .find((row) => row.runId === runId && (states === undefined || states.includes(row.state)))
          .sort((a, b) => a.position - b.position)
          .slice(0, limit),
      listBefore: async (runId, before, limit) =>
        runMessages
          .find((row) => row.runId === runId && row.position < before)
          .sort((a, b) => b.position - a.position)
          .slice(0, limit),
      change: async (runId, id, seen, change) => {
        const row = runMessages.get(keyOf(runId, id))
        if (row?.state !== seen) return false
        runMessages.put(keyOf(runId, id), { ...row, ...change })
        return true
      },
    },
    runEvents: {
      append: async (rows) => {
        for (const row of rows) {
          if (runEvents.get(keyOf(row.runId, row.position))) throw alreadyThere()
          if (!runs.get(row.runId)) throw parentGone()
          runEvents.add(keyOf(row.runId, row.position), row)
        }
      },
      after: async (runId, position, limit) =>
        runEvents
          .find((row) => row.runId === runId && row.position > position)
          .sort((a, b) => a.position - b.position)
          .slice(0, limit),
    },
  }
}

function leaseGroup({ runs, runLeases }: Tables): RunGroups['runLeases'] {
  return {
    insert: async (row) => {
      if (runLeases.get(row.leaseId)) throw alreadyThere()
      if (!runs.get(row.runId)) throw parentGone()
      runLeases.add(row.leaseId, row)
    },
    get: async (leaseId) => runLeases.get(leaseId),
    list: async (runId) =>
      runLeases
        .find((row) => row.runId === runId)
        .sort((a, b) => a.startedAt - b.startedAt || (a.leaseId < b.leaseId ? -1 : 1)),
    update: async (leaseId, change) => {
      const row = runLeases.get(leaseId)
      if (row) runLeases.put(leaseId, { ...row, ...change })
      return row !== undefined
    },
    lastUsed: async (organizationId, credentialIds) => {
      const used: Record<string, number> = {}
      for (const { credential, startedAt } of runLeases.find(
        (row) => row.organizationId === organizationId,
      )) {
        if (credential !== null && credentialIds.includes(credential.id))
          used[credential.id] = Math.max(used[credential.id] ?? 0, startedAt)
      }
      return used
    },
  }
}
