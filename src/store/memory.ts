// The store in memory: the reference of what the port means. Units run one after another, and each call from outside is a
// unit of its own, so that nobody sees half of one. Nothing outlives the process but what a keeper keeps.

import type { AuditEntry } from '../domain/audit/entry.ts'
import type { CredentialState } from '../domain/state.ts'
import { groupsThrough, type Way } from './groups-through.ts'
import type { InstallationStore } from './installation-group.ts'
import { auditGroup, writeAudit } from './memory/audit.ts'
import { channelGroups } from './memory/channels.ts'
import { credentialGroup, dataKeyGroup, pageOf, versionGroup } from './memory/credentials.ts'
import { attemptGroup, grantGroup } from './memory/grants.ts'
import { holdingGroup } from './memory/holdings.ts'
import { loginAttemptGroup } from './memory/logins.ts'
import { agentGroup, attachmentGroup, workerGroup } from './memory/machines.ts'
import { deliveryGroup, outboxGroup, webhookGroup } from './memory/outbox.ts'
import { runGroups } from './memory/runs.ts'
import { secondFactorGroup } from './memory/second-factors.ts'
import { outsideTripGroup, sessionGroup } from './memory/sessions.ts'
import { deviceLoginGroup, invitationGroup } from './memory/signing-in.ts'
import { createTables, keyOf, type TableKeeper, type Tables } from './memory/tables.ts'
import type { Holder } from './people-groups.ts'
import { alreadyThere, storeClosed, tokenNameTaken } from './refusals.ts'
import type { Signal } from './signal-group.ts'
import { createSignalHub, signalText } from './signals.ts'
import type {
  CountStore,
  LeaseRow,
  LeaseStore,
  SettingStore,
  Store,
  StoreGroups,
  TokenRow,
  TokenStore,
  UpkeepStore,
} from './store.ts'
import { createUnitRun } from './unit-run.ts'
import { createUnitScope } from './unit-scope.ts'

/** Nothing is kept: for tests, and for whoever wants none of it back. */
const FORGETFUL: TableKeeper = {
  enter: async () => [],
  keep: async () => undefined,
  leave: () => undefined,
}

/** A new store: empty, or with what its keeper has. */
export function createMemoryStore(keeper = FORGETFUL): Store {
  const tables = createTables()
  const scope = createUnitScope()
  const hub = createSignalHub()
  let last: Promise<unknown> = Promise.resolve()
  let closed = false

  const atomically: Store['atomically'] = async (work) => {
    scope.refuseInside()
    if (closed) throw storeClosed()
    const unit = last.then(() =>
      runKept(tables, keeper, hub.deliver, (groups) => scope.run(() => work(groups))),
    )
    last = unit.catch(() => undefined)
    return unit
  }
  const read: Way = async (work) => {
    scope.refuseInside()
    if (closed) throw storeClosed()
    const unit = last.then(() => runKept(tables, keeper, hub.deliver, work))
    last = unit.catch(() => undefined)
    return unit
  }
  const groups = groupsThrough(read, atomically)
  return {
    ...groups,
    signals: { ...groups.signals, listen: hub.listen },
    atomically,
    additively: atomically,
    check: () => atomically(async () => undefined),
    now: () => atomically(async () => Date.now()),
    describe: async () => ({ engine: 'memory', version: '', address: 'memory:', migrations: [] }),
    close: async () => {
      closed = true
      await last
    },
  }
}

interface Decided<T> {
  readonly value: T
  readonly sent: readonly Signal[]
}

async function runKept<T>(
  tables: Tables,
  keeper: TableKeeper,
  deliver: (signal: Signal) => void,
  work: (groups: StoreGroups) => Promise<T>,
): Promise<T> {
  try {
    let decided = await decideApart(tables, keeper, deliver, work)
    if (decided === null || isKept(tables, keeper)) {
      const changed = await keeper.enter(tables, () => {
        tables.takeBack()
        decided = null
      })
      if (decided === null) {
        tables.keep()
        for (const signal of changed) deliver(signal)
        decided = await decide(tables, work)
      }
      await keeper.keep(tables)
    }
    tables.keep()
    for (const signal of decided.sent) deliver(signal)
    return decided.value
  } catch (error) {
    tables.takeBack()
    throw error
  } finally {
    keeper.leave()
  }
}

