// Every setting in one table: flag, variable, default, meaning. Read once; nothing else reads the environment. The table
// is also the help text and docs/configuration.md.

import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { ClavigerError } from './domain/errors.ts'
import { POOL_ORDERS, type PoolOrder } from './domain/resolution/pool.ts'
import { pinnedModels } from './domain/runs/models.ts'
import { RUN_TIMINGS, type RunTimings } from './domain/runs/taking.ts'
import type { WorkerSettings } from './domain/runs/worker-settings.ts'
import { Secret } from './domain/secret.ts'
import {
  IDENTITY_SETTINGS,
  type IdentityClients,
  identityClients,
} from './domain/settings/identity-settings.ts'
import {
  RENEWAL_SETTINGS,
  type RenewalSettings,
  renewalSettings,
} from './domain/settings/renewal-settings.ts'
import {
  baseUrl,
  databaseUrl,
  httpUrl,
  issuerUrl,
  LOG_LEVELS,
  oneOf,
  type SettingDefinition,
  wholeNumber,
  wrong,
} from './domain/settings/setting-checks.ts'

export const SETTINGS = {
  server: {
    flag: '--server URL',
    variable: 'CLAVIGER_SERVER',
    aliases: ['MCP_BASE_URL'],
    standard: 'the saved login, else the server of this state directory, else http://127.0.0.1:7717',
    meaning: 'Server the command line talks to. MCP_BASE_URL is read too, by exec, restore and worker only.',
  },
  token: {
    variable: 'CLAVIGER_TOKEN',
    aliases: ['API_KEY'],
    standard: 'the saved login, else admin.token of the state directory',
    meaning: 'API token of the command line. API_KEY is read too, by exec and restore only.',
  },
  stateDirectory: {
    variable: 'CLAVIGER_STATE_DIR',
    standard: '~/.claviger',
    meaning: 'Where the server keeps its database and keys, and the command line its login. Mode 0700.',
  },
  databaseUrl: {
    flag: '--database URL',
    variable: 'CLAVIGER_DATABASE_URL',
    standard: 'sqlite:STATE_DIR/claviger.db',
    meaning:
      'Database of the server: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE. A password belongs into the variable: others can see flags.',
  },
  masterKey: {
    variable: 'CLAVIGER_MASTER_KEY',
    standard: 'none',
    meaning:
      'Master key, 32 bytes in base64 or hexadecimal. Wins over the file. While keys are changed several, with blanks between: the first seals, all open.',
  },
  masterKeyFile: {
    variable: 'CLAVIGER_MASTER_KEY_FILE',
    standard: 'STATE_DIR/master.key, made at first start',
    meaning: 'File that holds the master key, or several, one a line; readable by its owner only.',
  },
  host: {
    flag: '--host ADDRESS',
    variable: 'CLAVIGER_HOST',
    standard: '127.0.0.1',
    meaning: 'Address the server listens on. Put a TLS proxy in front of any other.',
  },
  port: {
    flag: '--port N',
    variable: 'CLAVIGER_PORT',
    standard: '7717',
    meaning: 'Port the server listens on; 0 takes a free one.',
  },
  publicUrl: {
    variable: 'CLAVIGER_PUBLIC_URL',
    standard: 'the address it listens on',
    meaning:
      'Where people and terminals reach the server. Links begin with it, and its pages take forms from it only.',
  },
  proxies: {
    variable: 'CLAVIGER_PROXIES',
    standard: '0',
    meaning:
      'How many proxies stand before the server: so many addresses at the end of X-Forwarded-For are believed. Tries to sign in are counted by address.',
  },
  logLevel: {
    variable: 'CLAVIGER_LOG',
    standard: 'info',
    meaning: 'How much the server logs: debug, info, warn, error, silent.',
  },
  leaseHours: {
    variable: 'CLAVIGER_LEASE_HOURS',
    standard: '24',
    meaning: 'How long a lease lives when nobody reads it, in hours.',
  },
  leaseRecordDays: {
    variable: 'CLAVIGER_LEASE_RECORD_DAYS',
    standard: '30',
    meaning:
      'How long the record of a lease is kept after it was over, in days. The audit log is not touched.',
  },
  workerSilence: {
    variable: 'CLAVIGER_WORKER_SILENT_SECONDS',
    standard: '120',
    meaning: 'A worker that was not heard of for so many seconds has lost its runs to whoever can have them.',
  },
  workerRuns: {
    flag: '--runs N',
    variable: 'CLAVIGER_WORKER_RUNS',
    standard: '4',
    meaning: 'How many runs a worker carries out at a time.',
  },
  embeddedWorker: {
    flag: '--no-embedded-worker',
    variable: 'CLAVIGER_EMBEDDED_WORKER',
    standard: 'yes',
    meaning:
      'no: the server carries out no runs itself. It does so only while there is one person, and for them.',
  },
  workerDirectories: {
    flag: '--directory DIR',
    variable: 'CLAVIGER_WORKER_DIRECTORIES',
    standard: 'none',
    meaning:
      'Directories of its machine that a worker lets runs work in, with all that is in them; with colons between. Other runs get one of their own.',
  },
  turnSilence: {
    variable: 'CLAVIGER_TURN_SILENCE_SECONDS',
    standard: '600',
    meaning:
      'A program of a run that says nothing for so many seconds is ended, and its turn gone on with; twelve times as long while a tool is at work.',
  },
  models: {
    variable: 'CLAVIGER_MODELS',
    standard: 'none',
    meaning:
      'Models that runs use with types of credentials, as TYPE=MODEL with commas between, for example claude/bedrock-api-key=us.anthropic.claude-sonnet-4-5. Without it a run keeps its model when another type takes over.',
  },
  runIdle: {
    variable: 'CLAVIGER_RUN_IDLE_MINUTES',
    standard: '30',
    meaning: 'A run that waits for a message for so many minutes hibernates; 0: never.',
  },
  poolOrder: {
    variable: 'CLAVIGER_POOL_ORDER',
    standard: 'fixed',
    meaning:
      'How credentials of one type and owner that nobody has put in an order serve runs: fixed (by name), or least-recently-used. A run stays with the one it has.',
  },
  anthropicUrl: {
    variable: 'CLAVIGER_ANTHROPIC_URL',
    standard: 'https://api.anthropic.com',
    meaning: 'Where Anthropic credentials are tested.',
  },
  openaiApiUrl: {
    variable: 'CLAVIGER_OPENAI_API_URL',
    standard: 'https://api.openai.com/v1',
    meaning: 'Where OpenAI API keys are tested.',
  },
  openaiIssuer: {
    variable: 'CLAVIGER_OPENAI_ISSUER',
    standard: 'https://auth.openai.com',
    meaning: 'Where people sign in with ChatGPT, logins are renewed, and Codex access tokens are tested.',
  },
  bedrockUrl: {
    variable: 'CLAVIGER_BEDROCK_URL',
    standard: 'the endpoint of the region of the credential',
    meaning: 'Where Bedrock credentials are tested.',
  },
  allowPrivateUpstreams: {
    variable: 'CLAVIGER_ALLOW_PRIVATE_UPSTREAMS',
    standard: 'no',
    meaning:
      "yes: tests of credentials, and webhooks, may call hosts in private address ranges; this machine too, where a webhook or a credential's own base URL says so.",
  },
  ...RENEWAL_SETTINGS,
  ...IDENTITY_SETTINGS,
  claudeBin: {
    variable: 'CLAVIGER_CLAUDE_BIN',
    standard: 'claude on PATH',
    meaning: 'The Claude Code program: of runs here, and of the server for signing in to Claude.',
  },
  codexBin: {
    variable: 'CLAVIGER_CODEX_BIN',
    standard: 'codex on PATH',
    meaning: 'The Codex program.',
  },
  allowHttp: {
    variable: 'CLAVIGER_ALLOW_HTTP',
    standard: 'no',
    meaning:
      'yes: Codex may renew its login over plain http with a server on another machine. Whoever can read along there can use the lease.',
  },
} as const satisfies Record<string, SettingDefinition>

