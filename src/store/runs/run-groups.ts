// The groups of runs: the runs themselves, how workers come to them, their messages, their events, and what served them.
// Part of the port, beside ../store.ts.

import type { HarnessName } from '../../domain/harness-names.ts'
import type { Access, Usage } from '../../domain/runs/conversation.ts'
import type { RecordedEvent } from '../../domain/runs/record.ts'
import type { MessageState, Run, RunState } from '../../domain/runs/run.ts'
import type { RunPreference, ServingCredential } from '../../domain/runs/serving-credential.ts'
import type { Workspace } from '../../domain/runs/workspace.ts'

/** What was asked for; it never changes. */
export interface RunWanted extends RunPreference {
  readonly access: Access
  readonly workspace: Workspace
  /** The beginning of the first message, for lists; empty: there was none. */
  readonly title: string
}

export interface RunRow {
  readonly id: string
  readonly organizationId: string
  /** Whom it is for. */
  readonly subjectKind: 'person' | 'agent'
  readonly subjectId: string
  /** What people called them then. */
  readonly subjectName: string
  /** The team it was begun in: it draws on no other, and its members may read it. */
  readonly team: string | null
  readonly harness: HarnessName
  readonly wanted: RunWanted
  /** The directory of the worker's machine that it works in; null: it makes its own. */
  readonly directory: string | null
  /** Whether another worker can take it up. */
  readonly movable: boolean
  /** Id of the only worker that may have it; null: any. */
  readonly pin: string | null
  /** A name that whoever asked has given it: asked for again, it is the same one. Unique for a subject; null: none. */
  readonly key: string | null
  /** Counts every change of `run`, for compare-and-set. */
  readonly revision: number
  readonly run: Run
  /** When its worker was last heard of. */
  readonly seenAt: number | null
  readonly createdAt: number
}

export interface RunFilter {
  readonly subject?: Pick<RunRow, 'subjectKind' | 'subjectId'>
  /** With `subject`: also what was begun in these teams. */
  readonly teams?: readonly string[]
  /** What this worker has now, and nothing else. */
  readonly worker?: string
  /** What has its workspace on this worker. */
  readonly place?: string
  readonly states?: readonly RunState[]
  readonly harness?: HarnessName
  readonly key?: string
}

/** A page of a list. */
export interface RunPage {
  /** Return rows before this id. */
  readonly after?: string
  /** At most this many rows. */
  readonly limit: number
}

export interface RunStore {
  /** Throws `conflict` when there is one of this id, or of this key for the subject. */
  insert(row: RunRow): Promise<void>
  get(organizationId: string, id: string): Promise<RunRow | undefined>
  /** As `get`; until the unit has ended nobody else changes or holds it. */
  hold(organizationId: string, id: string): Promise<RunRow | undefined>
  /** Compare-and-set: false when the row is gone or its revision is not `seen`. */
  update(
    id: string,
    seen: number,
    change: Pick<RunRow, 'run'> & Partial<Pick<RunRow, 'seenAt'>>,
  ): Promise<boolean>
  /** Newest first: a page goes on before the id `after`. */
  list(organizationId: string, filter: RunFilter, page: RunPage): Promise<RunRow[]>
  /** With all that belongs to it; that there was such a run is noted. False when there is none. */
  remove(organizationId: string, id: string, at: number): Promise<boolean>
  /** Those of these to which nothing can happen any more: they are over for good, or were removed. */
  finished(organizationId: string, ids: readonly string[]): Promise<string[]>
}

/** A worker that asks for work, and what it can do. */
export interface WorkSought {
  readonly organizationId: string
  readonly worker: string
  readonly harnesses: readonly HarnessName[]
  /** Directories of its machine, with all that is in them. */
  readonly directories: readonly string[]
  /** Only runs of this one. */
  readonly subject: Pick<RunRow, 'subjectKind' | 'subjectId'> | null
  /** Whether also what was begun for strangers (`isForStrangers`). */
  readonly strangers: boolean
  /** Claims it has: what is under another one of its own it has lost by starting again. */
  readonly holding: readonly string[]
  /** What is kept for the worker that has its workspace was queued after this. */
  readonly stickBefore: number
  readonly limit: number
}

