// What a worker asks of the server that it works for. The client implements it; over the network, or in the same process.

import type { RunOrigin } from '../../domain/channels/serving.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import type { Access, Failure, Usage } from '../../domain/runs/conversation.ts'
import type { RunWish } from '../../domain/runs/run.ts'
import type { Workspace } from '../../domain/runs/workspace.ts'
import type { AcquiredLease, LeaseRequest, LiveLeases } from '../lease-source.ts'
import type { ProcessNames } from '../machine/hold.ts'
import type { Item } from '../reporting/said.ts'
import type { CloneAccess } from '../workspaces/clone-access.ts'

/** A message that a run is to be given. `sent`: an earlier process may have had it, and nobody knows what came of it. */
export interface PendingMessage {
  readonly id: string
  readonly text: string
  readonly state: 'queued' | 'sent'
}

/** A choice that was made in mid-conversation. */
export interface Chosen {
  /** Another one is another choice. */
  readonly count: number
  /** Null: none by name. */
  readonly model: string | null
}

/** What is new about a run. */
export interface RunNews {
  readonly bell: number
  readonly wish: RunWish | null
  readonly messages: readonly PendingMessage[]
  /** What is to serve it from its next turn on. Missing: what it was started with. */
  readonly chosen?: Chosen | null
  /** The message to be broken off. */
  readonly interrupted?: string | null
}

/** A run that this worker has. */
export interface ClaimedRun extends RunNews {
  readonly id: string
  readonly claim: string
  readonly harness: HarnessName
  readonly model: string | null
  readonly access: Access
  readonly workspace: Workspace
  /** Missing: `here`. */
  readonly origin?: RunOrigin
  /** Whether `cloneAccess` has what its repository is cloned with. Missing: git here has what it takes. */
  readonly cloneAccess?: boolean
  /** What the program called its memory of the conversation, on this machine. */
  readonly session: string | null
  /** What the conversation has used so far. */
  readonly usage: Usage
}

/** A harness whose program is on this machine. */
export interface InstalledProgram {
  readonly harness: HarnessName
  /** As the program says itself; null: it says none. */
  readonly version: string | null
}

/** What a worker lets the server know of its machine. */
export interface Machine {
  /** Of Claviger. */
  readonly version: string
  readonly programs: readonly InstalledProgram[]
}

export interface WorkSought extends Machine, ProcessNames {
  readonly harnesses: readonly HarnessName[]
  /** How many more it can take; 0: none, but another may hibernate for what waits. */
  readonly capacity: number
  readonly directories: readonly string[]
  readonly onlyFor?: string
  /** Claims it has. */
  readonly holding: readonly string[]
  readonly waitSeconds: number
  /** Counts what this process has asked. */
  readonly asked: number
}

/** Of a refusal: what is to be done. */
export type Verdict =
  /** The credential is good, or is now: read the lease. */
  | { readonly kind: 'retry'; readonly reason: string }
  | { readonly kind: 'switch'; readonly reason: string; readonly lease: AcquiredLease }
  /** `until`: milliseconds since 1970; null: until somebody has signed in. */
  | { readonly kind: 'wait'; readonly reason: string; readonly until: number | null }
  | { readonly kind: 'fail'; readonly reason: string }
  /** The lease is over: another may be had. */
  | { readonly kind: 'over'; readonly reason: string }

type Named = Pick<ClaimedRun, 'id' | 'claim'>

/** All of it throws what the client throws. */
export interface RunServer {
  /** Waits for so many seconds when there is nothing to do. */
  claim(sought: WorkSought, signal: AbortSignal): Promise<readonly ClaimedRun[]>
  /** Says that these are alive; answers when there is something new for one of them, or after so many seconds. */
  heartbeat(
    process: string,
    runs: readonly (Named & { readonly bell: number })[],
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<{
    readonly lost: readonly string[]
    readonly news: readonly (RunNews & { readonly id: string })[]
  }>
  /** Which of these runs are over for good. */
  over(places: readonly string[], signal: AbortSignal): Promise<readonly string[]>
  report(run: Named, items: readonly Item[]): Promise<void>
  /** For the clone of this run, and not for long. */
  cloneAccess(run: Named): Promise<CloneAccess>
  /** The clone is over, and that with it. */
  endCloneAccess(run: Named, access: CloneAccess): Promise<void>
  lease(run: Named & Pick<ClaimedRun, 'harness'>, ambient: LeaseRequest['ambient']): Promise<AcquiredLease>
  reject(leaseId: string, generation: number, failure: Failure): Promise<Verdict>
  readonly live: LiveLeases
}
