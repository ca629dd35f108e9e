// The groups of the store that are about machines: agents and workers. Part of the port, as store.ts is.

import type { HarnessName } from '../domain/harness-names.ts'

/** A named identity without a person. Its name is its key: tokens, leases and credentials refer to it. */
export interface AgentRow {
  readonly organizationId: string
  readonly name: string
  readonly description: string
  readonly createdAt: number
  readonly createdBy: string
}

export interface AgentStore {
  /** Throws `conflict` when the organization has an agent of that name. */
  insert(row: AgentRow): Promise<void>
  get(organizationId: string, name: string): Promise<AgentRow | undefined>
  /** By name. */
  list(organizationId: string): Promise<AgentRow[]>
  /** False when there is none. Until the unit has ended nobody else deletes or holds it: what is about to refer to it by name does this first. */
  hold(organizationId: string, name: string): Promise<boolean>
  /** Deletes the agent and what is attached to it, nothing else. False when there was none. */
  delete(organizationId: string, name: string): Promise<boolean>
}

/** What a worker says of the machine it is on. */
export interface WorkerMachine {
  /** Of Claviger there; null: it does not say. */
  readonly version: string | null
  /** The address that it reaches the server at. Missing: it has not said so. */
  readonly server?: string
  /** Those it takes runs of. */
  readonly programs: readonly { readonly harness: HarnessName; readonly version: string | null }[]
  /** How many runs it carries out at a time. Missing: it has not said so. */
  readonly runs?: number
  /** Directories that runs may work in, with all that is in them. */
  readonly directories: readonly string[]
}

export interface WorkerRow {
  readonly id: string
  readonly organizationId: string
  /** Unique per organization among those not revoked. */
  readonly name: string
  /** The agent it runs as; null: it leases for itself. */
  readonly agent: string | null
  /** SHA-256 of the code that enrols it, in hex. */
  readonly enrolmentDigest: string
  readonly enrolmentExpiresAt: number
  readonly createdAt: number
  readonly createdBy: string
  /** When the code was used; null: not yet. */
  readonly enrolledAt: number | null
  readonly revokedAt: number | null
  /** To the minute or so. */
  readonly lastSeenAt: number | null
  /** As it said when it last asked for runs; null: it never did. */
  readonly machine: WorkerMachine | null
  /** Names of its processes, the newest first; a few of them. */
  readonly processes: readonly string[]
}

export interface WorkerStore {
  /** Throws `conflict` when a worker of the organization that is not revoked has that name. */
  insert(row: WorkerRow): Promise<void>
  get(organizationId: string, id: string): Promise<WorkerRow | undefined>
  /** By the digest of its code, whatever the organization. */
  findByEnrolment(digest: string): Promise<WorkerRow | undefined>
  /** Oldest first, revoked ones too. */
  list(organizationId: string): Promise<WorkerRow[]>
  /** Compare-and-set: false when it is enrolled or revoked already, or does not exist. Of several only one succeeds. */
  enrol(id: string, at: number): Promise<boolean>
  /** False when it was revoked already or does not exist. */
  revoke(organizationId: string, id: string, at: number): Promise<boolean>
  /** Notes that it was here, unless that was noted after `unlessSince`; in any case what its machine is like, when that is said. */
  seen(id: string, at: number, unlessSince: number, machine?: WorkerMachine): Promise<void>
}