/** How workers come to runs, and how it is noticed that they are gone. */
export interface RunWorkStore {
  /** Compare-and-set of the processes of a worker: false when they are not `seen` any more, or it is revoked. */
  begin(worker: string, seen: readonly string[], processes: readonly string[]): Promise<boolean>
  /**
   * Runs this worker may claim, the longest waiting first. `lock`: until the unit has ended nobody else gets them from
   * this or holds them; what others have locked is left out.
   */
  claimable(sought: WorkSought, lock: boolean): Promise<RunRow[]>
  /** Notes for the runs that are still under one of these claims of a worker that it was heard of. */
  beat(worker: string, claims: readonly string[], at: number): Promise<void>
  /** Held ones whose worker was not heard of since this time, over all organizations, the longest silent first. */
  silent(before: number, limit: number): Promise<RunRow[]>
  /** Those that have been waiting for a message since before this time, over all organizations. */
  idle(before: number, limit: number): Promise<RunRow[]>
  /** Those that have been over since before this time, over all organizations, the longest first. */
  past(before: number, limit: number): Promise<RunRow[]>
}

export interface RunMessageRow {
  readonly runId: string
  /** Unique in its run. Whoever sent it may have named it. */
  readonly id: string
  readonly position: number
  readonly text: string
  readonly state: MessageState
  /** Why it failed. */
  readonly reason: string
  /** The claim it was last sent under. */
  readonly claim: string | null
  readonly createdAt: number
  readonly createdBy: string
  readonly changedAt: number
}

export type RunMessageChange = Partial<Pick<RunMessageRow, 'state' | 'reason' | 'claim' | 'changedAt'>>

/** Messages to runs. Gone with their run. */
export interface RunMessageStore {
  /** Throws `conflict` when its run has one of this id. */
  insert(row: RunMessageRow): Promise<void>
  get(runId: string, id: string): Promise<RunMessageRow | undefined>
  /** In their order; of these states only, when some are named; the first so many, when that is said. */
  list(runId: string, states?: readonly MessageState[], limit?: number): Promise<RunMessageRow[]>
  /** The last so many of those whose position is before this, the last first. */
  listBefore(runId: string, before: number, limit: number): Promise<RunMessageRow[]>
  /** False when it is gone or not in the state `seen`. */
  change(runId: string, id: string, seen: MessageState, change: RunMessageChange): Promise<boolean>
}

export interface RunEventRow {
  readonly runId: string
  /** 1, 2, 3 … in each run. */
  readonly position: number
  readonly at: number
  readonly event: RecordedEvent
}

/** Insert-only. Gone with their run. */
export interface RunEventStore {
  /** Throws `conflict` when a position is taken. */
  append(rows: readonly RunEventRow[]): Promise<void>
  /** In the order of positions. */
  after(runId: string, position: number, limit: number): Promise<RunEventRow[]>
}

/** A lease that served a run, kept after the lease is forgotten. */
export interface RunLeaseRow {
  readonly leaseId: string
  readonly runId: string
  readonly organizationId: string
  readonly claim: string
  /** Null: the login of the machine itself. */
  readonly credential: ServingCredential | null
  /** Why this one, and for a switch why not the one before. */
  readonly reason: string
  readonly startedAt: number
  readonly endedAt: number | null
  readonly turns: number
  readonly usage: Usage
}

/** What served runs. Gone with their run. */
export interface RunLeaseStore {
  insert(row: RunLeaseRow): Promise<void>
  get(leaseId: string): Promise<RunLeaseRow | undefined>
  /** Oldest first. */
  list(runId: string): Promise<RunLeaseRow[]>
  /** False when there is none. */
  update(leaseId: string, change: Partial<Pick<RunLeaseRow, 'endedAt' | 'turns' | 'usage'>>): Promise<boolean>
  /** Credential → when it last began to serve a run; those that never did are missing. */
  lastUsed(organizationId: string, credentialIds: readonly string[]): Promise<Record<string, number>>
}

export interface RunGroups {
  readonly runs: RunStore
  readonly runWork: RunWorkStore
  readonly runMessages: RunMessageStore
  readonly runEvents: RunEventStore
  readonly runLeases: RunLeaseStore
}
