// The tables as Kysely sees them: names of columns and their types. migrations.ts creates them; the rows of the port are
// in ../store.ts. Only text, integers and bytes: times are milliseconds since 1970, JSON is text, ids order by time.

import type { AuditEntry } from '../../domain/audit/entry.ts'
import type { Role } from '../../domain/caller.ts'
import type { CredentialType } from '../../domain/credential-types.ts'
import type { Purpose } from '../../domain/grants/grant.ts'
import type { CredentialState } from '../../domain/state.ts'
import type { EventName } from '../../domain/telling/events.ts'
import type { AttemptRow } from '../grant-groups.ts'
import type { LoginAttemptRow } from '../login-groups.ts'
import type { TokenRow } from '../store.ts'
import type { ChannelTables } from './groups/channels/tables.ts'
import type { PeopleTables } from './groups/people/tables.ts'
import type {
  CredentialDayTable,
  CredentialUseTable,
  RunEventTable,
  RunGoneTable,
  RunLeaseTable,
  RunMessageTable,
  RunTable,
} from './groups/runs/tables.ts'

export interface CredentialTable {
  id: string
  organization_id: string
  owner: string
  name: string
  type: CredentialType
  harness: string
  description: string
  version: number
  revision: number
  state: CredentialState
  state_reason: string
  state_until: number | null
  expires_at: number | null
  suffix: string
  /** JSON object: name → value. */
  shown: string
  position: number | null
  wrapped_key: Uint8Array
  created_at: number
  created_by: string
  updated_at: number
}

export interface CredentialVersionTable {
  credential_id: string
  version: number
  created_at: number
  created_by: string
  note: string
  suffix: string
  /** JSON object: name → value. */
  shown: string
}

export interface CredentialValueTable {
  credential_id: string
  version: number
  field: string
  sealed: Uint8Array
}

export interface LeaseTable {
  id: string
  organization_id: string
  credential_id: string | null
  generation: number
  harness: string
  holder_kind: string
  holder_id: string
  token_id: string | null
  handle_digest: string
  choice: string
  created_at: number
  expires_at: number
  ended_at: number | null
  end_reason: string | null
}

export interface TokenTable {
  id: string
  organization_id: string
  name: string
  digest: string
  role: Role
  holder_kind: TokenRow['holderKind']
  holder_id: string
  created_at: number
  created_by: string
  expires_at: number | null
  revoked_at: number | null
  last_used_at: number | null
}

export interface AuditTable {
  organization_id: string
  /** 1, 2, 3 … in each organization. */
  position: number
  /** Of the entry and the hash before it, see domain/audit/chain.ts. */
  hash: string
  id: string
  at: number
  actor_kind: string
  actor_id: string
  actor_name: string
  action: string
  object_kind: string
  object_id: string
  object_name: string
  outcome: AuditEntry['outcome']
  /** JSON object. */
  details: string
  request_id: string
}

/** Where each organization's chain of audit entries ends. */
export interface AuditHeadTable {
  organization_id: string
  position: number
  hash: string
}

export interface SettingTable {
  organization_id: string
  subject: string
  name: string
  /** JSON. */
  value: string
}

export interface InstallationTable {
  name: string
  value: string
}

export interface AgentTable {
  organization_id: string
  name: string
  description: string
  created_at: number
  created_by: string
}

export interface AgentAttachmentTable {
  organization_id: string
  agent: string
  credential_id: string
  attached_at: number
  attached_by: string
}

export interface WorkerTable {
  id: string
  organization_id: string
  name: string
  agent: string | null
  enrolment_digest: string
  enrolment_expires_at: number
  created_at: number
  created_by: string
  enrolled_at: number | null
  revoked_at: number | null
  last_seen_at: number | null
  /** JSON: WorkerMachine of machine-groups.ts. */
  machine: string | null
  /** JSON: names. */
  processes: string
}

// `grant` is a word of SQL.
export interface LoginGrantTable {
  credential_id: string
  organization_id: string
  revision: number
  /** These two are in `facts` too. */
  login: string
  generation: number
  /** JSON: the Grant of domain/grants/grant.ts. */
  facts: string
  due_at: number | null
  account: string
  digest: string
}

export interface RenewalAttemptTable {
  id: string
  credential_id: string
  organization_id: string
  login: string
  generation: number
  purpose: Purpose
  replica: string
  digest: string
  state: AttemptRow['state']
  beat: number
  started_at: number
  ended_at: number | null
  answer: Uint8Array | null
  revoke_at: number | null
  revoke_tries: number
  asked: string
}

export interface LoginAttemptTable {
  id: string
  organization_id: string
  initiator_kind: LoginAttemptRow['initiatorKind']
  initiator_id: string
  type: LoginAttemptRow['type']
  method: LoginAttemptRow['method']
  credential_id: string
  owner: LoginAttemptRow['owner']
  name: string
  /** JSON: LoginRequest of login-groups.ts. */
  request: string
  server: string | null
  interval_ms: number | null
  wrapped_key: Uint8Array
  sealed: Uint8Array | null
  state: LoginAttemptRow['state']
  message: string
  created_at: number
  expires_at: number
  claim: string | null
  claimed_at: number | null
  ended_at: number | null
}

export interface WebhookTable {
  id: string
  organization_id: string
  url: string
  description: string
  /** JSON list of names; null: all. */
  events: string | null
  wrapped_key: Uint8Array
  secret: Uint8Array
  created_at: number
  created_by: string
}

export interface ToldEventTable {
  id: string
  organization_id: string
  name: EventName
  /** JSON: the EventSubject of domain/telling/events.ts. */
  subject: string
  reason: string
  link: string | null
  once: string | null
  created_at: number
}

export interface EventDeliveryTable {
  event_id: string
  webhook_id: string
  organization_id: string
  attempts: number
  since: number
  next_at: number | null
  last_status: string
  delivered_at: number | null
  gave_up_at: number | null
}

/** Every table of the store. better-auth's tables live beside them and are identity/'s. */
export interface Database extends PeopleTables, ChannelTables {
  credential: CredentialTable
  credential_version: CredentialVersionTable
  credential_value: CredentialValueTable
  lease: LeaseTable
  token: TokenTable
  audit: AuditTable
  audit_head: AuditHeadTable
  setting: SettingTable
  installation: InstallationTable
  agent: AgentTable
  agent_attachment: AgentAttachmentTable
  worker: WorkerTable
  login_grant: LoginGrantTable
  renewal_attempt: RenewalAttemptTable
  login_attempt: LoginAttemptTable
  webhook: WebhookTable
  told_event: ToldEventTable
  event_delivery: EventDeliveryTable
  run: RunTable
  run_message: RunMessageTable
  run_event: RunEventTable
  run_lease: RunLeaseTable
  run_gone: RunGoneTable
  credential_use: CredentialUseTable
  credential_day: CredentialDayTable
}
