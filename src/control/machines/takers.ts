// Whether anybody is there to take a run that is queued, and what to do when not.

import { HARNESS_TITLE, INSTALL_COMMAND } from '../../domain/harness-names.ts'
import { isWithin } from '../../domain/runs/workspace.ts'
import type { WorkerRow } from '../../store/machine-groups.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { Ports } from '../use-case.ts'
import { isAlone, isEmbedded, whyOff } from './embedded.ts'

// A worker that waits for runs is noted at least so often, in milliseconds.
const HEARD_WITHIN = 3 * 60_000

// Names that a sentence can hold.
const NAMED_AT_MOST = 3

const ENROL = 'claviger worker --enrol CODE, with a code from an admin: claviger admin worker enrol NAME'

/** What to type when no worker that was heard of lately would take it; null when one would, or nobody has to. */
export async function takersHint(
  { store, identity, now }: Pick<Ports, 'store' | 'identity' | 'now'>,
  row: RunRow,
): Promise<string | null> {
  if (row.run.state !== 'queued') return null
  const since = now() - HEARD_WITHIN
  const workers = (await store.workers.list(row.organizationId)).filter(({ revokedAt }) => revokedAt === null)
  const there: WorkerRow[] = []
  for (const worker of workers) {
    if (worker.lastSeenAt === null || worker.lastSeenAt < since || !isFor(worker, row)) continue
    if (!isEmbedded(worker) || (row.subjectKind === 'person' && (await isAlone(identity, row.subjectId))))
      there.push(worker)
  }
  const equipped = there.filter((worker) => hasProgram(worker, row))
  if (equipped.some((worker) => hasDirectory(worker, row))) return null
  const off = workers.some(isEmbedded) ? await whyOff({ store, identity }) : null
  return whatIsMissing(row, { workers, there, equipped, off })
}

interface Looked {
  readonly workers: readonly WorkerRow[]
  /** Those that were heard of, and that it may go to. */
  readonly there: readonly WorkerRow[]
  /** Those of them that have the program. */
  readonly equipped: readonly WorkerRow[]
  /** Why that of the server does nothing. */
  readonly off: string | null
}

function whatIsMissing(row: RunRow, { workers, there, equipped, off }: Looked): string {
  const title = HARNESS_TITLE[row.harness]
  const only = row.pin ?? (row.movable ? null : row.run.place)
  const named = workers.find(({ id }) => id === only)
  if (named !== undefined && isEmbedded(named))
    return `Its workspace is with the server's own worker, which is not at work now, and never is while there is a second person. Begin another: claviger run`
  if (named !== undefined && !isEmbedded(named)) {
    if (there.length === 0)
      return `The worker ${named.name}, which alone can take it, has not been heard of. Start it there: claviger worker`
    if (equipped.length === 0)
      return `The worker ${named.name}, which alone can take it, has no ${title}. Install it there (${INSTALL_COMMAND[row.harness]}), and start claviger worker again.`
  }
  if (equipped.length > 0)
    return `No worker may work in ${row.directory}. Where that directory is: claviger worker --directory ${row.directory}`
  if (there.length > 0)
    return `No worker has ${title}. Install it ${placesOf(there)} (${INSTALL_COMMAND[row.harness]}), or enrol one that has it: ${ENROL}`
  const why = off === null ? '' : `: that of the server is off, because ${off}`
  return `No worker takes it${why}. On a machine with ${title}: ${ENROL}`
}

// What looks for its programs once has to be started again.
function placesOf(there: readonly WorkerRow[]): string {
  const [embedded, others] = [there.some(isEmbedded), there.filter((worker) => !isEmbedded(worker))]
  const names = others.slice(0, NAMED_AT_MOST).map(({ name }) => name)
  const places = [...(embedded ? ['the machine of the server'] : []), ...names]
  const again = embedded ? '' : ' and start its worker again'
  return `on ${places.join(' or ')}${again}`
}

function isFor({ id, agent }: WorkerRow, { pin, movable, run, subjectKind, subjectId }: RunRow): boolean {
  const isReachable = run.place === null || run.place === id || movable
  const isServed = agent === null || (subjectKind === 'agent' && subjectId === agent)
  return (pin === null || pin === id) && isReachable && isServed
}

// One that has not said what it has may have it.
function hasProgram({ machine }: WorkerRow, { harness }: RunRow): boolean {
  return machine === null || machine.programs.some((program) => program.harness === harness)
}

function hasDirectory({ machine }: WorkerRow, { directory }: RunRow): boolean {
  return machine === null || directory === null || isWithin(directory, machine.directories)
}
