// The settings of the table in domain/settings, read once and checked; nothing else reads the environment.

import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { ClavigerError } from './domain/errors.ts'
import { POOL_ORDERS, type PoolOrder } from './domain/resolution/pool.ts'
import { pinnedModels } from './domain/runs/models.ts'
import { RUN_TIMINGS, type RunTimings } from './domain/runs/taking.ts'
import type { WorkerSettings } from './domain/runs/worker-settings.ts'
import { Secret } from './domain/secret.ts'
import { type IdentityClients, identityClients } from './domain/settings/identity-settings.ts'
import { type RenewalSettings, renewalSettings } from './domain/settings/renewal-settings.ts'
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
import { type GivenSettings, SETTINGS, type SettingName } from './domain/settings/settings.ts'
import { readPrivateText } from './lib/files/private-text.ts'

const DAY = 86_400_000

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
  /** How long a browser stays signed in, and without being used; milliseconds. */
  readonly sessionLife: { readonly whole: number; readonly idle: number }
  /** Milliseconds. */
  readonly leaseRecord: number
  readonly runTimings: RunTimings
  readonly poolOrder: PoolOrder
  readonly anthropicUrl: string
  readonly openaiApiUrl: string
  readonly openaiIssuer: string
  readonly linearApi: string
  /** Path or name of the claude program; null: `claude` on PATH. */
  readonly claudeBin: string | null
  readonly codexBin: string | null
  /** Null: it carries out no runs itself. */
  readonly embeddedWorker: WorkerSettings | null
  /** As whom that is done, by name or number; null: as the user of the server. */
  readonly embeddedWorkerUser: { readonly name: string; readonly home: string | null } | null
  readonly bedrockUrl: string | null
  /** Where GitHub is, for people; accounts there are named by it. */
  readonly githubUrl: string
  /** Null: that of `githubUrl`. */
  readonly githubApi: string | null
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
      given.databaseUrl ??
        databaseUrlIn(given.databaseUrlFile) ??
        `sqlite:${join(stateDirectory, 'claviger.db')}`,
    ),
    masterKey: given.masterKey === undefined ? null : new Secret(given.masterKey),
    masterKeyFile: given.masterKeyFile ?? null,
    host: given.host ?? '127.0.0.1',
    port: wholeNumber(SETTINGS.port, given.port ?? '7717', 0, 65_535),
    publicUrl: given.publicUrl === undefined ? null : baseUrl(SETTINGS.publicUrl, given.publicUrl),
    proxies: wholeNumber(SETTINGS.proxies, given.proxies ?? '0', 0, 10),
    logLevel: oneOf(SETTINGS.logLevel, given.logLevel ?? 'info', LOG_LEVELS),
    leaseLife: wholeNumber(SETTINGS.leaseHours, given.leaseHours ?? '24', 1, 24 * 365) * 3_600_000,
    sessionLife: {
      whole: wholeNumber(SETTINGS.sessionDays, given.sessionDays ?? '30', 1, 365) * DAY,
      idle: wholeNumber(SETTINGS.sessionIdleDays, given.sessionIdleDays ?? '7', 1, 365) * DAY,
    },
    leaseRecord: wholeNumber(SETTINGS.leaseRecordDays, given.leaseRecordDays ?? '30', 1, 36_500) * DAY,
    runTimings: runTimings(given),
    poolOrder: oneOf(SETTINGS.poolOrder, given.poolOrder ?? 'fixed', POOL_ORDERS),
    anthropicUrl: httpUrl(SETTINGS.anthropicUrl, given.anthropicUrl ?? 'https://api.anthropic.com'),
    openaiApiUrl: httpUrl(SETTINGS.openaiApiUrl, given.openaiApiUrl ?? 'https://api.openai.com/v1'),
    linearApi: issuerUrl(SETTINGS.linearApi, given.linearApi ?? 'https://api.linear.app'),
    openaiIssuer: issuerUrl(SETTINGS.openaiIssuer, given.openaiIssuer ?? 'https://auth.openai.com'),
    claudeBin: given.claudeBin ?? null,
    codexBin: given.codexBin ?? null,
    embeddedWorker:
      oneOf(SETTINGS.embeddedWorker, given.embeddedWorker ?? 'no', ['yes', 'no']) === 'yes'
        ? workerSettings(given)
        : null,
    embeddedWorkerUser:
      given.embeddedWorkerUser === undefined
        ? null
        : {
            name: given.embeddedWorkerUser,
            home: given.embeddedWorkerHome === undefined ? null : resolve(given.embeddedWorkerHome),
          },
    bedrockUrl: given.bedrockUrl === undefined ? null : httpUrl(SETTINGS.bedrockUrl, given.bedrockUrl),
    githubUrl: issuerUrl(SETTINGS.githubUrl, given.githubUrl ?? 'https://github.com'),
    githubApi: given.githubApi === undefined ? null : httpUrl(SETTINGS.githubApi, given.githubApi),
    allowPrivateUpstreams:
      oneOf(SETTINGS.allowPrivateUpstreams, given.allowPrivateUpstreams ?? 'no', ['yes', 'no']) === 'yes',
    renewal: renewalSettings(given),
    identityClients: identityClients(given),
  }
}

// The URL holds a password: no message repeats it.
function databaseUrlIn(file: string | undefined): string | null {
  if (file === undefined) return null
  const found = readPrivateText(file)
  if ('text' in found) return found.text
  throw wrong(SETTINGS.databaseUrlFile, `names ${file}, which ${found.fault}`)
}

function runTimings(given: GivenSettings): RunTimings {
  const idle = wholeNumber(SETTINGS.runIdle, given.runIdle ?? '30', 0, 100_000)
  const silence = wholeNumber(SETTINGS.workerSilence, given.workerSilence ?? '120', 1, 86_400)
  const kept = wholeNumber(SETTINGS.runRecordDays, given.runRecordDays ?? '0', 0, 36_500)
  return {
    ...{ ...RUN_TIMINGS, silentAfter: silence * 1_000 },
    idleAfter: idle === 0 ? null : idle * 60_000,
    keptFor: kept === 0 ? null : kept * DAY,
  }
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
