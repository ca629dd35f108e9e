// Whether anybody is there to take a run that is queued, and what to do when not.

import type { Caller } from '../../domain/caller.ts'
import { isForStrangers } from '../../domain/channels/serving.ts'
import { HARNESS_TITLE, type HarnessName, INSTALL_COMMAND } from '../../domain/harness-names.ts'
import { isWithin } from '../../domain/runs/workspace.ts'
import type { WorkerRow } from '../../store/machine-groups.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { Ports } from '../use-case.ts'
import { isAlone, isEmbedded, isOnFor, whyOff } from './embedded.ts'

// A worker that waits for runs is noted at least so often, in milliseconds.
const HEARD_WITHIN = 3 * 60_000

// Names that a sentence can hold.
const NAMED_AT_MOST = 3

// More than a worker carries out at a time.
const HELD_AT_MOST = 1_000

/** What there is to take: a run, or one that somebody could begin. */
export type Takeable = Pick<
  RunRow,
  'id' | 'organizationId' | 'harness' | 'subjectKind' | 'subjectId' | 'key' | 'pin' | 'movable' | 'directory'
> & { readonly run: Pick<RunRow['run'], 'state' | 'place'> }

/** A run of this person's with this program, anywhere: what would hold it up if they began it now. */
export function firstRunOf(
  { organizationId, id }: Pick<Caller, 'organizationId' | 'id'>,
  harness: HarnessName,
): Takeable {
  return {
    ...{ id: '', organizationId, harness, subjectKind: 'person', subjectId: id, key: null },
    ...{ pin: null, movable: true, directory: null, run: { state: 'queued', place: null } },
  }
}

type TakerPorts = Pick<Ports, 'store' | 'identity' | 'now' | 'publicUrl' | 'workerUrl'>

/** What to type when no worker of this agent was heard of lately, for what strangers ask of it: others never take that. */
export async function agentsHint(
  { store, now, ...addresses }: Omit<TakerPorts, 'identity'>,
  organizationId: string,
  agent: string,
): Promise<string | null> {
  const since = now() - HEARD_WITHIN
  const workers = await store.workers.list(organizationId)
  const isThere = workers.some(
    (one) => one.agent === agent && one.revokedAt === null && (one.lastSeenAt ?? 0) >= since,
  )
  return isThere
    ? null
    : `No worker of the agent ${agent} is there, and no other takes what strangers ask for. On a machine that has nothing else: ${enrolling(addresses, agent)}`
}

function enrolling(
  { publicUrl, workerUrl }: Pick<TakerPorts, 'publicUrl' | 'workerUrl'>,
  agent?: string,
): string {
  const whose = agent === undefined ? '' : ` --agent ${agent}`
  return `claviger worker --server ${workerUrl ?? publicUrl()} --enrol, with a code from an admin: claviger admin worker enrol NAME${whose}`
}

/** What to type when no worker that was heard of lately would take it; null when one would, or nobody has to. */
export async function takersHint(ports: TakerPorts, row: Takeable): Promise<string | null> {
  const { store, identity, now } = ports
  if (row.run.state !== 'queued') return null
  const isStrangers = isForStrangers(row)
  const lacking = isStrangers ? await agentsHint(ports, row.organizationId, row.subjectId) : null
  if (lacking !== null) return lacking
  const since = now() - HEARD_WITHIN
  const all = await store.workers.list(row.organizationId)
  const workers = all.filter(({ revokedAt }) => revokedAt === null)
  const there: WorkerRow[] = []
  for (const worker of workers) {
    if (worker.lastSeenAt === null || worker.lastSeenAt < since || !isFor(worker, row)) continue
    if (!isEmbedded(worker) || (row.subjectKind === 'person' && (await isAlone(identity, row.subjectId))))
      there.push(worker)
  }
  const equipped = there.filter((worker) => hasProgram(worker, row))
  const able = equipped.filter((worker) => hasDirectory(worker, row))
  const enrol = enrolling(ports, isStrangers ? row.subjectId : undefined)
  if (able.length > 0) return (await allFull(store, able)) ? fullOf(able, enrol) : null
  const off = workers.some(isEmbedded) ? await whyOff({ store, identity }) : null
  const bare = there.length === 0 && !all.some(isEmbedded) && (await isOnFor({ store, identity }, row))
  return whatIsMissing(row, { all, workers, there, equipped, off, bare, enrol })
}

