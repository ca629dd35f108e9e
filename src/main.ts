// The composition root: reads argv and environment once, chooses what to start, and is the only file that names
// implementations. Everything is loaded when it is needed, so that a helper starts fast and the CLI never loads a server.

import { join } from 'node:path'
import type { CliDependencies } from './cli/cli.ts'
import { environment, type ServerSettings } from './config.ts'
import type { HarnessName } from './domain/harness-names.ts'
import type { Harness } from './harnesses/harness.ts'
import type { Log } from './lib/log.ts'
import type { RunningServer } from './server/running.ts'

const VERSION = '0.1.0'

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

/** Starts the whole server on these settings; nothing is left running when it throws. */
export async function startServer(settings: ServerSettings): Promise<RunningServer> {
  const [{ createLog }, { prepareStateDirectory, tokenFile, writeServerFile }] = await Promise.all([
    import('./lib/log.ts'),
    import('./server/state-directory.ts'),
  ])
  await prepareStateDirectory(settings.stateDirectory)
  const { engineOf, openSqlStore, shownDatabase } = await import('./store/sql/sql-store.ts')
  const { createIdentity, peopleMigration } = await import('./identity/better-auth.ts')
  const engine = engineOf(settings.databaseUrl)
  const extraMigrations = { 'people-0001': peopleMigration(engine) }
  const { store, database } = await openSqlStore({ url: settings.databaseUrl, extraMigrations })
  const log = createLog(settings.logLevel)
  let background: Awaited<ReturnType<typeof startBackground>> | undefined
  try {
    const { vault, keys, sessionSecret } = await openVault(settings, store)
    const baseUrl = `http://${settings.host}:${settings.port}`
    const identity = createIdentity({
      database: database as never,
      engine,
      secret: sessionSecret,
      baseUrl,
    })
    const people = await identity.bootstrap()
    const operatorOrganization = people.organization.id
    const world = await edges(settings)
    background = await startBackground(engine, settings, {
      ...{ store, vault, keys, log, operatorOrganization },
      ...world,
    })
    const { rekeying, ready, stop } = background
    const ports = { store, vault, rekeying, identity, operatorOrganization, ...world }
    const { ensureAdminToken } = await import('./control/admin-token.ts')
    await ensureAdminToken(ports, people, tokenFile(settings.stateDirectory))
    const listening = await serve(settings, ports, log, ready)
    try {
      await writeServerFile(settings.stateDirectory, listening.url)
    } catch (error) {
      await listening.close(0)
      throw error
    }
    log.debug(
      {
        url: listening.url,
        database: shownDatabase(settings.databaseUrl),
        key: keys.source,
        version: VERSION,
      },
      'ready',
    )
    return {
      url: listening.url,
      firstStart: people.created,
      async close() {
        await listening.close(10_000)
        await stop()
        await store.close()
      },
    }
  } catch (error) {
    await background?.stop()
    await store.close()
    throw error
  }
}

type Ports = Parameters<typeof import('./control/control.ts')['createControl']>[0]

// The clock, the randomness and the providers of the real world.
async function edges(
  settings: ServerSettings,
): Promise<Pick<Ports, 'now' | 'random' | 'leaseLife' | 'providerOf'>> {
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
    now: () => Date.now(),
    random: randomSource(),
    leaseLife: settings.leaseLife,
    providerOf: (type) => providers.find((provider) => provider.probes.includes(type)),
  }
}

async function openVault(settings: ServerSettings, store: Ports['store']) {
  const [{ createVault }, { checkKeyIds, findMasterKeys }, { createKeyRing }, { KEY_FACTS }, { createHmac }] =
    await Promise.all([
      import('./vault/envelope.ts'),
      import('./vault/keys/master-key.ts'),
      import('./vault/keys/ring.ts'),
      import('./domain/rekeying.ts'),
      import('node:crypto'),
    ])
  const sources = {
    value: settings.masterKey,
    file: settings.masterKeyFile,
    defaultFile: join(settings.stateDirectory, 'master.key'),
  }
  const recorded = await store.installation.get(KEY_FACTS.recorded)
  const found = findMasterKeys(sources, recorded !== undefined || (await store.credentials.any()))
  const vault = createVault(...found.keys)
  checkKeyIds(recorded, vault.keyIds, found.source)
  if (recorded === undefined) await store.installation.put(KEY_FACTS.recorded, vault.keyId)
  const [current] = found.keys
  const sessionSecret = createHmac('sha256', current).update('claviger session secret v1').digest('base64')
  return { vault, keys: createKeyRing(vault, found), sessionSecret }
}

type BackgroundPorts = Omit<
  Parameters<typeof import('./control/operating/rekeying.ts')['createRekeying']>[0],
  'servers'
>

// What goes on beside the answering: this server is announced to others on its database, re-keying is gone on with, and
// what is old is removed.
async function startBackground(
  engine: 'sqlite' | 'postgres',
  settings: ServerSettings,
  ports: BackgroundPorts,
) {
  const [{ ALONE, BEAT, createServers }, { createRekeying }, { PRUNE_EVERY, pruneLeases }, { repeat }] =
    await Promise.all([
      import('./control/operating/servers.ts'),
      import('./control/operating/rekeying.ts'),
      import('./control/operating/pruning.ts'),
      import('./lib/repeat.ts'),
    ])
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
    async ready() {
      await store.check()
      await servers.check()
    },
    async stop() {
      ending.abort()
      await pruning.stop()
      await rekeying.stop()
      await beat.stop()
      await servers.withdraw().catch(failed)
    },
  }
}

async function serve(settings: ServerSettings, ports: Ports, log: Log, ready: () => Promise<void>) {
  const [{ createControl }, { createAuthenticator }, { createApp }, { createMetrics }, { listen }] =
    await Promise.all([
      import('./control/control.ts'),
      import('./control/authenticate.ts'),
      import('./server/app.ts'),
      import('./server/metrics.ts'),
      import('./server/listen.ts'),
    ])
  const app = createApp({
    control: createControl(ports),
    authenticate: createAuthenticator(ports),
    ready,
    metrics: createMetrics(),
    log,
    version: VERSION,
  })
  return listen(app, settings)
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
