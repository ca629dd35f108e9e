// The tables of runs and of what becomes of credentials, as Kysely sees them; the others are in ../../schema.ts.

import type { MessageState, RunState, RunWish } from '../../../../domain/runs/run.ts'
import type { RunRow } from '../../../runs/run-groups.ts'

export interface RunTable {
  id: string
  organization_id: string
  subject_kind: RunRow['subjectKind']
  subject_id: string
  subject_name: string
  team: string | null
  harness: RunRow['harness']
  /** JSON: RunWanted of run-groups.ts. */
  wanted: string
  directory: string | null
  /** 1 or 0. */
  movable: number
  pin: string | null
  asked_key: string | null
  revision: number
  /** JSON: the Run of domain/runs/run.ts; what follows until `seen_at` is in it too. */
  facts: string
  state: RunState
  since: number
  queued_at: number
  wish: RunWish | null
  place: string | null
  claim: string | null
  worker: string | null
  seen_at: number | null
  created_at: number
}

export interface RunMessageTable {
  run_id: string
  id: string
  position: number
  text: string
  state: MessageState
  reason: string
  claim: string | null
  created_at: number
  created_by: string
  changed_at: number
}

export interface RunEventTable {
  run_id: string
  position: number
  at: number
  /** JSON: RecordedEvent of domain/runs/record.ts. */
  event: string
}

/** Runs that were removed. */
export interface RunGoneTable {
  run_id: string
  organization_id: string
  at: number
}

export interface RunLeaseTable {
  lease_id: string
  run_id: string
  organization_id: string
  claim: string
  credential_id: string | null
  /** JSON: ServingCredential of domain/runs/record.ts. */
  credential: string | null
  reason: string
  started_at: number
  ended_at: number | null
  turns: number
  /** JSON: Usage of domain/runs/conversation.ts. */
  usage: string
}

export interface CredentialUseTable {
  credential_id: string
  last_used_at: number
}

export interface CredentialDayTable {
  credential_id: string
  /** Days since 1970, UTC. */
  day: number
  turns: number
  input: number
  cached_input: number
  output: number
}