// Of runs at work: for one that nobody talks to another waits a moment only.
async function allFull(store: Ports['store'], workers: readonly WorkerRow[]): Promise<boolean> {
  for (const { organizationId, id, machine } of workers) {
    if (machine?.runs === undefined) return false
    const held = await store.runs.list(organizationId, { worker: id }, { limit: HELD_AT_MOST })
    const isFull = held.length >= machine.runs && !held.some(({ run }) => run.state === 'ready')
    if (!isFull) return false
  }
  return true
}

function fullOf(workers: readonly WorkerRow[], enrol: string): string {
  const names = workers.slice(0, NAMED_AT_MOST).map(({ name }) => name)
  const who = workers.length > NAMED_AT_MOST ? `${names.join(', ')} and others` : names.join(' and ')
  return `All that can take it are full of runs at work: ${who}. It comes next. More at a time: claviger worker --runs N, or ${enrol}`
}

interface Looked {
  /** Revoked ones too. */
  readonly all: readonly WorkerRow[]
  readonly workers: readonly WorkerRow[]
  /** Those that were heard of, and that it may go to. */
  readonly there: readonly WorkerRow[]
  /** Those of them that have the program. */
  readonly equipped: readonly WorkerRow[]
  /** Why that of the server does nothing. */
  readonly off: string | null
  /** That of the server would take it, and has found no program at all: it is no worker yet. */
  readonly bare: boolean
  /** What to type for another one. */
  readonly enrol: string
}

function whatIsMissing(row: Takeable, { all, workers, there, equipped, off, bare, enrol }: Looked): string {
  const title = HARNESS_TITLE[row.harness]
  const only = row.pin ?? (row.movable ? null : row.run.place)
  const gone = all.find(({ id, revokedAt }) => id === row.pin && revokedAt !== null)
  if (gone !== undefined)
    return `The worker ${gone.name}, which alone may take it, was revoked. Cancel it (claviger run cancel ${row.id}), and start another without --worker ${gone.name}.`
  const named = workers.find(({ id }) => id === only)
  if (named !== undefined && isEmbedded(named))
    return `Its workspace is with the server's own worker, which is not at work now, and never is while there is a second person. It needs another worker (${enrol}), and a new run: claviger run`
  if (named !== undefined && !isEmbedded(named)) {
    if (there.length === 0)
      return `The worker ${named.name}, which alone can take it, has not been heard of. Start it there: claviger worker`
    if (equipped.length === 0)
      return `The worker ${named.name}, which alone can take it, has no ${title}. Install it there (${INSTALL_COMMAND[row.harness]}), and start claviger worker again.`
  }
  if (equipped.length > 0)
    return `No worker may work in ${row.directory}. Where that directory is: claviger worker --directory ${row.directory}`
  if (there.length > 0)
    return `No worker has ${title}. Install it ${placesOf(there)} (${INSTALL_COMMAND[row.harness]}), or enrol one that has it: ${enrol}`
  if (bare && only === null)
    return `${title} is not installed on the machine of the server. Install it there (${INSTALL_COMMAND[row.harness]}): it is found within a minute. Or where it is: ${enrol}`
  const why = off === null ? '' : `: that of the server is off, because ${off}`
  return `No worker takes it${why}. On a machine with ${title}: ${enrol}`
}

// What looks for its programs once has to be started again.
function placesOf(there: readonly WorkerRow[]): string {
  const [embedded, others] = [there.some(isEmbedded), there.filter((worker) => !isEmbedded(worker))]
  const names = others.slice(0, NAMED_AT_MOST).map(({ name }) => name)
  const places = [...(embedded ? ['the machine of the server'] : []), ...names]
  const again = embedded ? '' : ' and start its worker again'
  return `on ${places.join(' or ')}${again}`
}

function isFor({ id, agent }: WorkerRow, row: Takeable): boolean {
  const { pin, movable, run, subjectKind, subjectId } = row
  const isReachable = run.place === null || run.place === id || movable
  const isServed = agent === null ? !isForStrangers(row) : subjectKind === 'agent' && subjectId === agent
  return (pin === null || pin === id) && isReachable && isServed
}

// One that has not said what it has may have it.
function hasProgram({ machine }: WorkerRow, { harness }: Takeable): boolean {
  return machine === null || machine.programs.some((program) => program.harness === harness)
}

function hasDirectory({ machine }: WorkerRow, { directory }: Takeable): boolean {
  return machine === null || directory === null || isWithin(directory, machine.directories)
}
