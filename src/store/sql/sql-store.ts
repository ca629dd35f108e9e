// The store over SQL: opens an engine, brings its tables up to date and puts the groups together. Every write goes
// through group commit; reads outside of a unit are queries of their own and see only what is committed.

import { CompiledQuery as Compiled, type Kysely } from 'kysely'
import type { AuditEntry } from '../../domain/audit/entry.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { groupsThrough } from '../groups-through.ts'
import type { StoreDescription } from '../installation-group.ts'
import { storeClosed, unitEnded } from '../refusals.ts'
import type { AddingUnit, Store, StoreGroups } from '../store.ts'
import type { Snapshot } from '../transfer.ts'
import { createUnitScope } from '../unit-scope.ts'
import { type AddingReads, createAdditions } from './additions.ts'
import { closingOf, type Left } from './closing.ts'
import type { Engine } from './engine.ts'
import { gatheredCandidates } from './gathered.ts'
import { createGroupCommit, type Leave } from './group-commit.ts'
import { agentGroup, attachmentGroup } from './groups/agents.ts'
import { attemptGroup } from './groups/attempts.ts'
import { auditGroup } from './groups/audit.ts'
import { channelGroups } from './groups/channels/groups.ts'
import { countGroup } from './groups/counts.ts'
import { credentialGroup } from './groups/credentials.ts'
import { dataKeyGroup } from './groups/data-keys.ts'
import { grantGroup } from './groups/grants.ts'
import { leaseGroup } from './groups/leases.ts'
import { loginAttemptGroup } from './groups/login-attempts.ts'
import { peopleGroups } from './groups/people/groups.ts'
import { runGroups } from './groups/runs/groups.ts'
import { installationGroup, settingGroup } from './groups/settings.ts'
import { deliveryGroup, outboxGroup } from './groups/telling/outbox.ts'
import { webhookGroup } from './groups/telling/webhooks.ts'
import { tokenGroup } from './groups/tokens.ts'
import { upkeepGroup } from './groups/upkeep.ts'
import { versionGroup } from './groups/versions.ts'
import { workerGroup } from './groups/workers.ts'
import { type Migrations, migrate } from './migrations.ts'
import { isPostgresUrl, postgresAddress } from './postgres/address.ts'
import type { Execute } from './prepared.ts'
import type { Database } from './schema.ts'
import type { Seen } from './seen.ts'
import { createSignals, refusingSignals } from './signals.ts'
import { openSqlite } from './sqlite.ts'
import { removeLeftCopies, snapshotOf } from './transfer/snapshot.ts'

const SQLITE = 'sqlite:'

export interface SqlStoreOptions {
  /** `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. */
  readonly url: string
  /** Migrations of tables that are not the store's. */
  readonly extraMigrations?: Migrations
  /** See SqliteOptions. */
  readonly maxPages?: number
  /** Told of each unit with audit entries: the seconds from its first entry until all of it was durable. */
  readonly auditDurable?: (seconds: number) => void
  /** A directory of ours for what is needed for a while; without it there are no snapshots. */
  readonly scratch?: string
}

export interface SqlStore {
  readonly store: Store
  /** The database itself, for identity/. Never use it inside `atomically`: on SQLite it would wait for itself. */
  readonly database: Kysely<Database>
  /** Runs statements on others' tables as part of this unit: `unit` is what `atomically` gave. Throws `internal` for anything else. */
  readonly executeIn: (unit: object) => Execute
  /** This moment of the database, for a backup; tables `without` are left out. */
  snapshot(without: readonly string[]): Promise<Snapshot>
  /** The same as `store.close()`. */
  close(): Promise<void>
}

/** Which engine a URL asks for. */
export function engineOf(url: string): 'sqlite' | 'postgres' {
  return isPostgresUrl(url) ? 'postgres' : 'sqlite'
}

/** A database's URL as it may be shown and logged: without user and password. */
export function shownDatabase(url: string): string {
  return isPostgresUrl(url) ? `postgres://${postgresAddress(url).name}` : url
}

/**
 * Opens a database and brings it up to date. Throws `invalid` for a URL that is none; others: see openSqlite and
 * openPostgres.
 */
