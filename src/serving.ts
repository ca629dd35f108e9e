// The composition root of a server: the second file that names implementations, loaded when one is started. Everything
// that is begun here is ended in the opposite order.

import { createHmac } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Ending, type GrantWorld, keepRenewing, metricsOf, openDoor, untilClosed } from './assembly.ts'
import type { ServerSettings } from './config.ts'
import { ensureAdminToken } from './control/admin-token.ts'
import { countEntries, countRollBacks } from './control/audit/counts.ts'
import { createAuditWatch } from './control/audit/watch.ts'
import { keepChannels } from './control/channels/keeping.ts'
import { createGuard } from './control/guard.ts'
import { PRUNE_EVERY, pruneLeases } from './control/operating/pruning.ts'
import { mustBeReady } from './control/operating/readiness.ts'
import { createRekeying } from './control/operating/rekeying.ts'
import { ALONE, BEAT, createServers } from './control/operating/servers.ts'
import { clockSentence, TOLERATED_OFFSET } from './control/operating/warnings.ts'
import { keepRuns } from './control/runs/upkeep.ts'
import { makeFirstLink } from './control/signing-in/invitations.ts'
import { createTell } from './control/telling/tell.ts'
import { startTelling } from './control/telling/telling.ts'
import type { Ports } from './control/use-case.ts'
import { KEY_FACTS } from './domain/rekeying.ts'
import { edges } from './edges.ts'
import type { Embedded } from './embedded/embedded.ts'
import type { EmbeddedOptions } from './embedded/keeper.ts'
import { createIdentity, PASSING_TABLES, peopleMigrations } from './identity/better-auth.ts'
import { sha256 } from './lib/digest.ts'
import { makeIdsBy } from './lib/id.ts'
import { createLog, type Log } from './lib/log.ts'
import { removePrivateHomes } from './lib/programs/private-home.ts'
import { repeat } from './lib/time/repeat.ts'
import { followClock } from './lib/time/shared-clock.ts'
import type { Metrics } from './server/metrics.ts'
import { openJournal } from './server/renewal-journal.ts'
import type { RunningServer } from './server/running.ts'
import { prepareStateDirectory, seenFile, tokenFile, writeServerFile } from './server/state-directory.ts'
import { lockStateDirectory, nameOfLock } from './server/state-lock.ts'
import { engineOf, openSqlStore, shownDatabase } from './store/sql/sql-store.ts'
import { PASSING } from './store/transfer.ts'
import { createVault } from './vault/envelope.ts'
import { checkKeyIds, findMasterKeys, masterKeySources } from './vault/keys/master-key.ts'
import { createKeyRing } from './vault/keys/ring.ts'

// How often the server looks whether its database was put back, in milliseconds.
const WATCH_EVERY = 5_000

// How long requests under way may take when the server goes down, in milliseconds.
const GRACE = 10_000

export interface ServingOptions {
  readonly version: string
  /** The clock of this machine: milliseconds since 1970. */
  readonly clock: () => number
  /** What starts this very program, up to the words of its command line. */
  readonly selfCommand: readonly string[]
}

/** Starts the whole server on these settings; nothing is left running when it throws. */
export async function serveWith(settings: ServerSettings, options: ServingOptions): Promise<RunningServer> {
  await prepareStateDirectory(settings.stateDirectory)
  return untilClosed(async (endings) => {
    endings.push(lockStateDirectory(settings.stateDirectory))
    // A sign-in ends with the process that began it.
    await removePrivateHomes(join(settings.stateDirectory, 'sign-ins'))
    return begin(settings, options, endings)
  })
}