export type SettingName = keyof typeof SETTINGS

/** Settings as given, by name: flags win over variables, variables over aliases. Empty ones count as not given. */
export type GivenSettings = Partial<Record<SettingName, string>>

export interface ServerSettings {
  readonly stateDirectory: string
  readonly databaseUrl: string
  readonly masterKey: Secret | null
  readonly masterKeyFile: string | null
  readonly host: string
  readonly port: number
  /** Null: the address it listens on. */
  readonly publicUrl: string | null
  readonly proxies: number
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** Milliseconds. */
  readonly leaseLife: number
  /** Milliseconds. */
  readonly leaseRecord: number
  readonly runTimings: RunTimings
  readonly poolOrder: PoolOrder
  readonly anthropicUrl: string
  readonly openaiApiUrl: string
  readonly openaiIssuer: string
  /** Path or name of the claude program; null: `claude` on PATH. */
  readonly claudeBin: string | null
  readonly codexBin: string | null
  /** Null: it carries out no runs itself. */
  readonly embeddedWorker: WorkerSettings | null
  readonly bedrockUrl: string | null
  readonly allowPrivateUpstreams: boolean
  readonly renewal: RenewalSettings
  readonly identityClients: IdentityClients
}

export interface CommandLineSettings {
  readonly stateDirectory: string
  readonly server: string | null
  readonly token: Secret | null
  readonly claudeBin: string | null
  readonly codexBin: string | null
  /** Whether programs may be pointed at a server that is reached over plain http. */
  readonly allowHttp: boolean
}

