// The composition root: reads argv and environment once, chooses what to start, and is the only file that names
// implementations. Everything is loaded when it is needed, so that a helper starts fast and the CLI never loads a server.

import type { CliDependencies } from './cli/cli.ts'
import { environment, hideFromLibraries, type ServerSettings } from './config.ts'
import type { HarnessName } from './domain/harness-names.ts'
import type { Harness } from './harnesses/harness.ts'
import type { Log } from './lib/log.ts'
import type { Metrics } from './server/metrics.ts'
import type { RunningServer } from './server/running.ts'

const VERSION = '0.1.0'

// How often the server looks whether its database was put back, in milliseconds.
const WATCH_EVERY = 5_000

async function main(argv: readonly string[]): Promise<number> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 24 || (major === 24 && minor < 2)) {
    process.stderr.write(
      `Claviger needs Node.js 24.2 or newer; this is ${process.versions.node}.\nhint: npm ci installs one beside it.\n`,
    )
    return 1
  }
  if (argv[0] === 'helper') {
    const { runHelper } = await import('./cli/helper.ts')
    return runHelper(argv.slice(1), process)
  }
  const { runCli } = await import('./cli/cli.ts')
  return runCli(argv, dependencies())
}

function dependencies(): CliDependencies {
  return {
    version: VERSION,
    env: environment(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    selfCommand: [process.execPath, process.argv[1] ?? ''],
    startServer,
    startSandbox: async (options) => (await import('./sandbox/sandbox.ts')).startSandbox(options),
    harnessOf,
  }
}

async function harnessOf(name: HarnessName): Promise<Harness> {
  return name === 'claude'
    ? (await import('./harnesses/claude.ts')).claude
    : (await import('./harnesses/codex.ts')).codex
}

/**
 * Starts the whole server on these settings; nothing is left running when it throws. `clock` is this machine's, in
 * milliseconds since 1970.
 */
export async function startServer(settings: ServerSettings, clock = Date.now): Promise<RunningServer> {
  const [{ prepareStateDirectory }, { lockStateDirectory }] = await Promise.all([
    import('./server/state-directory.ts'),
    import('./server/state-lock.ts'),
  ])
  await prepareStateDirectory(settings.stateDirectory)
  hideFromLibraries()
  const unlock = lockStateDirectory(settings.stateDirectory)
  try {
    const { close, ...server } = await startOnDirectory(settings, clock)
    return { ...server, close: () => close().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

async function startOnDirectory(
  settings: ServerSettings,
  machineClock: () => number,
): Promise<RunningServer> {
  const { tokenFile, writeServerFile } = await import('./server/state-directory.ts')
  const { engineOf, openSqlStore, shownDatabase } = await import('./store/sql/sql-store.ts')
  const { createIdentity, peopleMigrations } = await import('./identity/better-auth.ts')
  const engine = engineOf(settings.databaseUrl)
  const extraMigrations = peopleMigrations(engine)
  const commits: { auditDurable: Metrics['auditDurable'] } = { auditDurable: () => undefined }
  const { store, database, executeIn } = await openSqlStore({
    url: settings.databaseUrl,
    extraMigrations,
    auditDurable: (seconds) => commits.auditDurable(seconds),
  })
  const endings: (() => Promise<void>)[] = [() => store.close()]
  const end = async () => {
    for (const step of endings.splice(0).reverse()) await step()
  }
  try {
    const log = await createServerLog(settings)
    const clock = await followDatabaseClock(store, machineClock, log)
    endings.push(async () => clock.stop())
    const { vault, sessionSecret, keySource } = await openVault(settings, store)
    const baseUrl = `http://${settings.host}:${settings.port}`
    const identity = createIdentity({
      database: database as never,
      engine,
      secret: sessionSecret,
      baseUrl,
      executeIn,
    })
    const people = await identity.bootstrap()
    const operatorOrganization = people.organization.id
    const address = { url: baseUrl }
    const publicUrl = () => settings.publicUrl ?? address.url
    const server = { version: VERSION, id: await serverId(), clockOffset: clock.offset }
    const watch = await watchAudit(settings, { store, identity }, log, clock.now)
    endings.push(() => watch.stop())
    const ports = {
      ...{ store, vault, identity, operatorOrganization, publicUrl, now: clock.now, server },
      ...{ auditSeen: watch.seen, ...(await edges(settings)) },
    }
    const { ensureAdminToken } = await import('./control/admin-token.ts')
    const place = engine === 'postgres' ? await placeOf(settings.stateDirectory) : null
    await ensureAdminToken(ports, people, tokenFile(settings.stateDirectory), place)
    const metrics = await measure(ports)
    commits.auditDurable = metrics.auditDurable
    const listening = await serve(settings, ports, log, metrics)
    endings.push(() => listening.close(10_000))
    address.url = listening.url
    await writeServerFile(settings.stateDirectory, listening.url)
    const { makeFirstLink } = await import('./control/signing-in/invitations.ts')
    const signInLink = people.created ? await makeFirstLink(ports, people) : null
    log.debug(
      { url: listening.url, database: shownDatabase(settings.databaseUrl), key: keySource, version: VERSION },
      'ready',
    )
    watch.start()
    return { url: listening.url, firstStart: people.created, signInLink, close: end }
  } catch (error) {
    await end()
    throw error
  }
}

// What expires does so by the database's clock, which is the same for all its servers.
async function followDatabaseClock(store: Ports['store'], local: () => number, log: Log) {
  const [{ followClock }, { clockSentence, TOLERATED_OFFSET }, { makeIdsBy }] = await Promise.all([
    import('./lib/shared-clock.ts'),
    import('./control/operating/warnings.ts'),
    import('./lib/id.ts'),
  ])
  const onChange = (offset: number) => {
    if (Math.abs(offset) > TOLERATED_OFFSET) log.warn({ offsetMs: offset }, clockSentence(offset))
  }
  const clock = await followClock({ local, shared: () => store.now(), onChange })
  makeIdsBy(clock.now)
  return clock
}

async function createServerLog({ logLevel }: ServerSettings): Promise<Log> {
  const { createLog } = await import('./lib/log.ts')
  return createLog(logLevel, await serverId())
}

async function serverId(): Promise<string> {
  const { hostname } = await import('node:os')
  return `${hostname()}:${process.pid}`
}

// Stays the same for a state directory of a machine, and tells it apart from those of other servers.
async function placeOf(stateDirectory: string): Promise<string> {
  const [{ hostname }, { sha256 }] = await Promise.all([import('node:os'), import('./lib/digest.ts')])
  return sha256(`${hostname()} ${stateDirectory}`).slice(0, 8)
}

type Ports = Parameters<typeof import('./control/control.ts')['createControl']>[0]

// The randomness and the providers of the real world.
async function edges(settings: ServerSettings): Promise<Pick<Ports, 'random' | 'leaseLife' | 'providerOf'>> {
  const [{ randomSource }, { createAnthropicProvider }, { createOpenAiProvider }, { createBedrockProvider }] =
    await Promise.all([
      import('./lib/random.ts'),
      import('./providers/anthropic.ts'),
      import('./providers/openai.ts'),
      import('./providers/bedrock.ts'),
    ])
  const { allowPrivateUpstreams: allowPrivate } = settings
  const providers = [
    createAnthropicProvider({ baseUrl: settings.anthropicUrl, allowPrivate }),
    createOpenAiProvider({ baseUrl: settings.openaiApiUrl, issuer: settings.openaiIssuer, allowPrivate }),
    createBedrockProvider({
      allowPrivate,
      ...(settings.bedrockUrl !== null && { baseUrl: settings.bedrockUrl }),
    }),
  ]
  return {
    random: randomSource(),
    leaseLife: settings.leaseLife,
    providerOf: (type) => providers.find((provider) => provider.probes.includes(type)),
  }
}

async function openVault(settings: ServerSettings, store: Ports['store']) {
  const [{ createVault }, { checkKeyId, findMasterKey }, { createHmac }, { join }] = await Promise.all([
    import('./vault/envelope.ts'),
    import('./vault/keys/master-key.ts'),
    import('node:crypto'),
    import('node:path'),
  ])
  const sources = {
    value: settings.masterKey,
    file: settings.masterKeyFile,
    defaultFile: join(settings.stateDirectory, 'master.key'),
  }
  const recorded = await store.installation.get('master-key-id')
  const { key, source: keySource } = findMasterKey(
    sources,
    recorded !== undefined || (await store.credentials.any()),
  )
  const vault = createVault(key)
  // Of servers that start together on an empty database one says which key it is.
  const kept = recorded ?? (await store.installation.putIfAbsent('master-key-id', vault.keyId))
  checkKeyId(kept, vault.keyId, keySource)
  const sessionSecret = createHmac('sha256', key).update('claviger session secret v1').digest('base64')
  return { vault, sessionSecret, keySource }
}

// Notices a database that was put back, first of all now.
async function watchAudit(
  settings: ServerSettings,
  { store, identity }: Pick<Ports, 'store' | 'identity'>,
  log: Log,
  now: () => number,
) {
  const [{ createAuditWatch }, { seenFile }] = await Promise.all([
    import('./control/audit/watch.ts'),
    import('./server/state-directory.ts'),
  ])
  const watch = await createAuditWatch({
    ...{ store, identity, log, now },
    file: seenFile(settings.stateDirectory),
    everyMs: WATCH_EVERY,
  })
  await watch.look()
  return watch
}

async function measure(ports: Ports) {
  const [{ createMetrics }, { countEntries, countRollBacks }] = await Promise.all([
    import('./server/metrics.ts'),
    import('./control/audit/counts.ts'),
  ])
  const { store, server } = ports
  const metrics = createMetrics({
    checkDatabase: () => store.check(),
    credentials: () => store.counts.credentials(),
    clockOffset: server.clockOffset,
  })
  metrics.show('claviger_audit_entries', () => countEntries(store))
  metrics.show('claviger_database_rolled_back', () => countRollBacks(store))
  return metrics
}

async function serve(settings: ServerSettings, ports: Ports, log: Log, metrics: Metrics) {
  const [{ createControl }, { createAuthenticator }, { mustBeReady }, { createApp }, { listen }] =
    await Promise.all([
      import('./control/control.ts'),
      import('./control/authenticate.ts'),
      import('./control/operating/readiness.ts'),
      import('./server/app.ts'),
      import('./server/listen.ts'),
    ])
  const app = createApp({
    control: createControl(ports),
    authenticate: createAuthenticator(ports),
    ready: () => mustBeReady(ports),
    metrics,
    log,
    version: VERSION,
    now: ports.now,
    publicUrl: ports.publicUrl,
    proxies: settings.proxies,
  })
  return listen(app, settings)
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
