// Runs as they are shown.

import { CODING_AGENTS_PATH } from '../../api/link-paths.ts'
import type { Output } from '../../api/schemas.ts'
import { nothingLeft } from '../../domain/resolution/verdicts.ts'
import { titleOf } from '../../domain/runs/title.ts'
import { type Workspace, withoutPassword } from '../../domain/runs/workspace.ts'
import type { RunLeaseRow, RunMessageRow, RunRow } from '../../store/runs/run-groups.ts'
import type { LeaseRow, StoreGroups } from '../../store/store.ts'
import { readChoice } from '../leasing/choice.ts'
import { keyTypeOf } from '../swarm/key-types.ts'
import { rfc3339, rfc3339OrNull } from '../views.ts'
import type { Sight } from './seeing.ts'

export type RunView = Output<'runs.read'>
export type RunSummary = Output<'runs.list'>['runs'][number]
export type MessageView = RunView['messages'][number]

/** Id of a worker → its name. */
export type WorkerNames = ReadonlyMap<string, string>

export async function workerNames(
  { workers }: Pick<StoreGroups, 'workers'>,
  organizationId: string,
): Promise<WorkerNames> {
  return new Map((await workers.list(organizationId)).map(({ id, name }) => [id, name]))
}

export function summaryView(row: RunRow, sight: Sight, names: WorkerNames): RunSummary {
  const { id, harness, team, run } = row
  const { state, wish, claim, credential } = run
  return {
    ...{ id, harness, team, state, wish },
    title: sight === 'all' ? titleOf(row) : '',
    since: rfc3339(run.since),
    reason: run.reason,
    for: { kind: row.subjectKind, id: row.subjectId, name: row.subjectName },
    worker: claim === null ? null : { id: claim.worker, name: names.get(claim.worker) ?? claim.worker },
    credential: credential === null ? null : { ...credential },
    createdAt: rfc3339(row.createdAt),
  }
}

export interface Shown {
  readonly row: RunRow
  readonly sight: Sight
  readonly names: WorkerNames
  readonly messages: readonly RunMessageRow[]
  readonly served: readonly RunLeaseRow[]
  /** The lease of its last process, while its record is kept. */
  readonly lease: LeaseRow | undefined
  readonly publicUrl: string
  /** What to type when it waits for nobody. */
  readonly hint: string | null
}

export function runView(shown: Shown): RunView {
  const { row, sight, names, messages, served, lease, publicUrl, hint } = shown
  const { run, wanted, pin, harness } = row
  const { credential, model, access, workspace } = wanted
  const lacksCredentials = run.state === 'waiting_for_credentials' || run.reason === nothingLeft(harness)
  return {
    ...summaryView(row, sight, names),
    wanted: {
      credential: credential?.name ?? null,
      ...{ model, access, workspace: workspaceView(workspace) },
      worker: pin === null ? null : (names.get(pin) ?? pin),
    },
    chosen: chosenView(run),
    credentialKeyType: keyTypeOf(run.credential),
    credentialKeySuffix: run.credential?.suffix ?? null,
    until: rfc3339OrNull(run.until),
    tried: lease === undefined ? [] : triedOf(lease),
    link: lacksCredentials ? publicUrl + CODING_AGENTS_PATH : null,
    hint,
    served: served.map(servedView),
    usage: run.usage,
    messages: messages.map((message) => messageView(message, sight)),
    before: beforeThese(messages),
    lastEvent: run.events,
  }
}

function chosenView({ chosen }: RunRow['run']): RunView['chosen'] {
  return chosen === undefined ? null : { credential: chosen.credential?.name ?? null, model: chosen.model }
}

// What was stored before such a URL was refused is shown to nobody either.
function workspaceView(workspace: Workspace): RunView['wanted']['workspace'] {
  return workspace.kind === 'git' ? { ...workspace, url: withoutPassword(workspace.url) } : { ...workspace }
}

function triedOf(lease: LeaseRow): RunView['tried'] {
  const { tried } = readChoice(lease)
  return tried.map(({ id, name, type, generation, reason }) => ({ id, name, type, generation, reason }))
}

function servedView(row: RunLeaseRow): RunView['served'][number] {
  const { leaseId, credential, reason, turns, usage } = row
  return {
    ...{ lease: leaseId, credential: credential === null ? null : { ...credential }, reason, turns, usage },
    startedAt: rfc3339(row.startedAt),
    endedAt: rfc3339OrNull(row.endedAt),
  }
}

// Positions begin with 1.
function beforeThese([first]: readonly RunMessageRow[]): number | null {
  return first === undefined || first.position === 1 ? null : first.position
}

export function messageView(row: RunMessageRow, sight: Sight): MessageView {
  const { id, text, state, reason, createdBy } = row
  return {
    ...{ id, text: sight === 'all' ? text : null, state, reason, createdBy },
    createdAt: rfc3339(row.createdAt),
    changedAt: rfc3339(row.changedAt),
  }
}
