// The port of everything we keep, in groups: one group an aggregate, at most seven methods each; those of people and of
// machines are in files of their own. A use-case takes only the groups it needs. Values arrive sealed: no plaintext is
// ever seen here, no rule is decided, no network is used. Times are integer milliseconds since 1970. Every implementation
// passes conformance/store.conformance.ts.

import type { ChainedEntry, ChainPlace } from '../domain/audit/chain.ts'
import type { AuditEntry } from '../domain/audit/entry.ts'
import type { AuditFilter, AuditStretch } from '../domain/audit/filter.ts'
import type { Role } from '../domain/caller.ts'
import type { CredentialType } from '../domain/credential-types.ts'
import type { OwnerText } from '../domain/owner.ts'
import type { CredentialState } from '../domain/state.ts'
import type { ChannelGroups } from './channels/channel-groups.ts'
import type { GrantGroups } from './grant-groups.ts'
import type { InstallationStore, StoreDescription } from './installation-group.ts'
import type { LoginGroups } from './login-groups.ts'
import type { AgentStore, WorkerStore } from './machine-groups.ts'
import type { DeliveryStore, OutboxStore, WebhookStore } from './outbox-group.ts'
import type { Holder, PeopleGroups } from './people-groups.ts'
import type { RunGroups } from './runs/run-groups.ts'
import type { UseGroups } from './runs/use-group.ts'
import type { SignalSource, SignalStore } from './signal-group.ts'

export interface CredentialRow {
  readonly id: string
  readonly organizationId: string
  readonly owner: OwnerText
  readonly name: string
  readonly type: CredentialType
  /** The harness of the type, `raw` for raw secrets: what resolution asks by. */
  readonly harness: string
  readonly description: string
  /** Number of the current version; versions only grow. */
  readonly version: number
  /** Counts every change of this row, for compare-and-set. */
  readonly revision: number
  readonly state: CredentialState
  readonly stateReason: string
  readonly stateUntil: number | null
  /** When the current version ends by itself; null: it does not, or nobody knows. */
  readonly expiresAt: number | null
  /** Last characters shown to people; may be empty. */
  readonly suffix: string
  /** Fields that are no secret, for display: name → value. */
  readonly shown: Readonly<Record<string, string>>
  /** Place in the order its owner has set; null: after those that have one. */
  readonly position: number | null
  /** The data key, wrapped by the master key. */
  readonly wrappedKey: Uint8Array
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
}

/** What resolution and a lease need of a credential: fewer columns, because this is the hot path. */
export type CandidateRow = Omit<
  CredentialRow,
  'harness' | 'description' | 'shown' | 'createdAt' | 'createdBy' | 'updatedAt'
>

/** What may change of a credential; revision is counted up by the store. */
export type CredentialChange = Partial<
  Pick<
    CredentialRow,
    | 'owner'
    | 'name'
    | 'description'
    | 'version'
    | 'state'
    | 'stateReason'
    | 'stateUntil'
    | 'expiresAt'
    | 'suffix'
    | 'shown'
    | 'position'
    | 'wrappedKey'
    | 'updatedAt'
  >
>

export interface CredentialFilter {
  readonly owners?: readonly OwnerText[]
  readonly harness?: string
  readonly type?: CredentialType
  readonly state?: CredentialState
  readonly name?: string
  /** Part of the name, description or suffix, whatever the case of its letters. */
  readonly search?: string
  /** With `owners`: also what is attached to this agent, whoever owns it. */
  readonly attachedTo?: string
}

/** A page of a list ordered by id; ids are ordered by time. */
export interface Page {
  /** Return rows after this id. */
  readonly after?: string
  /** At most this many rows. */
  readonly limit: number
}

