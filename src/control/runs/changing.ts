// The one way by which a run changes: steps are taken on a draft, and put down together with the events that tell of
// them, the leases that end by them and the signals that let others know, in the caller's unit.

import { hasUntold } from '../../domain/runs/queueing.ts'
import type { RecordedEvent } from '../../domain/runs/record.ts'
import { after, isFinal, type Run, type Step } from '../../domain/runs/run.ts'
import type { RunMessageRow, RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { changedMeanwhile } from '../find.ts'

/** A run that is being changed; its row is held by the unit. */
export interface Draft {
  readonly row: RunRow
  readonly run: Run
  readonly events: readonly Told[]
  readonly seenAt?: number
}

interface Told {
  readonly at: number
  readonly event: RecordedEvent
}

export function draftOf(row: RunRow): Draft {
  return { row, run: row.run, events: [] }
}

/** The draft after this step, which it tells of when the state is another. Throws `conflict` for what cannot happen. */
export function take(draft: Draft, step: Step, at: number): Draft {
  const run = after(draft.run, step)
  const isSame = run.state === draft.run.state && run.reason === draft.run.reason
  const next = { ...draft, run }
  return isSame ? next : tell(next, { kind: 'state', state: run.state, reason: run.reason }, at)
}

/** The draft with an event more. */
export function tell(draft: Draft, event: RecordedEvent, at: number): Draft {
  return { ...draft, events: [...draft.events, { at, event }] }
}

/** Puts it down and returns the row as it is now. */
export async function settle(unit: StoreGroups, draft: Draft, now: number): Promise<RunRow> {
  const done = await withMessagesEnded(unit, draft, now)
  const { row, events, seenAt } = done
  const first = done.run.events
  const run = { ...done.run, events: first + events.length }
  await unit.runEvents.append(
    events.map(({ at, event }, i) => ({ runId: row.id, position: first + i + 1, at, event })),
  )
  const hadClaim = row.run.claim !== null
  if (hadClaim && run.claim?.id !== row.run.claim?.id) await endLeases(unit, row, now, leaseEnding(run))
  const changed = { run, ...(seenAt !== undefined && { seenAt }) }
  if (!(await unit.runs.update(row.id, row.revision, changed))) throw changedMeanwhile(`The run ${row.id}`)
  await unit.signals.send('runs', row.id)
  if (run.state === 'queued' && row.run.state !== 'queued')
    await unit.signals.send('queue', row.organizationId)
  return { ...row, ...changed, revision: row.revision + 1 }
}

// A run that is over for good sends no more.
async function withMessagesEnded(unit: StoreGroups, draft: Draft, now: number): Promise<Draft> {
  const { row, run } = draft
  if (!isFinal(run.state) || isFinal(row.run.state)) return draft
  let ended = draft
  for (const message of await unit.runMessages.list(row.id, ['queued', 'sent']))
    ended = await moveMessage(unit, ended, message, {
      to: 'failed',
      reason: `the run is ${run.state}`,
      at: now,
    })
  return ended
}

export interface MessageMove {
  readonly to: RunMessageRow['state']
  readonly reason: string
  readonly at: number
}

/** A message becomes something else. Throws `conflict` when it cannot. */
export async function moveMessage(
  unit: StoreGroups,
  draft: Draft,
  message: RunMessageRow,
  { to, reason, at }: MessageMove,
): Promise<Draft> {
  const { id, runId, state: from } = message
  const moved = withRestTold(take(draft, { is: 'message-moved', from, to }, at), from)
  const claim = to === 'sent' ? (draft.run.claim?.id ?? null) : message.claim
  const changed = { state: to, reason, changedAt: at, claim: to === 'queued' ? null : claim }
  if (!(await unit.runMessages.change(runId, id, from, changed))) throw changedMeanwhile(`The message ${id}`)
  return tell(moved, { kind: 'message', id, state: to, reason }, at)
}

// Its worker knows the first few of a long queue only.
function withRestTold(draft: Draft, from: RunMessageRow['state']): Draft {
  const { run } = draft
  return from === 'queued' && hasUntold(run.waiting)
    ? { ...draft, run: { ...run, bell: run.bell + 1 } }
    : draft
}

function leaseEnding({ state, claim }: Run): string {
  return claim === null ? `its run is ${state}` : 'its run was taken up by another process'
}

/** Removes it with all that belongs to it. Whoever calls it holds the row, and has authorized it. */
export async function removeRun(unit: StoreGroups, row: RunRow, at: number): Promise<void> {
  await endLeases(unit, row, at, 'its run was removed')
  await unit.runs.remove(row.organizationId, row.id, at)
  await unit.signals.send('runs', row.id)
}

/** Ends the leases of a run that still run. */
export async function endLeases(
  unit: StoreGroups,
  { id }: Pick<RunRow, 'id'>,
  now: number,
  reason: string,
): Promise<void> {
  const running = (await unit.runLeases.list(id)).filter(({ endedAt }) => endedAt === null)
  for (const { leaseId } of running) {
    await unit.leases.end(leaseId, now, reason)
    await unit.runLeases.update(leaseId, { endedAt: now })
  }
  if (running.length > 0) await unit.signals.send('holders', id)
}