function isKept(tables: Tables, { keeps }: TableKeeper): boolean {
  return keeps === undefined || [...tables.changed()].some((name) => keeps.has(name))
}

// Without a turn: whoever changes nothing that is kept needs none. Null: it cannot be told what is kept now.
async function decideApart<T>(
  tables: Tables,
  keeper: TableKeeper,
  deliver: (signal: Signal) => void,
  work: (groups: StoreGroups) => Promise<T>,
): Promise<Decided<T> | null> {
  const changed = (await keeper.catchUp?.(tables)) ?? null
  if (changed === null) {
    tables.takeBack()
    return null
  }
  tables.keep()
  for (const signal of changed) deliver(signal)
  return decide(tables, work)
}

// As on every engine: a unit in which a call failed fails, even when its work went on.
async function decide<T>(tables: Tables, work: (groups: StoreGroups) => Promise<T>): Promise<Decided<T>> {
  const unit = createUnitRun()
  const sent: Signal[] = []
  const appended: AuditEntry[] = []
  const direct = groupsOver(tables, sent, (entry) => appended.push(entry))
  const ask: Way = (call) => unit.call(async () => structuredClone(await call(direct)))
  const value = await unit.complete(() => work(groupsThrough(ask, ask)))
  writeAudit(tables, appended)
  return { value, sent }
}

function groupsOver(tables: Tables, sent: Signal[], leave: (entry: AuditEntry) => void): StoreGroups {
  return {
    credentials: credentialGroup(tables),
    dataKeys: dataKeyGroup(tables),
    versions: versionGroup(tables),
    leases: leaseGroup(tables),
    upkeep: upkeepGroup(tables),
    tokens: tokenGroup(tables),
    audit: auditGroup(tables, leave),
    settings: settingGroup(tables),
    holdings: holdingGroup(tables),
    invitations: invitationGroup(tables),
    deviceLogins: deviceLoginGroup(tables),
    sessions: sessionGroup(tables),
    secondFactors: secondFactorGroup(tables),
    outsideTrips: outsideTripGroup(tables),
    installation: installationGroup(tables),
    agents: agentGroup(tables),
    attachments: attachmentGroup(tables),
    workers: workerGroup(tables),
    grants: grantGroup(tables),
    attempts: attemptGroup(tables),
    loginAttempts: loginAttemptGroup(tables),
    webhooks: webhookGroup(tables),
    outbox: outboxGroup(tables),
    deliveries: deliveryGroup(tables),
    ...runGroups(tables),
    ...channelGroups(tables),
    counts: countGroup(tables),
    signals: {
      send: async (topic, subject) => {
        signalText(topic, subject)
        sent.push({ topic, subject })
      },
    },
  }
}

function leaseGroup({ leases }: Tables): LeaseStore {
  const running = (credentialId: string, now: number) =>
    leases.find((row) => row.credentialId === credentialId && row.endedAt === null && row.expiresAt > now)
  const change = (id: string, changed: Partial<LeaseRow>) => {
    const row = leases.get(id)
    if (row === undefined || row.endedAt !== null) return false
    leases.put(id, { ...row, ...changed })
    return true
  }
  return {
    insert: async (row) => {
      leases.add(row.id, row)
    },
    get: async (organizationId, id) => {
      const row = leases.get(id)
      return row?.organizationId === organizationId ? row : undefined
    },
    lookUp: async (id) => leases.get(id),
    change: async (id, changed) => {
      change(id, changed)
    },
    end: async (id, at, reason) => change(id, { endedAt: at, endReason: reason }),
    endAllOf: async (credentialId, at, reason) => {
      const found = running(credentialId, at)
      for (const { id } of found) change(id, { endedAt: at, endReason: reason })
      return found.length
    },
    countRunning: async (credentialId, now) => running(credentialId, now).length,
  }
}

function upkeepGroup({ leases }: Tables): UpkeepStore {
  return {
    pruneLeases: async (overBefore, page) => {
      const rows = pageOf(
        leases.find(() => true),
        page,
      )
      const over = rows.filter(
        (row) => row.createdAt < overBefore && (row.endedAt ?? row.expiresAt) < overBefore,
      )
      for (const { id } of over) leases.remove(id)
      const last = rows.at(-1)
      const more = last !== undefined && rows.length === page.limit && last.createdAt < overBefore
      return { removed: over.length, next: more ? last.id : null }
    },
  }
}