export interface CredentialStore {
  /** Throws `conflict` when the owner already has that name. */
  insert(row: CredentialRow): Promise<void>
  get(organizationId: string, id: string): Promise<CredentialRow | undefined>
  list(organizationId: string, filter: CredentialFilter, page: Page): Promise<CredentialRow[]>
  /** All credentials of this harness, and all raw secrets, of these owners. One indexed query: it is on the hot path. */
  candidates(organizationId: string, harness: string, owners: readonly OwnerText[]): Promise<CandidateRow[]>
  /** Compare-and-set: false when the row is gone or its revision is not `seen`. Throws `conflict` on a taken name. */
  update(organizationId: string, id: string, seen: number, change: CredentialChange): Promise<boolean>
  /** Deletes the credential with all versions and values. False when there was none. */
  delete(organizationId: string, id: string): Promise<boolean>
  /** Whether any sealed row exists in the whole installation: then no new master key may be made. */
  any(): Promise<boolean>
}

/**
 * A wrapped data key and the place it is bound to: a credential, a webhook as `webhookPlace` says, or a second factor as
 * `secondFactorPlace` does.
 */
export interface DataKeyRow
  extends Pick<CredentialRow, 'id' | 'organizationId' | 'owner' | 'name' | 'version' | 'wrappedKey'> {
  readonly type: CredentialType | 'webhook' | 'second-factor' | 'channel'
}

/**
 * Data keys of credentials, webhooks and second factors, by the master key they are under, which bytes 2 to 17 of a wrapped key name;
 * over all organizations.
 */
export interface DataKeyStore {
  /** Id of a master key in lower-case hexadecimal → how many data keys are under it. Looks at every one. */
  countByMasterKey(): Promise<Record<string, number>>
  /** Those that are under another master key than this one, by id of what they belong to. */
  underOther(masterKeyId: string, page: Page): Promise<DataKeyRow[]>
  /**
   * Puts `wrapped` in the place of `seen`, byte by byte the same as it was: false when it is not, because the credential
   * was changed or is gone. Nothing else of it changes; the revision of a credential counts what people see.
   */
  rewrap(id: string, seen: Uint8Array, wrapped: Uint8Array): Promise<boolean>
}

export interface VersionRow {
  readonly credentialId: string
  readonly version: number
  readonly createdAt: number
  readonly createdBy: string
  /** How it came to be: `created`, `value changed: …`, `rolled back to 3`. */
  readonly note: string
  readonly suffix: string
  /** Fields of this version that are no secret, for display. */
  readonly shown: Readonly<Record<string, string>>
  /** Field → sealed value. */
  readonly values: Readonly<Record<string, Uint8Array>>
}

export type VersionSummary = Omit<VersionRow, 'values'>

/** Insert-only: a version is never changed. */
export interface VersionStore {
  insert(row: VersionRow): Promise<void>
  /** Newest first, without values. */
  list(credentialId: string): Promise<VersionSummary[]>
  /** The sealed values of one version; an empty object when there is none. On the hot path. */
  values(credentialId: string, version: number): Promise<Record<string, Uint8Array>>
  /** Forgets all versions below `oldest`. */
  prune(credentialId: string, oldest: number): Promise<void>
}

export interface LeaseRow {
  readonly id: string
  readonly organizationId: string
  /** Null when the machine's own login serves the run (`ambient`). */
  readonly credentialId: string | null
  /** The version of the credential that was handed out first. */
  readonly generation: number
  readonly harness: string
  readonly holderKind: string
  readonly holderId: string
  /** The token or session it was taken with: when that is revoked or expires, so does the handle. */
  readonly tokenId: string | null
  /** SHA-256 of the handle, in hex. */
  readonly handleDigest: string
  /** What was asked for and refused since: JSON. */
  readonly choice: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly endedAt: number | null
  readonly endReason: string | null
}

export interface LeaseStore {
  insert(row: LeaseRow): Promise<void>
  get(organizationId: string, id: string): Promise<LeaseRow | undefined>
  /** By id alone, whatever the organization: for a handle, which names its lease. */
  lookUp(id: string): Promise<LeaseRow | undefined>
  /** Changes a running lease; no error when it is over. */
  change(id: string, change: Partial<Pick<LeaseRow, 'expiresAt' | 'choice'>>): Promise<void>
  /** False when it had ended already or does not exist. */
  end(id: string, at: number, reason: string): Promise<boolean>
  /** Ends all running leases of a credential; returns how many. */
  endAllOf(credentialId: string, at: number, reason: string): Promise<number>
  /** How many leases of this credential are running at `now`. */
  countRunning(credentialId: string, now: number): Promise<number>
}

