// Tables in memory whose changes can be taken back: the reference store's substitute for a transaction.

import type { ChainedEntry, ChainPlace } from '../../domain/audit/chain.ts'
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
  readonly runs: Table<RunRow>
  readonly runMessages: Table<RunMessageRow>
  readonly runEvents: Table<RunEventRow>
  readonly runLeases: Table<RunLeaseRow>
  /** Id → organization. */
  readonly runsGone: Table<string>
  /** Credential → when it was last used. */
  readonly lastUses: Table<number>
  readonly daysOfUse: Table<DayOfUse & { readonly credentialId: string }>
  /** Makes all changes since the last call of either final. */
  keep(): void
  /** Takes all changes since the last call of either back. */
  takeBack(): void
}

/** What makes some of the tables outlive the process. It is asked around each unit, and units come one after another. */
export interface TableKeeper {
  /**
   * Waits for its turn among all who keep the same, and brings the tables up to what is kept. The result is what others
   * have changed meanwhile. Throws where that is not possible; then there is no unit.
   */
  enter(tables: Tables): Promise<readonly Signal[]>
  /**
   * Whether the tables are what is kept at this moment, found out without a turn; false also where that cannot be told,
   * as it is missing.
   */
  isCurrent?(): boolean
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
  return {
    credentials: createTable(undo),
    versions: createTable(undo),
    leases: createTable(undo),
    tokens: createTable(undo),
    audit: createTable(undo),
    auditHeads: createTable(undo),
    settings: createTable(undo),
    invitations: createTable(undo),
    deviceLogins: createTable(undo),
    sessions: createTable(undo),
    secondFactors: createTable(undo),
    outsideTrips: createTable(undo),
    installation: createTable(undo),
    agents: createTable(undo),
    attachments: createTable(undo),
    workers: createTable(undo),
    grants: createTable(undo),
    attempts: createTable(undo),
    loginAttempts: createTable(undo),
    webhooks: createTable(undo),
    events: createTable(undo),
    deliveries: createTable(undo),
    runs: createTable(undo),
    runMessages: createTable(undo),
    runEvents: createTable(undo),
    runLeases: createTable(undo),
    runsGone: createTable(undo),
    lastUses: createTable(undo),
    daysOfUse: createTable(undo),
    keep: () => {
      undo.length = 0
    },
    takeBack: () => {
      for (const step of undo.splice(0).reverse()) step()
    },
  }
}

/** One key of several parts. */
export function keyOf(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts)
}

function createTable<Row>(undo: (() => void)[]): Table<Row> {
  const rows = new Map<string, Row>()
  const set = (key: string, row: Row | undefined) => {
    if (row === undefined) rows.delete(key)
    else rows.set(key, row)
  }
  const change = (key: string, row: Row | undefined) => {
    const before = rows.get(key)
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
