// The composition root: reads argv and environment once, chooses what to start, and is the only file that names
// implementations. Everything is loaded when it is needed, so that a helper starts fast and the CLI never loads a server.

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
    offline: async () => (await import('./offline.ts')).createOffline(VERSION),
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
  const { createIdentity, PASSING_TABLES, peopleMigrations } = await import('./identity/better-auth.ts')
  const engine = engineOf(settings.databaseUrl)
  const { store, database, snapshot } = await openSqlStore({
    url: settings.databaseUrl,
    extraMigrations: peopleMigrations(engine),
    scratch: settings.stateDirectory,
  })
  try {
    const { vault, sessionSecret, keySource } = await openVault(settings, store)
    const baseUrl = `http://${settings.host}:${settings.port}`
    const identity = createIdentity({
      database: database as never,
      engine,
      secret: sessionSecret,
      baseUrl,
    })
    const people = await identity.bootstrap()
    const operatorOrganization = people.organization.id
    const ports = {
      ...{ store, vault, identity, operatorOrganization, program: VERSION },
      snapshot: () => snapshot(PASSING_TABLES),
      ...(await edges(settings)),
    }
    const { ensureAdminToken } = await import('./control/admin-token.ts')
    await ensureAdminToken(ports, people, tokenFile(settings.stateDirectory))
    const log = createLog(settings.logLevel)
    const listening = await serve(settings, ports, log)
    try {
      await writeServerFile(settings.stateDirectory, listening.url)
    } catch (error) {
      await listening.close(0)
      throw error
    }
    log.debug(
      { url: listening.url, database: shownDatabase(settings.databaseUrl), key: keySource, version: VERSION },
      'ready',
    )
    return {
      url: listening.url,
      firstStart: people.created,
      async close() {
        await listening.close(10_000)
        await store.close()
      },
    }
  } catch (error) {
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
  checkKeyId(recorded, vault.keyId, keySource)
  if (recorded === undefined) await store.installation.put('master-key-id', vault.keyId)
  const sessionSecret = createHmac('sha256', key).update('claviger session secret v1').digest('base64')
  return { vault, sessionSecret, keySource }
}

async function serve(settings: ServerSettings, ports: Ports, log: Log) {
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
    ready: () => ports.store.check(),
    metrics: createMetrics(),
    log,
    version: VERSION,
  })
  return listen(app, settings)
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