async function begin(
  settings: ServerSettings,
  { version, clock: machineClock, selfCommand }: ServingOptions,
  endings: Ending[],
): Promise<Omit<RunningServer, 'close'>> {
  const { stateDirectory } = settings
  const engine = engineOf(settings.databaseUrl)
  await checkWorkerUser(settings)
  const commits: { auditDurable: Metrics['auditDurable'] } = { auditDurable: () => undefined }
  const { store, database, executeIn, snapshot } = await openSqlStore({
    url: settings.databaseUrl,
    extraMigrations: peopleMigrations(engine),
    scratch: stateDirectory,
    auditDurable: (seconds) => commits.auditDurable(seconds),
  })
  endings.push(() => store.close())
  const log = createLog(settings.logLevel, serverId())
  const clock = await followDatabaseClock(store, machineClock, log)
  endings.push(() => clock.stop())
  const { vault, keys, sessionSecret } = await openVault(settings, store)
  const address = { url: `http://${settings.host}:${settings.port}` }
  const identity = createIdentity({
    database: database as never,
    ...{ engine, secret: sessionSecret, baseUrl: address.url, executeIn },
  })
  const people = await identity.bootstrap()
  const operatorOrganization = people.organization.id
  const publicUrl = () => settings.publicUrl ?? address.url
  const world = { ...edges(settings, clock.offset), now: clock.now, publicUrl }
  endings.push(world.endSignIns)
  const watch = await watchAudit(settings, { store, identity, now: clock.now }, log)
  endings.push(() => watch.stop())
  const background = await startBackground(engine, settings, {
    ...{ store, vault, keys, log, operatorOrganization, now: clock.now },
  })
  endings.push(() => background.stop())
  const server = { version, id: serverId(), clockOffset: clock.offset }
  const kept = await startGrants(settings, { store, vault, server, log, ...world })
  endings.push(() => kept.stop())
  const ports: Ports = {
    ...{ store, vault, identity, operatorOrganization, rekeying: background.rekeying, ...world },
    grants: kept.grants,
    server,
    auditSeen: watch.seen,
    snapshot: () => snapshot([...PASSING_TABLES, ...PASSING]),
  }
  const place = engine === 'postgres' ? placeOf(stateDirectory) : null
  await ensureAdminToken(ports, people, tokenFile(stateDirectory), place)
  reachOut(ports, log, endings)
  const metrics = measure(ports)
  commits.auditDurable = metrics.auditDurable
  const ready = () => mustBeReady(ports)
  const door = await openDoor(
    ports,
    { metrics, log, version, ready, at: settings, pages: true, grace: GRACE },
    endings,
  )
  address.url = door.url
  await writeServerFile(stateDirectory, address.url)
  const signInLink = people.created ? await makeFirstLink(ports, people) : null
  const shown = { database: shownDatabase(settings.databaseUrl), key: keys.source, version }
  log.debug({ url: address.url, ...shown }, 'ready')
  watch.start()
  const embedded = embedWorker(settings, { ports, log, people, place, selfCommand, ...door })
  endings.push(async () => (await embedded)?.stop())
  return { url: address.url, firstStart: people.created, signInLink }
}

// What is done without being asked: telling others, keeping runs alive, and answering on platforms.
function reachOut(ports: Ports, log: Log, endings: Ending[]): void {
  const guard = createGuard(ports)
  const telling = startTelling({ ...ports, log, sender: ports.webhooks, chance: Math.random, guard })
  endings.push(() => telling.stop())
  endings.push(keepRuns({ ...ports, log, guard, elapsed: () => performance.now() }))
  const channels = keepChannels({ ...ports, log })
  endings.push(() => channels.stop())
}

// What cannot be is said at once: later nobody may look.
async function checkWorkerUser({ embeddedWorker, embeddedWorkerUser: user }: ServerSettings): Promise<void> {
  if (embeddedWorker === null || user === null) return
  const { mustBeUser } = await import('./embedded/apart.ts')
  await mustBeUser(user)
}

// Nobody waits for it: the server is ready without it.
function embedWorker(
  settings: ServerSettings,
  options: Omit<EmbeddedOptions, 'settings' | 'worker'>,
): Promise<Embedded | null> {
  const { embeddedWorker: worker } = settings
  if (worker === null) return Promise.resolve(null)
  return import('./embedded/embedded.ts').then((m) => m.keepEmbeddedWorker({ ...options, settings, worker }))
}

function serverId(): string {
  return `${hostname()}:${process.pid}`
}

// Stays the same for a state directory of a machine, and tells it apart from those of other servers.
function placeOf(stateDirectory: string): string {
  return sha256(`${hostname()} ${stateDirectory}`).slice(0, 8)
}

