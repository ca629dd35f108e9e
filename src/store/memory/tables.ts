// Tables in memory whose changes can be taken back: the reference store's substitute for a transaction.

import type { ChainedEntry, ChainPlace } from '../../domain/audit/chain.ts'
import type { CallRow, ChannelRow, ThreadRow } from '../channels/channel-groups.ts'
import type { AttemptRow, GrantRow } from '../grant-groups.ts'
import type { LoginAttemptRow } from '../login-groups.ts'
import type { AgentRow, WorkerRow } from '../machine-groups.ts'
import type { DeliveryRow, EventRow, WebhookRow } from '../outbox-group.ts'
import type {
  DeviceLoginRow,
  InvitationRow,
  OutsideTripRow,
  SecondFactorRow,
  SessionRow,
} from '../people-groups.ts'
import { alreadyThere } from '../refusals.ts'
import type { RunEventRow, RunLeaseRow, RunMessageRow, RunRow } from '../runs/run-groups.ts'
import type { DayOfUse } from '../runs/use-group.ts'
import type { Signal } from '../signal-group.ts'
import type { AttachmentRow, CredentialRow, LeaseRow, TokenRow, VersionRow } from '../store.ts'

export interface Table<Row> {
  get(key: string): Row | undefined
  /** Throws `conflict` when the key is taken. */
  add(key: string, row: Row): void
  put(key: string, row: Row): void
  /** False when there was none. */
  remove(key: string): boolean
  /** Every row that fits, in no particular order. */
  find(fits: (row: Row) => boolean): Row[]
  /** Every key with its row, in no particular order. */
  entries(): [string, Row][]
}

export interface SettingRow {
  readonly organizationId: string
  readonly subject: string
  readonly name: string
  /** JSON. */
  readonly value: string
}

export interface Tables {
  readonly credentials: Table<CredentialRow>
  readonly versions: Table<VersionRow>
  readonly leases: Table<LeaseRow>
  readonly tokens: Table<TokenRow>
  readonly audit: Table<ChainedEntry>
  readonly auditHeads: Table<ChainPlace>
  readonly settings: Table<SettingRow>
  readonly invitations: Table<InvitationRow>
  readonly deviceLogins: Table<DeviceLoginRow>
  readonly sessions: Table<SessionRow>
  /** By person. */
  readonly secondFactors: Table<SecondFactorRow>
  readonly outsideTrips: Table<OutsideTripRow>
  readonly installation: Table<string>
  readonly agents: Table<AgentRow>
  readonly attachments: Table<AttachmentRow>
  readonly workers: Table<WorkerRow>
  readonly grants: Table<GrantRow>
  readonly attempts: Table<AttemptRow>
  readonly loginAttempts: Table<LoginAttemptRow>
  readonly webhooks: Table<WebhookRow>
  readonly events: Table<EventRow>
  readonly deliveries: Table<DeliveryRow>
  readonly channels: Table<ChannelRow>
  readonly calls: Table<CallRow>
  /** By run. */
  readonly threads: Table<ThreadRow>
  readonly runs: Table<RunRow>
  readonly runMessages: Table<RunMessageRow>
  readonly runEvents: Table<RunEventRow>
  readonly runLeases: Table<RunLeaseRow>
  /** Id → organization. */
  readonly runsGone: Table<string>
  /** Credential → when it was last used. */
  readonly lastUses: Table<number>
  readonly daysOfUse: Table<DayOfUse & { readonly credentialId: string }>
  /** Those that were changed since the last call of either of these two. */
  changed(): ReadonlySet<string>
  /** Makes all changes since the last call of either final. */
  keep(): void
  /** Takes all changes since the last call of either back. */
  takeBack(): void
}

/** What makes some of the tables outlive the process. It is asked around each unit, and units come one after another. */
export interface TableKeeper {
  /**
   * Waits for its turn among all who keep the same, and brings the tables up to what is kept; calls `outdated` before it
   * changes them. The result is what others have changed meanwhile. Throws where that is not possible; then there is no unit.
   */
  enter(tables: Tables, outdated: () => void): Promise<readonly Signal[]>
  /** The tables that it keeps; missing: it may be any. */
  readonly keeps?: ReadonlySet<string>
  /**
   * As `enter`, without a turn: the tables become what was kept at one moment since this was called. Null where only
   * whoever has the turn can tell, as where it is missing; what was changed of the tables then is to be taken back.
   */
  catchUp?(tables: Tables): Promise<readonly Signal[] | null>
  /**
   * Keeps the tables as the unit leaves them, durably, all of it or nothing. Throws where that is not possible: nothing was
   * kept then, except where isOutcomeUnknown (refusals.ts) says that nobody knows.
   */
  keep(tables: Tables): Promise<void>
  /** The turn is over, whatever came of it; also called when it did not begin. */
  leave(): void
}

/** Empty tables. */
export function createTables(): Tables {
  const undo: (() => void)[] = []
  const changed = new Set<string>()
  const table = <Row>(name: string) => createTable<Row>(undo, () => changed.add(name))
  return {
    credentials: table('credentials'),
    versions: table('versions'),
    leases: table('leases'),
    tokens: table('tokens'),
    audit: table('audit'),
    auditHeads: table('auditHeads'),
    settings: table('settings'),
    invitations: table('invitations'),
    deviceLogins: table('deviceLogins'),
    sessions: table('sessions'),
    secondFactors: table('secondFactors'),
    outsideTrips: table('outsideTrips'),
    installation: table('installation'),
    agents: table('agents'),
    attachments: table('attachments'),
    workers: table('workers'),
    grants: table('grants'),
    attempts: table('attempts'),
    loginAttempts: table('loginAttempts'),
    webhooks: table('webhooks'),
    events: table('events'),
    deliveries: table('deliveries'),
    channels: table('channels'),
    calls: table('calls'),
    threads: table('threads'),
    runs: table('runs'),
    runMessages: table('runMessages'),
    runEvents: table('runEvents'),
    runLeases: table('runLeases'),
    runsGone: table('runsGone'),
    lastUses: table('lastUses'),
    daysOfUse: table('daysOfUse'),
    changed: () => changed,
    keep: () => {
      undo.length = 0
      changed.clear()
    },
    takeBack: () => {
      changed.clear()
      for (const step of undo.splice(0).reverse()) step()
    },
  }
}

/** One key of several parts. */
export function keyOf(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts)
}

function createTable<Row>(undo: (() => void)[], changing: () => void): Table<Row> {
  const rows = new Map<string, Row>()
  const set = (key: string, row: Row | undefined) => {
    if (row === undefined) rows.delete(key)
    else rows.set(key, row)
  }
  const change = (key: string, row: Row | undefined) => {
    const before = rows.get(key)
    changing()
    undo.push(() => set(key, before))
    set(key, row)
  }
  return {
    get: (key) => rows.get(key),
    add: (key, row) => {
      if (rows.has(key)) throw alreadyThere()
      change(key, structuredClone(row))
    },
    put: (key, row) => change(key, structuredClone(row)),
    remove: (key) => {
      const found = rows.has(key)
      if (found) change(key, undefined)
      return found
    },
    find: (fits) => [...rows.values()].filter(fits),
    entries: () => [...rows],
  }
}