/** What is done to rows that nobody needs any more, a few at a time. */
export interface UpkeepStore {
  /**
   * Looks at a page of leases, over all organizations, and removes those that were over before this time. `next` is
   * where to go on after; null when the leases that follow, which are ordered by when they were made, are younger.
   */
  pruneLeases(overBefore: number, page: Page): Promise<{ removed: number; next: string | null }>
}

export interface TokenRow {
  readonly id: string
  readonly organizationId: string
  /** Unique per organization among those not revoked. */
  readonly name: string
  /** SHA-256 of the token, in hex. */
  readonly digest: string
  readonly role: Role
  readonly holderKind: Holder['kind']
  readonly holderId: string
  readonly createdAt: number
  readonly createdBy: string
  /** Null: never, which somebody chose. */
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** To a minute; null: never. */
  readonly lastUsedAt: number | null
}

export interface TokenStore {
  /** Throws `conflict` when a live token of the organization has that name. */
  insert(row: TokenRow): Promise<void>
  findByDigest(digest: string): Promise<TokenRow | undefined>
  get(id: string): Promise<TokenRow | undefined>
  list(organizationId: string): Promise<TokenRow[]>
  /** By name; false when no live token has it. */
  revoke(organizationId: string, name: string, at: number): Promise<boolean>
  /** All live ones of a holder; returns how many. */
  revokeAllOf(holder: Holder, at: number): Promise<number>
  /** It was used now, unless that was noted since. */
  used(id: string, at: number, unlessSince: number): Promise<void>
}

export interface AttachmentRow {
  readonly organizationId: string
  readonly agent: string
  readonly credentialId: string
  readonly attachedAt: number
  readonly attachedBy: string
}

/** Which agents may use which credentials they do not own. Gone with the agent, and with the credential. */
export interface AttachmentStore {
  /** False when it was attached already. Throws `not_found` when there is no such agent or credential. */
  attach(row: AttachmentRow): Promise<boolean>
  /** False when it was not attached. */
  detach(organizationId: string, agent: string, credentialId: string): Promise<boolean>
  /** Detaches it from all agents. */
  detachAll(organizationId: string, credentialId: string): Promise<void>
  /** Oldest first. */
  ofAgent(organizationId: string, agent: string): Promise<AttachmentRow[]>
  /** By agent. */
  ofCredential(organizationId: string, credentialId: string): Promise<AttachmentRow[]>
  /** What is attached to the agent of this harness, and of raw secrets. On the hot path of agents' leases. */
  candidates(organizationId: string, harness: string, agent: string): Promise<CandidateRow[]>
  has(organizationId: string, agent: string, credentialId: string): Promise<boolean>
}

/** A page of the audit of one organization, in the order of positions. */
export interface AuditPage {
  /** Return entries after this position. */
  readonly after?: number
  /** At most this many entries. */
  readonly limit: number
}

/** Insert-only, one chain an organization (domain/audit/chain.ts). */
export interface AuditStore {
  /** The entry gets its place when the unit commits; nobody sees it before, not even the unit. */
  append(entry: AuditEntry): Promise<void>
  /** In the order of positions. What others have put into the database comes as it is there. */
  list(organizationId: string, page: AuditPage): Promise<ChainedEntry[]>
  /** Those of a stretch that fit, in its direction. */
  search(organizationId: string, filter: AuditFilter, stretch: AuditStretch): Promise<ChainedEntry[]>
  /** Where the chain ends by its own record, which an entry and its place are written together with. */
  head(organizationId: string): Promise<ChainPlace>
  /** The same for every organization that has one: its id → where it ends. */
  heads(): Promise<Record<string, ChainPlace>>
}

export interface NamedSetting {
  readonly subject: string
  readonly name: string
  readonly value: unknown
}

