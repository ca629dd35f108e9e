// Every setting: flag, variable, default, meaning. The help text and docs/configuration.md are made of it; src/config.ts
// reads them.

import { IDENTITY_SETTINGS } from './identity-settings.ts'
import { RENEWAL_SETTINGS } from './renewal-settings.ts'
import type { SettingDefinition } from './setting-checks.ts'

export const SETTINGS = {
  server: {
    flag: '--server URL',
    variable: 'CLAVIGER_SERVER',
    aliases: ['MCP_BASE_URL'],
    standard: 'the saved login, else the server of this state directory, else http://127.0.0.1:7717',
    meaning:
      'Server the command line talks to. MCP_BASE_URL is read too, by exec, restore, worker, explain, codex-login and doctor --worker only.',
  },
  token: {
    variable: 'CLAVIGER_TOKEN',
    aliases: ['API_KEY'],
    standard: 'the saved login, else admin.token of the state directory',
    meaning:
      'API token of the command line. API_KEY is read too, by the same verbs as MCP_BASE_URL, when it holds a token of ours.',
  },
  harness: {
    flag: '--harness NAME',
    variable: 'CLAVIGER_HARNESS',
    aliases: ['HARNESS_PROVIDER'],
    standard: 'none: it is asked for; a worker takes runs of whatever is installed',
    meaning:
      'claude or codex: the agent program of exec and restore, and the only one that a worker takes runs of.',
  },
  workerId: {
    variable: 'CLAVIGER_WORKER_ID',
    aliases: ['AGENT_ID'],
    standard: 'none',
    meaning:
      'What this machine calls itself, the same after each restart. The audit log says it of what exec and restore take. A worker keeps its login and its runs in STATE_DIR/workers/ID, so that several can share a disk, and each finds its own again.',
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
  databaseUrlFile: {
    variable: 'CLAVIGER_DATABASE_URL_FILE',
    standard: 'none',
    meaning:
      'File that holds this URL instead, readable by its owner only: for a password that shall not stand in the environment.',
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
  workerUrl: {
    variable: 'CLAVIGER_WORKER_URL',
    standard: 'as people do',
    meaning:
      "Where workers reach the server, if not at CLAVIGER_PUBLIC_URL, for example http://claviger:7717 in a cluster. What is to be typed on their machines says so, and a login in Agent Swarm's shape is renewed there; what a worker of ours is handed follows the address that it uses.",
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
  sessionDays: {
    variable: 'CLAVIGER_SESSION_DAYS',
    standard: '30',
    meaning:
      'How long a browser stays signed in at most, in days, 1 to 365. Counted from when somebody signs in.',
  },
  sessionIdleDays: {
    variable: 'CLAVIGER_SESSION_IDLE_DAYS',
    standard: '7',
    meaning: 'How long a browser stays signed in that is not used, in days, 1 to 365.',
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
  embeddedWorkerUser: {
    variable: 'CLAVIGER_EMBEDDED_WORKER_USER',
    standard: 'none: it is a part of the server',
    meaning:
      'User of the machine, by name or number, as whom the embedded worker is a process of its own. It carries out runs of everybody then, since it cannot read what the server can. The server has to be started as root for that.',
  },
  embeddedWorkerHome: {
    variable: 'CLAVIGER_EMBEDDED_WORKER_HOME',
    standard: 'the home directory of that user',
    meaning: 'Home directory of that process; its runs lie in .claviger-worker of it.',
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
  runRecordDays: {
    variable: 'CLAVIGER_RUN_RECORD_DAYS',
    standard: '0',
    meaning:
      'A run that has been done, cancelled or failed for so many days is removed with all that was said in it; 0: never.',
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
  linearApi: {
    variable: 'CLAVIGER_LINEAR_API',
    standard: 'https://api.linear.app',
    meaning: 'Where the API of Linear is, for channels.',
  },
  bedrockUrl: {
    variable: 'CLAVIGER_BEDROCK_URL',
    standard: 'the endpoint of the region of the credential',
    meaning: 'Where Bedrock credentials are tested.',
  },
  githubApi: {
    variable: 'CLAVIGER_GITHUB_API',
    standard: 'that of CLAVIGER_GITHUB_URL',
    meaning: 'Where channels to GitHub read and write.',
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