export async function openSqlStore(options: SqlStoreOptions): Promise<SqlStore> {
  const engine = await openEngine(options)
  const { url, scratch } = options
  try {
    await migrate(engine, options.extraMigrations, shownDatabase(url))
    if (scratch !== undefined && engine.copyTo !== undefined) await removeLeftCopies(scratch)
  } catch (error) {
    await engine.close()
    throw engine.translate(error)
  }
  const connections = new WeakMap<object, Execute>() // unit → how it runs a statement
  const store = storeOver(engine, options, connections)
  const executeIn = (unit: object) => {
    const execute = connections.get(unit)
    if (execute) return execute
    throw new ClavigerError('internal', 'This is no unit of this store.')
  }
  return {
    store,
    database: engine.database,
    executeIn,
    snapshot: async (without) => {
      if (scratch === undefined) throw new ClavigerError('internal', 'There is no room for a snapshot.')
      return snapshotOf(engine, scratch, { url, without })
    },
    close: () => store.close(),
  }
}

async function openEngine({ url, maxPages }: SqlStoreOptions): Promise<Engine> {
  if (isPostgresUrl(url)) return (await import('./postgres.ts')).openPostgres(url)
  const path = url.startsWith(SQLITE) ? url.slice(SQLITE.length) : ''
  if (path === '') {
    throw new ClavigerError('invalid', 'This is not the URL of a database we can use.', {
      hint: 'Use sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE, for example --database sqlite:/var/lib/claviger/claviger.db',
    })
  }
  return openSqlite(maxPages === undefined ? { path } : { path, maxPages })
}

async function describe(engine: Engine, url: string): Promise<StoreDescription> {
  const ask = async (sql: string) => (await engine.read<Record<string, string>>(Compiled.raw(sql))).rows
  const migrations = await ask('select name from kysely_migration order by name')
  const [version] = await ask(engine.versionQuery)
  return {
    engine: engineOf(url),
    version: version?.['version'] ?? '',
    address: shownDatabase(url),
    migrations: migrations.flatMap(({ name }) => name ?? []),
  }
}

function storeOver(
  engine: Engine,
  { url, auditDurable }: SqlStoreOptions,
  connections: WeakMap<object, Execute>,
): Store {
  const { groupsOver, addingOver, readsOver } = sqlGroups(engine.database, engine.shared)
  const scope = createUnitScope()
  let closing: Promise<void> | undefined
  const refuse = () => {
    scope.refuseInside()
    if (closing !== undefined) throw storeClosed()
  }

  const committer = createGroupCommit<Left, Seen>({ ...engine, closing: closingOf(engine) })
  const signals = createSignals(engine.signals)
  // Every write from outside is a unit of its own.
  const refusing = () => {
    throw unitEnded()
  }
  const outer = { ...groupsOver(engine.read, refusing), signals: refusingSignals }
  const read = async <T>(work: (groups: StoreGroups) => Promise<T>) => {
    refuse()
    return work(outer)
  }
  const atomically: Store['atomically'] = async (work) => {
    refuse()
    const took = timing(auditDurable)
    const done = committer.atomically((execute, leave, afterCommit) => {
      const append = (entry: AuditEntry) => {
        leave({ entry })
        took.asked()
      }
      const unit = { ...groupsOver(execute, append), signals: signals.unit(execute, afterCommit) }
      connections.set(unit, execute)
      return scope.run(() => work(unit))
    })
    const value = await done.catch(signals.rethrow)
    took.done()
    return value
  }
  // With one writer nothing changes inside of a transaction. Where there are others, reading outside of it lets many read
  // at a time.
  const add: Store['additively'] = engine.shared
    ? createAdditions({ committer, outside: readsOver(engine.read), inside: readsOver, run: scope.run })
    : (work) =>
        committer.atomically(
          (execute, leave) => scope.run(() => work(addingOver(execute, leave))),
          'onlyLeaves',
        )
  const adding = createAdding(add, auditDurable)
  const groups = groupsThrough(read, atomically)
  return {
    ...groups,
    signals: { ...groups.signals, listen: signals.listen },
    atomically,
    additively: async (work) => {
      refuse()
      return adding.additively(work).catch(signals.rethrow)
    },
    check: async () => {
      refuse()
      await engine.check()
    },
    now: async () => {
      refuse()
      return engine.now()
    },
    describe: async () => {
      refuse()
      return describe(engine, url)
    },
    close: () => {
      closing ??= adding
        .ended()
        .then(() => committer.drained())
        .then(() => engine.close())
      return closing
    },
  }
}

