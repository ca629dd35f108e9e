// The store in memory: the reference of what the port means, for tests. Nothing outlives the process. Units run one
// after another, and each call from outside is a unit of its own, so that nobody sees half of one.

import type { CredentialState } from '../domain/state.ts'
import { groupsThrough } from './groups-through.ts'
import { credentialGroup, pageOf, versionGroup } from './memory-credentials.ts'
import { holdingGroup } from './memory-holdings.ts'
import { agentGroup, attachmentGroup, workerGroup } from './memory-machines.ts'
import { deviceLoginGroup, invitationGroup } from './memory-signing-in.ts'
import { createTables, keyOf, type Tables } from './memory-tables.ts'
import type { Holder } from './people-groups.ts'
import { alreadyThere, storeClosed, tokenNameTaken, unitEnded } from './refusals.ts'
import { createSignalHub, signalText } from './signals.ts'
import type {
  AuditStore,
  CountStore,
  InstallationStore,
  LeaseRow,
  LeaseStore,
  SettingStore,
  Signal,
  Store,
  StoreGroups,
  TokenRow,
  TokenStore,
} from './store.ts'
import { createUnitScope } from './unit-scope.ts'

/** A new, empty store. */
export function createMemoryStore(): Store {
  const tables = createTables()
  const scope = createUnitScope()
  const hub = createSignalHub()
  let last: Promise<unknown> = Promise.resolve()
  let closed = false

  const atomically: Store['atomically'] = async (work) => {
    scope.refuseInside()
    if (closed) throw storeClosed()
    const unit = last.then(() => runUnit(tables, hub.deliver, (groups) => scope.run(() => work(groups))))
    last = unit.catch(() => undefined)
    return unit
  }
  const groups = groupsThrough(atomically, atomically)
  return {
    ...groups,
    signals: { ...groups.signals, listen: hub.listen },
    atomically,
    check: () => atomically(async () => undefined),
    now: () => atomically(async () => Date.now()),
    describe: async () => ({ engine: 'memory', version: '', address: 'memory:', migrations: [] }),
    close: async () => {
      closed = true
      await last
    },
  }
}

// As on every engine: a unit in which a call failed fails, even when its work went on.
async function runUnit<T>(
  tables: Tables,
  deliver: (signal: Signal) => void,
  work: (groups: StoreGroups) => Promise<T>,
): Promise<T> {
  const unit: { ended: boolean; failure?: { readonly error: unknown } } = { ended: false }
  const sent: Signal[] = []
  const direct = groupsOver(tables, sent)
  const attempt = async <R>(call: (groups: StoreGroups) => Promise<R>): Promise<R> => {
    if (unit.ended) throw unitEnded()
    if (unit.failure) throw unit.failure.error
    try {
      return structuredClone(await call(direct))
    } catch (error) {
      unit.failure ??= { error }
      throw error
    }
  }
  try {
    const value = await work(groupsThrough(attempt, attempt))
    if (unit.failure) throw unit.failure.error
    tables.keep()
    for (const signal of sent) deliver(signal)
    return value
  } catch (error) {
    tables.takeBack()
    throw error
  } finally {
    unit.ended = true
  }
}

function groupsOver(tables: Tables, sent: Signal[]): StoreGroups {
  return {
    credentials: credentialGroup(tables),
    versions: versionGroup(tables),
    leases: leaseGroup(tables),
    tokens: tokenGroup(tables),
    audit: auditGroup(tables),
    settings: settingGroup(tables),
    holdings: holdingGroup(tables),
    invitations: invitationGroup(tables),
    deviceLogins: deviceLoginGroup(tables),
    installation: installationGroup(tables),
    agents: agentGroup(tables),
    attachments: attachmentGroup(tables),
    workers: workerGroup(tables),
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
    extend: async (id, expiresAt) => {
      change(id, { expiresAt })
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
  }
}

function isHeldBy(row: TokenRow, { organizationId, kind, id }: Holder): boolean {
  return row.organizationId === organizationId && row.holderKind === kind && row.holderId === id
}

function countGroup({ credentials, leases, tokens }: Tables): CountStore {
  return {
    credentials: async () => {
      const counts: Partial<Record<CredentialState, number>> = {}
      for (const { state } of credentials.find(() => true)) counts[state] = (counts[state] ?? 0) + 1
      return counts
    },
    runningLeases: async (now) => leases.find((row) => row.endedAt === null && row.expiresAt > now).length,
    liveTokens: async (now) =>
      tokens.find((row) => row.revokedAt === null && (row.expiresAt === null || row.expiresAt > now)).length,
  }
}

function auditGroup({ audit }: Tables): AuditStore {
  return {
    append: async (entry) => audit.add(keyOf(entry.organizationId, entry.id), entry),
    list: async (organizationId, page) =>
      pageOf(
        audit.find((entry) => entry.organizationId === organizationId),
        page,
      ),
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
  }
}
