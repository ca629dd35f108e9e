// Runs of whoever is gone: those for a person or an agent are stopped, those a worker had are given back.

import { isFinal, RUN_STATES } from '../../domain/runs/run.ts'
import type { Holder } from '../../store/people-groups.ts'
import type { RunFilter, RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { draftOf, settle, take } from './changing.ts'

const PAGE = 500

/** Cancels all runs for this person or agent. Whoever calls it has authorized what it is part of. */
export async function cancelRunsOf(
  unit: StoreGroups,
  { organizationId, kind, id }: Holder,
  at: number,
  reason: string,
): Promise<number> {
  if (kind === 'worker') return 0
  const subject = { subjectKind: kind, subjectId: id }
  const states = RUN_STATES.filter((state) => !isFinal(state))
  return each(unit, organizationId, { subject, states }, async (row) => {
    // Its worker may carry it out with nobody's credentials any more: it does not wait to be asked.
    const free = take(draftOf(row), { is: 'let-go', at, reason }, at)
    const isOver = isFinal(free.run.state)
    await settle(unit, isOver ? free : take(free, { is: 'asked', what: 'cancel', at }, at), at)
  })
}

/** Gives back what this worker has; its workspaces are lost with it. */
export async function letGoRunsOf(
  unit: StoreGroups,
  { organizationId, id }: Pick<Holder, 'organizationId' | 'id'>,
  at: number,
  reason: string,
): Promise<number> {
  return each(unit, organizationId, { worker: id }, async (row) => {
    await settle(unit, take(draftOf(row), { is: 'let-go', at, reason }, at), at)
  })
}

async function each(
  unit: StoreGroups,
  organizationId: string,
  filter: RunFilter,
  change: (row: RunRow) => Promise<void>,
): Promise<number> {
  const rows = await unit.runs.list(organizationId, filter, { limit: PAGE })
  for (const { id } of rows) {
    const row = await unit.runs.hold(organizationId, id)
    if (row !== undefined) await change(row)
  }
  // What was changed does not fit any more.
  return rows.length < PAGE ? rows.length : rows.length + (await each(unit, organizationId, filter, change))
}