interface Adding {
  readonly additively: Store['additively']
  /** Resolves when those under way have ended. */
  ended(): Promise<unknown>
}

function createAdding(add: Store['additively'], auditDurable: SqlStoreOptions['auditDurable']): Adding {
  const underWay = new Set<Promise<unknown>>()
  return {
    additively: async (work) => {
      const took = timing(auditDurable)
      const done = add((unit) => {
        const append: AddingUnit['audit']['append'] = (entry) => {
          took.asked()
          return unit.audit.append(entry)
        }
        return work({ ...unit, audit: { append } })
      })
      underWay.add(done)
      try {
        const value = await done
        took.done()
        return value
      } finally {
        underWay.delete(done)
      }
    },
    ended: () => Promise.allSettled(underWay),
  }
}

// Of one unit: how long it took from its first entry until all of it was durable.
function timing(auditDurable: SqlStoreOptions['auditDurable']) {
  let since: number | undefined
  return {
    /** An entry was asked for. */
    asked() {
      since ??= performance.now()
    },
    /** The unit is durable. */
    done() {
      if (since !== undefined) auditDurable?.((performance.now() - since) / 1000)
    },
  }
}

interface SqlGroups {
  groupsOver(execute: Execute, append: (entry: AuditEntry) => void): Omit<StoreGroups, 'signals'>
  addingOver(execute: Execute, leave: Leave<Left>): AddingUnit
  /** As of `addingOver`, with one query for many who ask at once. */
  readsOver(execute: Execute): AddingReads
}

function sqlGroups(database: Kysely<Database>, shared: boolean): SqlGroups {
  const credentials = credentialGroup(database)
  const dataKeys = dataKeyGroup(database)
  const versions = versionGroup(database)
  const leases = leaseGroup(database)
  const upkeep = upkeepGroup(database)
  const tokens = tokenGroup(database)
  const audit = auditGroup(database)
  const people = peopleGroups(database)
  const [settings, installation] = [settingGroup(database), installationGroup(database)]
  const agents = agentGroup(database)
  const attachments = attachmentGroup(database)
  const workers = workerGroup(database)
  const grants = grantGroup(database)
  const attempts = attemptGroup(database)
  const loginAttempts = loginAttemptGroup(database)
  const webhooks = webhookGroup(database)
  const outbox = outboxGroup(database)
  const deliveries = deliveryGroup(database)
  const counts = countGroup(database)
  const runs = runGroups(database, shared)
  const channels = channelGroups(database)
  const groupsOver: SqlGroups['groupsOver'] = (execute, append) => ({
    credentials: credentials(execute),
    dataKeys: dataKeys(execute),
    versions: versions(execute),
    leases: leases(execute),
    upkeep: upkeep(execute),
    tokens: tokens(execute),
    audit: audit(execute, append),
    settings: settings(execute),
    ...people(execute),
    installation: installation(execute),
    agents: agents(execute),
    attachments: attachments(execute),
    workers: workers(execute),
    grants: grants(execute),
    attempts: attempts(execute),
    loginAttempts: loginAttempts(execute),
    webhooks: webhooks(execute),
    outbox: outbox(execute),
    deliveries: deliveries(execute),
    counts: counts(execute),
    ...runs(execute),
    ...channels(execute),
  })
  const gathered = gatheredCandidates(database)
  return {
    groupsOver,
    readsOver: (execute) => ({
      settings: settings(execute),
      versions: versions(execute),
      ...gathered(execute),
    }),
    addingOver: (execute, leave) => ({
      credentials: credentials(execute),
      attachments: attachments(execute),
      settings: settings(execute),
      versions: versions(execute),
      leases: { insert: async (lease) => leave({ lease }) },
      audit: { append: async (entry) => leave({ entry }) },
    }),
  }
}