function tokenGroup({ tokens }: Tables): TokenStore {
  const live = (organizationId: string, name: string) =>
    tokens.find(
      (row) => row.organizationId === organizationId && row.name === name && row.revokedAt === null,
    )[0]
  const byDigest = (digest: string) => tokens.find((row) => row.digest === digest)[0]
  return {
    insert: async (row) => {
      if (row.revokedAt === null && live(row.organizationId, row.name)) throw tokenNameTaken(row.name)
      if (byDigest(row.digest)) throw alreadyThere()
      tokens.add(row.id, row)
    },
    findByDigest: async (digest) => byDigest(digest),
    get: async (id) => tokens.get(id),
    list: async (organizationId) =>
      pageOf(
        tokens.find((row) => row.organizationId === organizationId),
        { limit: Number.POSITIVE_INFINITY },
      ),
    revoke: async (organizationId, name, at) => {
      const row = live(organizationId, name)
      if (row) tokens.put(row.id, { ...row, revokedAt: at })
      return row !== undefined
    },
    revokeAllOf: async (holder, at) => {
      const found = tokens.find((row) => row.revokedAt === null && isHeldBy(row, holder))
      for (const row of found) tokens.put(row.id, { ...row, revokedAt: at })
      return found.length
    },
    used: async (id, at, unlessSince) => {
      const row = tokens.get(id)
      if (row && (row.lastUsedAt === null || row.lastUsedAt < unlessSince))
        tokens.put(id, { ...row, lastUsedAt: at })
    },
  }
}

function isHeldBy(row: TokenRow, { organizationId, kind, id }: Holder): boolean {
  return row.organizationId === organizationId && row.holderKind === kind && row.holderId === id
}

function countGroup({ credentials, leases, tokens, runs }: Tables): CountStore {
  return {
    credentials: async () => {
      const counts: Partial<Record<CredentialState, number>> = {}
      for (const { state } of credentials.find(() => true)) counts[state] = (counts[state] ?? 0) + 1
      return counts
    },
    runningLeases: async (now) => leases.find((row) => row.endedAt === null && row.expiresAt > now).length,
    liveTokens: async (now) =>
      tokens.find((row) => row.revokedAt === null && (row.expiresAt === null || row.expiresAt > now)).length,
    waitingRuns: async () => runs.find(({ run }) => run.state === 'waiting_for_credentials').length,
  }
}

// Values are kept as JSON, so that what comes back is what another engine would give back.
function settingGroup({ settings }: Tables): SettingStore {
  return {
    get: async (organizationId, subject, name) => {
      const row = settings.get(keyOf(organizationId, subject, name))
      return row && JSON.parse(row.value)
    },
    some: async (organizationId, subjects, names) =>
      settings
        .find(
          (row) =>
            row.organizationId === organizationId &&
            subjects.includes(row.subject) &&
            names.includes(row.name),
        )
        .map(({ subject, name, value }) => ({ subject, name, value: JSON.parse(value) })),
    all: async (organizationId, name) =>
      Object.fromEntries(
        settings
          .find((row) => row.organizationId === organizationId && row.name === name)
          .map((row) => [row.subject, JSON.parse(row.value)]),
      ),
    put: async (organizationId, subject, name, value) => {
      const row = { organizationId, subject, name, value: JSON.stringify(value) }
      settings.put(keyOf(organizationId, subject, name), row)
    },
    remove: async (organizationId, subject, name) => {
      settings.remove(keyOf(organizationId, subject, name))
    },
  }
}

function installationGroup({ installation }: Tables): InstallationStore {
  return {
    get: async (name) => installation.get(name),
    put: async (name, value) => installation.put(name, value),
    putIfAbsent: async (name, value) => {
      const there = installation.get(name)
      if (there === undefined) installation.put(name, value)
      return there ?? value
    },
    swap: async (name, seen, value) => {
      if (installation.get(name) !== seen) return false
      installation.put(name, value)
      return true
    },
    beginningWith: async (prefix) =>
      Object.fromEntries(installation.entries().filter(([name]) => name.startsWith(prefix))),
    remove: async (name) => {
      installation.remove(name)
    },
  }
}