// What expires does so by the database's clock, which is the same for all its servers.
async function followDatabaseClock(store: Ports['store'], local: () => number, log: Log) {
  const onChange = (offset: number) => {
    if (Math.abs(offset) > TOLERATED_OFFSET) log.warn({ offsetMs: offset }, clockSentence(offset))
  }
  const clock = await followClock({ local, shared: () => store.now(), onChange })
  makeIdsBy(clock.now)
  return clock
}

async function openVault(settings: ServerSettings, store: Ports['store']) {
  const recorded = await store.installation.get(KEY_FACTS.recorded)
  const sealed = recorded !== undefined || (await store.credentials.any())
  const found = findMasterKeys(masterKeySources(settings), sealed)
  const vault = createVault(...found.keys)
  // Of servers that start together on an empty database one says which key it is.
  const kept = recorded ?? (await store.installation.putIfAbsent(KEY_FACTS.recorded, vault.keyId))
  checkKeyIds(kept, vault.keyIds, found.source)
  const [current] = found.keys
  const sessionSecret = createHmac('sha256', current).update('claviger session secret v1').digest('base64')
  return { vault, keys: createKeyRing(vault, found), sessionSecret }
}

// Notices a database that was put back, first of all now.
async function watchAudit(
  settings: ServerSettings,
  ports: Pick<Ports, 'store' | 'identity' | 'now'>,
  log: Log,
) {
  const file = seenFile(settings.stateDirectory)
  const watch = await createAuditWatch({ ...ports, log, file, everyMs: WATCH_EVERY })
  await watch.look()
  return watch
}

type RenewalWorld = Omit<GrantWorld, 'tell'> & Pick<Ports, 'publicUrl'>

// The attempts of a server and its journal belong together, over restarts too.
async function startGrants(settings: ServerSettings, world: RenewalWorld) {
  const { stateDirectory } = settings
  const path = join(stateDirectory, 'renewals.journal')
  const file = await openJournal(path, world.now, nameOfLock(stateDirectory))
  const { aside } = file
  if (aside !== null)
    world.log.error(
      { aside },
      'the last line of renewals.journal could not be read and was put aside; see whether a login needs its owner',
    )
  return keepRenewing(settings, { ...world, tell: createTell(world) }, file)
}

type BackgroundPorts = Omit<Parameters<typeof createRekeying>[0], 'servers'>

// What goes on beside the answering: this server is announced to others on its database, re-keying is gone on with, and
// what is old is removed.
async function startBackground(
  engine: 'sqlite' | 'postgres',
  settings: ServerSettings,
  ports: BackgroundPorts,
) {
  const { store, vault, log } = ports
  const elapsed = () => performance.now()
  const servers = engine === 'sqlite' ? ALONE : createServers({ store, vault, elapsed })
  const failed = (thrown: unknown) => log.warn({ detail: String(thrown) }, 'not announced to other servers')
  const rekeying = createRekeying({ ...ports, servers })
  try {
    await servers.announce()
    await rekeying.resume()
  } catch (error) {
    await servers.withdraw().catch(failed)
    throw error
  }
  const beat = repeat(BEAT, () => servers.announce(), failed)
  const ending = new AbortController()
  const pruning = repeat(
    PRUNE_EVERY,
    () => pruneLeases({ ...ports, keep: settings.leaseRecord, signal: ending.signal }),
    (thrown) => log.warn({ detail: String(thrown) }, 'records of old leases were not removed'),
  )
  return {
    rekeying,
    async stop() {
      ending.abort()
      await pruning.stop()
      await rekeying.stop()
      await beat.stop()
      await servers.withdraw().catch(failed)
    },
  }
}

function measure(ports: Ports): Metrics {
  const { store } = ports
  const metrics = metricsOf(ports)
  metrics.show('claviger_audit_entries', () => countEntries(store))
  metrics.show('claviger_database_rolled_back', () => countRollBacks(store))
  metrics.show('claviger_events_waiting', async () => (await store.deliveries.counts()).waiting)
  metrics.show('claviger_events_given_up', async () => (await store.deliveries.counts()).givenUp)
  metrics.show('claviger_runs_waiting', () => store.counts.waitingRuns())
  return metrics
}
