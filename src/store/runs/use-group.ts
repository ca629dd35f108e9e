// The group that says what becomes of credentials: when they were last used and by what they are used now, how much was used of
// them, how they were renewed. Never decided by. Part of the port, beside ../store.ts.

import type { Usage } from '../../domain/runs/conversation.ts'
import type { CredentialState } from '../../domain/state.ts'
import type { AttemptRow } from '../grant-groups.ts'
import type { RunLeaseRow } from './run-groups.ts'

/** How a credential is used at a moment. */
export interface Use {
  /** As it was last noted; null: never. */
  readonly lastUsedAt: number | null
  /** Running leases. */
  readonly leases: number
  /** Runs it serves. */
  readonly runs: number
  /** Agents it is attached to. */
  readonly agents: number
}

export interface DayOfUse {
  /** Days since 1970, UTC. */
  readonly day: number
  readonly turns: number
  readonly usage: Usage
}

export interface OwnedCount {
  readonly owner: string
  readonly harness: string
  readonly state: CredentialState
  readonly count: number
}

export interface UsePage {
  /** Those that began before this one of the same list. */
  readonly after?: string
  readonly limit: number
}

/** All of it is gone with its credential, and what is about a run with that. */
export interface UseStore {
  /** It was used then; an earlier time changes nothing. Throws `not_found` when there is no such credential. */
  note(credentialId: string, at: number): Promise<void>
  /** Adds a turn to that day. No error when there is no such credential. */
  addTurn(credentialId: string, turn: DayOfUse): Promise<void>
  /** By credential: one for each that was asked for. */
  of(organizationId: string, credentialIds: readonly string[], now: number): Promise<Record<string, Use>>
  /** Days on which something was counted, from this one on, in order. */
  days(credentialId: string, from: number): Promise<DayOfUse[]>
  /** Leases of runs on it, the last that began first. */
  served(
    organizationId: string,
    credentialId: string,
    page: { readonly limit: number },
  ): Promise<RunLeaseRow[]>
  /** Tries to renew it that are still known, the last that began first. */
  renewals(credentialId: string, page: UsePage): Promise<AttemptRow[]>
  /** How many credentials there are, by owner, harness and state. */
  owned(organizationId: string): Promise<OwnedCount[]>
}

export interface UseGroups {
  readonly uses: UseStore
}