/** The environment of this process. */
export function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/**
 * Takes away what libraries would read behind our settings: the sign-in library lets variables replace its secret, add
 * origins it trusts, and switch its checks off. Call it before they are loaded.
 */
export function hideFromLibraries(env: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(env)) {
    const switchesOff = name === 'TEST' || (name === 'NODE_ENV' && env[name] === 'test')
    if (switchesOff || name === 'AUTH_SECRET' || name.startsWith('BETTER_AUTH_')) delete env[name]
  }
}

/** What the environment gives; `withAliases` also reads Agent Swarm's names. */
export function givenSettings(env: Readonly<Record<string, string>>, withAliases = false): GivenSettings {
  const given: GivenSettings = {}
  for (const [name, definition] of Object.entries(SETTINGS) as [SettingName, SettingDefinition][]) {
    const variables = [definition.variable, ...(withAliases ? (definition.aliases ?? []) : [])]
    const value = variables.map((variable) => env[variable]).find((text) => text !== undefined && text !== '')
    if (value !== undefined) given[name] = value
  }
  return given
}

/** Checked settings of the server; throws `invalid` naming the setting. What is standard of `serve` alone is its own. */
export function serverSettings(given: GivenSettings): ServerSettings {
  const stateDirectory = stateDirectoryOf(given)
  return {
    stateDirectory,
    databaseUrl: databaseUrl(
      SETTINGS.databaseUrl,
      given.databaseUrl ?? `sqlite:${join(stateDirectory, 'claviger.db')}`,
    ),
    masterKey: given.masterKey === undefined ? null : new Secret(given.masterKey),
    masterKeyFile: given.masterKeyFile ?? null,
    host: given.host ?? '127.0.0.1',
    port: wholeNumber(SETTINGS.port, given.port ?? '7717', 0, 65_535),
    publicUrl: given.publicUrl === undefined ? null : baseUrl(SETTINGS.publicUrl, given.publicUrl),
    proxies: wholeNumber(SETTINGS.proxies, given.proxies ?? '0', 0, 10),
    logLevel: oneOf(SETTINGS.logLevel, given.logLevel ?? 'info', LOG_LEVELS),
    leaseLife: wholeNumber(SETTINGS.leaseHours, given.leaseHours ?? '24', 1, 24 * 365) * 3_600_000,
    leaseRecord: wholeNumber(SETTINGS.leaseRecordDays, given.leaseRecordDays ?? '30', 1, 36_500) * 86_400_000,
    runTimings: runTimings(given),
    poolOrder: oneOf(SETTINGS.poolOrder, given.poolOrder ?? 'fixed', POOL_ORDERS),
    anthropicUrl: httpUrl(SETTINGS.anthropicUrl, given.anthropicUrl ?? 'https://api.anthropic.com'),
    openaiApiUrl: httpUrl(SETTINGS.openaiApiUrl, given.openaiApiUrl ?? 'https://api.openai.com/v1'),
    openaiIssuer: issuerUrl(SETTINGS.openaiIssuer, given.openaiIssuer ?? 'https://auth.openai.com'),
    claudeBin: given.claudeBin ?? null,
    codexBin: given.codexBin ?? null,
    embeddedWorker:
      oneOf(SETTINGS.embeddedWorker, given.embeddedWorker ?? 'no', ['yes', 'no']) === 'yes'
        ? workerSettings(given)
        : null,
    bedrockUrl: given.bedrockUrl === undefined ? null : httpUrl(SETTINGS.bedrockUrl, given.bedrockUrl),
    allowPrivateUpstreams:
      oneOf(SETTINGS.allowPrivateUpstreams, given.allowPrivateUpstreams ?? 'no', ['yes', 'no']) === 'yes',
    renewal: renewalSettings(given),
    identityClients: identityClients(given),
  }
}

