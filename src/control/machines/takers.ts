// Whether anybody is there to take a run that is queued, and what to do when not.

import { HARNESS_TITLE } from '../../domain/harness-names.ts'
import type { WorkerRow } from '../../store/machine-groups.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { Ports } from '../use-case.ts'
import { isAlone, isEmbedded } from './embedded.ts'

// A worker that waits for runs is noted at least so often, in milliseconds.
const HEARD_WITHIN = 3 * 60_000

/** What to type when no worker that was heard of lately would take it; null when one would, or nobody has to. */
export async function takersHint(
  { store, identity, now }: Pick<Ports, 'store' | 'identity' | 'now'>,
  row: RunRow,
): Promise<string | null> {
  if (row.run.state !== 'queued') return null
  const since = now() - HEARD_WITHIN
  const workers = (await store.workers.list(row.organizationId)).filter(({ revokedAt }) => revokedAt === null)
  for (const worker of workers) {
    if (worker.lastSeenAt === null || worker.lastSeenAt < since || !wouldTake(worker, row)) continue
    if (!isEmbedded(worker)) return null
    if (row.subjectKind === 'person' && (await isAlone(identity, row.subjectId))) return null
  }
  const only = row.pin ?? (row.movable ? null : row.run.place)
  const named = workers.find(({ id }) => id === only)
  if (named !== undefined && !isEmbedded(named))
    return `The worker ${named.name}, which alone can take it, has not been heard of. Start it there: claviger worker`
  return `No worker takes it. On a machine with ${HARNESS_TITLE[row.harness]}: claviger worker --enrol CODE, with a code from an admin: claviger admin worker enrol NAME`
}

function wouldTake({ id, agent }: WorkerRow, { pin, movable, run, subjectKind, subjectId }: RunRow): boolean {
  const isReachable = run.place === null || run.place === id || movable
  const isServed = agent === null || (subjectKind === 'agent' && subjectId === agent)
  return (pin === null || pin === id) && isReachable && isServed
}
