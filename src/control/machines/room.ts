// Room for runs that wait. A conversation that was answered stays in its worker's hand until nobody has talked to it for
// long; when something waits that the worker could take, and it is full, the one that has been idle the longest hibernates.

import type { Caller } from '../../domain/caller.ts'
import { isIdle } from '../../domain/runs/run.ts'
import type { RunRow, WorkSought } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { draftOf, settle, take } from '../runs/changing.ts'
import { actOn } from '../runs/seeing.ts'
import type { Workshop } from '../workshop.ts'

/** In the record of the run that hibernates. */
const MAKES_ROOM = 'it makes room for a run that waits; a message wakes it'

// More than ask at a time.
const WAITING_AT_MOST = 100
const IDLE_AT_MOST = 10_000

/**
 * One at the most, and none while another of its runs is about to leave: what the worker had then is not what it has now.
 * `holding`: the claims it is full of.
 */
export async function makeRoom(
  workshop: Workshop,
  caller: Caller,
  sought: WorkSought,
  holding: readonly string[],
): Promise<void> {
  const { store, guard, now } = workshop
  const { organizationId, id: worker } = caller
  const held = (await store.runs.list(organizationId, { worker }, { limit: IDLE_AT_MOST })).filter(
    ({ run }) => holding.includes(run.claim?.id ?? ''),
  )
  if (held.length < holding.length || held.some(({ run }) => run.wish !== null)) return
  const [idlest] = held.filter(({ run }) => isIdle(run)).sort(byIdleness)
  if (idlest === undefined) return
  const waiting = await store.runWork.claimable({ ...sought, limit: WAITING_AT_MOST }, false)
  if (waiting.length === 0 || (await makingRoom(store, organizationId)) >= waiting.length) return
  await guard
    .perform(caller, async (unit, authorize) => {
      // Of several workers that are full one makes room: what it is for is locked meanwhile.
      const [first] = await unit.runWork.claimable({ ...sought, limit: 1 }, true)
      const row = await unit.runs.hold(organizationId, idlest.id)
      const isStill = row !== undefined && row.run.claim?.id === idlest.run.claim?.id && isIdle(row.run)
      if (first === undefined || !isStill) throw new Unchanged()
      if ((await makingRoom(unit, organizationId)) >= waiting.length) throw new Unchanged()
      await authorize(actOn(row, 'run.idle', { general: 'carryOutRuns' }, { for: first.id }))
      const at = now()
      await settle(unit, take(draftOf(row), { is: 'idle', reason: MAKES_ROOM }, at), at)
    })
    .catch((thrown: unknown) => {
      if (!(thrown instanceof Unchanged)) throw thrown
    })
}

class Unchanged extends Error {}

function byIdleness(a: RunRow, b: RunRow): number {
  return a.run.since - b.run.since || (a.id < b.id ? -1 : 1)
}

// At this worker or others: for each of those that wait one is enough.
async function makingRoom({ runs }: Pick<StoreGroups, 'runs'>, organizationId: string): Promise<number> {
  const ready = await runs.list(organizationId, { states: ['ready'] }, { limit: IDLE_AT_MOST })
  return ready.filter(({ run }) => run.wish === 'hibernate' && run.reason === MAKES_ROOM).length
}
