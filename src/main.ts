// The composition root: reads argv and environment once and chooses what to start. It and serving.ts, the root of a
// server, are the only files that name implementations. Everything is loaded when it is needed, so that a helper starts
// fast and the CLI never loads a server.

import type { CliDependencies } from './cli/cli.ts'
import { MAIN_AGENT } from './cli/context.ts'
import type { OpenedProfiles } from './cli/dependencies.ts'
import {
  environment,
  givenSettings,
  hideFromLibraries,
  type ServerSettings,
  serverSettings,
  workerSettings,
} from './config.ts'
import type { HarnessName } from './domain/harness-names.ts'
import type { Harness } from './harnesses/harness.ts'
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
    return runHelper(argv.slice(1), process, async (wanted) =>
      (await import('./cli/models/helper.ts')).fieldsOf(dependencies(), wanted),
    )
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
    selfCommand: selfCommand(),
    startServer,
    startSandbox: async (options) => (await import('./sandbox/sandbox.ts')).startSandbox(options),
    harnessOf,
    openProfiles,
    agentFolders: async () => {
      const { agentFolders } = await import('./local.ts')
      const folders = agentFolders(serverSettings(givenSettings(environment())).stateDirectory)
      return {
        ...folders,
        async remove(agent) {
          // A process of this agent that was killed may have left the only copy of a login of the main agent in its journal.
          await (await openProfiles(MAIN_AGENT)).close()
          await folders.remove(agent)
        },
      }
    },
    machineLook: async () =>
      (await import('./local-look.ts')).lookOf(serverSettings(givenSettings(environment()))),
    offline: async () => (await import('./offline.ts')).createOffline(VERSION),
  }
}

async function openProfiles(agent: string): Promise<OpenedProfiles> {
  const { openLocal } = await import('./local.ts')
  const given = givenSettings(environment())
  return openLocal(serverSettings(given), {
    version: VERSION,
    agent,
    worker: () => workerSettings(given),
  })
}

function selfCommand(): readonly string[] {
  return [process.execPath, process.argv[1] ?? '']
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
  hideFromLibraries()
  const { serveWith } = await import('./serving.ts')
  return serveWith(settings, { version: VERSION, clock, selfCommand: selfCommand() })
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
