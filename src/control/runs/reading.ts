// Seeing runs: a list, and one of them.

import type { Caller } from '../../domain/caller.ts'
import { SHOWN_AT_ONCE, SHOWN_TEXT_AT_ONCE } from '../../domain/runs/queueing.ts'
import type { RunMessageRow, RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { absent } from '../guard.ts'
import { takersHint } from '../machines/takers.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { findRun, sightOf, visibleTo } from './seeing.ts'
import { type RunView, runView, summaryView, workerNames } from './views.ts'

const READ_AT_ONCE = 10

export function createReadingRunUseCases(workshop: Workshop): Pick<Control, 'runs.list' | 'runs.read'> {
  const { store } = workshop
  return {
    async 'runs.list'(caller, { state, harness, mine, after, limit }) {
      const filter = {
        ...visibleTo(caller, mine),
        ...(state !== undefined && { states: [state] }),
        ...(harness !== undefined && { harness }),
      }
      const page = { limit: limit + 1, ...(after !== undefined && { after }) }
      const rows = await store.runs.list(caller.organizationId, filter, page)
      const names = await workerNames(store, caller.organizationId)
      const shown = rows.slice(0, limit)
      return {
        runs: shown.map((row) => summaryView(row, sightOf(caller, row) ?? 'metadata', names)),
        next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
      }
    },
    async 'runs.read'(caller, { id, before }) {
      return showRun(workshop, caller, (await findRun(store, caller, id)).row, before)
    },
  }
}

/** The whole of it, as this caller may see it; of its messages the last ones before this position. */
export async function showRun(
  workshop: Workshop,
  caller: Caller,
  row: RunRow,
  before = Number.MAX_SAFE_INTEGER,
): Promise<RunView> {
  const { store, publicUrl } = workshop
  const sight = sightOf(caller, row)
  if (sight === null) throw absent('run', row.id)
  const served = await store.runLeases.list(row.id)
  const last = served.at(-1)
  return runView({
    ...{ row, sight, served, publicUrl: publicUrl() },
    names: await workerNames(store, row.organizationId),
    hint: await takersHint(workshop, row),
    messages: await lastMessages(store, row.id, before),
    lease: last === undefined ? undefined : await store.leases.get(row.organizationId, last.leaseId),
  })
}

// A few are read at a time: each may be long.
async function lastMessages(
  { runMessages }: Pick<StoreGroups, 'runMessages'>,
  runId: string,
  before: number,
): Promise<RunMessageRow[]> {
  const found: RunMessageRow[] = []
  let size = 0
  for (;;) {
    const first = found[0]?.position ?? before
    const rows = await runMessages.listBefore(runId, first, READ_AT_ONCE)
    for (const row of rows) {
      size += row.text.length
      if (found.length >= SHOWN_AT_ONCE || (found.length > 0 && size > SHOWN_TEXT_AT_ONCE)) return found
      found.unshift(row)
    }
    if (rows.length < READ_AT_ONCE) return found
  }
}