function runTimings(given: GivenSettings): RunTimings {
  const idle = wholeNumber(SETTINGS.runIdle, given.runIdle ?? '30', 0, 100_000)
  const silence = wholeNumber(SETTINGS.workerSilence, given.workerSilence ?? '120', 1, 86_400)
  return { ...RUN_TIMINGS, silentAfter: silence * 1_000, idleAfter: idle === 0 ? null : idle * 60_000 }
}

/** Checked settings of the command line; throws `invalid` naming the setting. */
export function commandLineSettings(given: GivenSettings): CommandLineSettings {
  return {
    stateDirectory: stateDirectoryOf(given),
    server: given.server === undefined ? null : httpUrl(SETTINGS.server, given.server),
    token: given.token === undefined ? null : new Secret(given.token.trim()),
    claudeBin: given.claudeBin ?? null,
    codexBin: given.codexBin ?? null,
    allowHttp: oneOf(SETTINGS.allowHttp, given.allowHttp ?? 'no', ['yes', 'no']) === 'yes',
  }
}

/** Checked settings of a worker; throws `invalid` naming the setting. */
export function workerSettings(given: GivenSettings): WorkerSettings {
  const directories = (given.workerDirectories ?? '').split(':').filter((path) => path !== '')
  return {
    runs: wholeNumber(SETTINGS.workerRuns, given.workerRuns ?? '4', 1, 100),
    directories: directories.map((path) => resolve(path)),
    silence: wholeNumber(SETTINGS.turnSilence, given.turnSilence ?? '600', 1, 86_400) * 1_000,
    models: pinnedModels((what) => wrong(SETTINGS.models, what), given.models ?? ''),
  }
}

function stateDirectoryOf(given: GivenSettings): string {
  // Once and for all: a later change of the working directory moves nothing.
  if (given.stateDirectory !== undefined) return resolve(given.stateDirectory)
  const home = homedir()
  if (isAbsolute(home)) return join(home, '.claviger')
  throw new ClavigerError('invalid', 'There is no home directory: HOME is empty, or no absolute path.', {
    hint: 'Set HOME, or CLAVIGER_STATE_DIR to a directory of your own.',
  })
}