/** Small facts about an organization or one of its subjects: orders, accepted notices. Subject `*`: the whole. */
export interface SettingStore {
  get(organizationId: string, subject: string, name: string): Promise<unknown>
  /** All settings of these subjects that have one of these names. One indexed query: it is on the hot path. */
  some(organizationId: string, subjects: readonly string[], names: readonly string[]): Promise<NamedSetting[]>
  /** Every setting of this name: subject → value. */
  all(organizationId: string, name: string): Promise<Record<string, unknown>>
  put(organizationId: string, subject: string, name: string, value: unknown): Promise<void>
  remove(organizationId: string, subject: string, name: string): Promise<void>
}

/** How much there is, over all organizations: for the operator's figures, never to decide by. */
export interface CountStore {
  /** By state; a state that none is in may be missing. */
  credentials(): Promise<Partial<Record<CredentialState, number>>>
  runningLeases(now: number): Promise<number>
  liveTokens(now: number): Promise<number>
  /** Runs that nothing serves now. */
  waitingRuns(): Promise<number>
}

export interface StoreGroups
  extends GrantGroups,
    LoginGroups,
    PeopleGroups,
    RunGroups,
    UseGroups,
    ChannelGroups {
  readonly credentials: CredentialStore
  readonly dataKeys: DataKeyStore
  readonly versions: VersionStore
  readonly leases: LeaseStore
  readonly upkeep: UpkeepStore
  readonly tokens: TokenStore
  readonly audit: AuditStore
  readonly settings: SettingStore
  readonly installation: InstallationStore
  readonly agents: AgentStore
  readonly attachments: AttachmentStore
  readonly workers: WorkerStore
  readonly webhooks: WebhookStore
  readonly outbox: OutboxStore
  readonly deliveries: DeliveryStore
  readonly signals: SignalStore
  readonly counts: CountStore
}

/** What a unit can do that only reads what leases depend on, and adds what it decides by that. */
export interface AddingUnit {
  readonly credentials: Pick<CredentialStore, 'candidates'>
  readonly attachments: Pick<AttachmentStore, 'candidates'>
  readonly settings: Pick<SettingStore, 'get' | 'some'>
  readonly versions: Pick<VersionStore, 'values'>
  readonly leases: Pick<LeaseStore, 'insert'>
  readonly audit: Pick<AuditStore, 'append'>
}

/** What the work of a unit throws that leaves it to come back: it refuses nothing, and is not decided again. */
export class LeavesUnit extends Error {}

export interface Store extends StoreGroups {
  readonly signals: SignalSource
  /**
   * Runs `work` as one unit: all of it or nothing, durable on disk when the promise resolves. Units asked for in one
   * turn of the event loop share one commit; one that throws takes back only itself. Inside `work` use only the groups
   * it is given, and await nothing else: the whole database waits for it. It may be run more than once, when another
   * server was in its way; only what the last run did is kept. Other servers' units run at the same time: what a unit
   * has read may change before it writes, so decide by `update`, which compares, and by unique names. Rejects when
   * nothing was stored, except where isOutcomeUnknown (refusals.ts) says that nobody knows.
   */
  atomically<T>(work: (unit: StoreGroups) => Promise<T>): Promise<T>
  /**
   * As `atomically`, for a unit that changes nothing that exists: many of them cost little. Nothing is stored unless all
   * it has read is so at that moment: no credential it found was changed, deleted or detached, and no setting changed, by
   * a unit that was durable before and has an audit entry in the same organization. Where that is not so it is run again.
   * What was added meanwhile it need not have seen. Work that throws a LeavesUnit has not refused anything,
   * and may have been told what was so a moment ago.
   */
  additively<T>(work: (unit: AddingUnit) => Promise<T>): Promise<T>
  /** Throws `unavailable` when the store cannot be read; answers within seconds. */
  check(): Promise<void>
  /** The clock that all servers of the database share. Throws as `check` does. */
  now(): Promise<number>
  describe(): Promise<StoreDescription>
  close(): Promise<void>
}
