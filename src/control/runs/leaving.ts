// Runs of whoever is gone: those for a person or an agent are stopped, those a worker had are given back.

import type { RecordedEvent } from '../../domain/runs/record.ts'
import { HELD_STATES, isFinal, RUN_STATES } from '../../domain/runs/run.ts'
import type { Holder } from '../../store/people-groups.ts'
import type { RunFilter, RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { draftOf, settle, take, tell } from './changing.ts'

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
    const free = take(draftOf(row), { is: 'let-go', at, reason, workspace: 'kept' }, at)
    const isOver = isFinal(free.run.state)
    await settle(unit, isOver ? free : take(free, { is: 'asked', what: 'cancel', at }, at), at)
  })
}

/**
 * Takes from their workers the runs for this person or agent that may hold something of this team: what the team owns is in
 * the memory of a program. Its worker ends that and takes the run up again, with what still may serve it.
 */
export async function interruptRunsOf(
  unit: StoreGroups,
  { organizationId, kind, id }: Holder & { readonly kind: RunRow['subjectKind'] },
  { team, at, reason }: { readonly team: string; readonly at: number; readonly reason: string },
): Promise<void> {
  // Those whose worker is silent are queued, and their leases run.
  const states = [...HELD_STATES, 'queued'] as const
  const filter = { subject: { subjectKind: kind, subjectId: id }, states }
  const drawsOn = (row: RunRow) => row.run.claim !== null && (row.team === null || row.team === team)
  for (let after: string | undefined; ; ) {
    const page = { limit: PAGE, ...(after !== undefined && { after }) }
    const rows = await unit.runs.list(organizationId, filter, page)
    for (const found of rows.filter(drawsOn)) {
      const row = await unit.runs.hold(organizationId, found.id)
      if (row === undefined || !drawsOn(row)) continue
      await settle(unit, take(draftOf(row), { is: 'let-go', at, reason, workspace: 'kept' }, at), at)
    }
    if (rows.length < PAGE) return
    after = rows.at(-1)?.id
  }
}

/** Gives back what this worker has; its workspaces stay there, and it may be back. */
export async function letGoRunsOf(
  unit: StoreGroups,
  { organizationId, id }: Pick<Holder, 'organizationId' | 'id'>,
  at: number,
  reason: string,
): Promise<number> {
  return each(unit, organizationId, { worker: id }, async (row) => {
    await settle(unit, take(draftOf(row), { is: 'let-go', at, reason, workspace: 'kept' }, at), at)
  })
}

/**
 * The same for a worker that will not be back, and is called so: its workspaces are lost with it. What can be made anew
 * elsewhere goes on there; everything else has failed, or begins anew when somebody wakes it. Each run says so.
 */
export async function loseRunsOf(
  unit: StoreGroups,
  { organizationId, id, name }: Pick<Holder, 'organizationId' | 'id'> & { readonly name: string },
  at: number,
  reason: string,
): Promise<number> {
  const states = RUN_STATES.filter((state) => !isFinal(state))
  return each(unit, organizationId, { place: id, states }, async (row) => {
    const workspace = row.movable ? 'left' : 'gone'
    const step = { is: 'let-go', at, reason, workspace } as const
    await settle(unit, take(tell(draftOf(row), lostWith(name, row), at), step, at), at)
  })
}

function lostWith(name: string, { movable }: RunRow): RecordedEvent {
  const lost = movable
    ? 'What was not pushed, and what its program remembers of the conversation, stayed there.'
    : 'Its workspace, and what its program remembers of the conversation, stayed there: it can begin anew, in another workspace.'
  return { kind: 'notice', text: `The worker ${name}, which had this run, is gone for good. ${lost}` }
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
