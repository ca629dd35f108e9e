// Codex: how each credential type is handed to it. Always by its own auth.json, which serves every surface of the program
// (CODEX_API_KEY serves `codex exec` only) and keeps the credential out of the environment of the commands that the model
// runs. A sign-in comes without its refresh token: in its place is the handle of the lease, which the program renews its
// tokens with at our server and signs out with there. Its configuration file is in codex-config.ts. It does not spawn and does not read files.

import { codexIssuer, codexLoginFile } from '../domain/codex/login-file.ts'
import type { CredentialType } from '../domain/credential-types.ts'
import { type Delivery, isPrivateWay } from '../domain/delivery.ts'
import { ClavigerError } from '../domain/errors.ts'
import { INSTALL_COMMAND } from '../domain/harness-names.ts'
import { Secret } from '../domain/secret.ts'
import { formatRefreshHandle, readRefreshHandle } from '../domain/token.ts'
import {
  adjustConfig,
  adjustProfile,
  CONFIG,
  PROFILES,
  readConfig,
  setRootKeys,
  writeConfig,
} from './codex-config.ts'
import { codexConversing } from './codex-conversing.ts'
import { mergeConfig } from './codex-merge.ts'
import type {
  DeliverableCredential,
  DeliverableLease,
  DeliveryInput,
  FileHistory,
  Harness,
  MachineState,
  Merged,
  Restoration,
} from './harness.ts'
import { isObject, parseJsonObject } from './json-file.ts'

const LOGIN = 'auth.json'
const LOGIN_BEFORE = 'auth.json.before-claviger'

// Each of these makes Codex, or a provider its configuration may name, use something else than auth.json.
const CREDENTIALS = [
  'CODEX_API_KEY',
  'CODEX_ACCESS_TOKEN',
  'OPENAI_API_KEY',
  'OPENAI_FEDERATION_RULE_ID',
  'OPENAI_IDENTITY_TOKEN_FILE',
]

const RENEW_AT = 'CODEX_REFRESH_TOKEN_URL_OVERRIDE'
const SIGN_OUT_AT = 'CODEX_REVOKE_TOKEN_URL_OVERRIDE'

// These steer sign-in and refresh: a static credential has none, and for a sign-in we say where.
const COMPANIONS = [
  RENEW_AT,
  SIGN_OUT_AT,
  'CODEX_APP_SERVER_LOGIN_CLIENT_ID',
  'CODEX_APP_SERVER_LOGIN_ISSUER',
  'OPENAI_WORKLOAD_IDENTITY_CONTEXT',
]

// OPENAI_API_KEY alone is not used by Codex: it is no credential that the machine has for it.
const CARRIERS = CREDENTIALS.filter(
  (name) => name !== 'OPENAI_API_KEY' && name !== 'OPENAI_IDENTITY_TOKEN_FILE',
)

const STATUS: Partial<Record<CredentialType, RegExp>> = {
  'codex/api-key': /API key/i,
  'codex/access-token': /personal access token/i,
  'codex/oauth': /Logged in using ChatGPT/i,
}

export const codex: Harness = {
  name: 'codex',
  conversing: codexConversing,
  program: 'codex',
  programSetting: 'CLAVIGER_CODEX_BIN',
  minimumVersion: '0.130.0',
  installHint: INSTALL_COMMAND.codex,
  types: ['codex/oauth', 'codex/access-token', 'codex/api-key'],
  configurationHome: { variable: 'CODEX_HOME', fallback: '.codex', besideFallback: [] },
  reads: [CONFIG, PROFILES],
  login: LOGIN,
  // The index of sessions holds full paths, those of a run end with it. The program finds a session that is not in its
  // index, but without one it reads them all first: 2 ms for each.
  leaves: ['auth.json*', '*.lock', 'tmp', 'state_*.sqlite*'],
  copies: ['state_*.sqlite'],
  keeps: ['sessions/', 'archived_sessions/', 'history.jsonl'],
  rebuilds: [
    '*.sqlite*',
    '.sandbox_migration',
    'installation_id',
    'log',
    'models_cache.json',
    'shell_snapshots',
    'version.json',
  ],
  // Codex itself ignores providers and base URLs in a project's .codex/config.toml.
  projectReads: { here: [], root: [] },
  credentialVariables: [...CREDENTIALS, ...COMPANIONS, 'CODEX_HOME', 'CODEX_AUTHAPI_BASE_URL'],
  plainVariables: ['CODEX_CA_CERTIFICATE', 'CODEX_AUTHAPI_BASE_URL'],
  statusArguments: ['login', 'status'],
  // 15 ms, and it finds every malformed auth.json, with which the program would run without a credential.
  isStatusCheap: true,
  defaultMode: () => 'env',
  deliver,
  carries,
  ambient,
  mergeBack,
  restore,
  secretsInLogin,
  statusAgrees: (type, output, errors) => STATUS[type]?.test(`${output}${errors}`) ?? false,
}

function deliver({ credential, lease, mode, environment, userFiles }: DeliveryInput): Delivery {
  const { config, report } = adjustConfig(userFiles[CONFIG], baseUrlOf(credential))
  const profiles = adjustProfiles(credential, userFiles)
  const unset = [...CREDENTIALS, ...COMPANIONS]
  const authority = environment['CODEX_AUTHAPI_BASE_URL']
  return {
    mode: 'env',
    set: credential.type === 'codex/oauth' ? overrides(lease) : {},
    unset,
    files: [
      { path: LOGIN, content: loginFile(credential, lease) },
      { path: CONFIG, content: new Secret(writeConfig(config)) },
      ...profiles.files,
    ],
    report: [
      ...(mode === 'helper' ? [`there is no helper for ${credential.type}: written to ${LOGIN}`] : []),
      ...unset
        .filter((name) => environment[name] !== undefined)
        .map((name) => `set aside: ${name} in the environment`),
      ...report,
      ...profiles.report,
      ...(userFiles[LOGIN] === undefined ? [] : ["left out: the machine's own login"]),
      ...(authority === undefined || credential.type !== 'codex/access-token'
        ? []
        : ['kept: CODEX_AUTHAPI_BASE_URL from the environment']),
    ],
  }
}

// One that is malformed the program refuses by itself, if it is chosen at all; it is no reason not to start.
function adjustProfiles(
  credential: DeliverableCredential,
  userFiles: MachineState['userFiles'],
): Pick<Delivery, 'files' | 'report'> {
  const names = Object.keys(userFiles).filter(isProfile)
  const profiles = names.map((path) => {
    const text = userFiles[path] ?? ''
    const adjusted = adjustProfile(path, text, userFiles[CONFIG], baseUrlOf(credential))
    if (adjusted === null) return { files: [], report: [`left out: ${path} (it is not valid TOML)`] }
    const { config, report } = adjusted
    return { files: [{ path, content: new Secret(writeConfig(config)) }], report }
  })
  return { files: profiles.flatMap(({ files }) => files), report: profiles.flatMap(({ report }) => report) }
}

function isProfile(path: string): boolean {
  return path.endsWith(`.${CONFIG}`)
}

function loginFile(credential: DeliverableCredential, lease: DeliverableLease): Secret {
  return new Secret(`${JSON.stringify(loginOf(credential, lease), null, 2)}\n`)
}

// For an access token the program itself writes no `auth_mode`, so that its older versions can read the file: so do we.
function loginOf(credential: DeliverableCredential, lease: DeliverableLease): object {
  const empty = { tokens: null, last_refresh: null }
  switch (credential.type) {
    case 'codex/api-key':
      return { auth_mode: 'apikey', OPENAI_API_KEY: field(credential, 'key'), ...empty }
    case 'codex/access-token':
      return { OPENAI_API_KEY: null, ...empty, personal_access_token: field(credential, 'token') }
    case 'codex/oauth':
      return signInOf(credential, lease)
    default:
      throw new ClavigerError('invalid', `${credential.type} cannot be handed to Codex this way.`)
  }
}

// Older versions write it in its place: half of it may be there.
function secretsInLogin(text: string): readonly string[] | null {
  if (text.trim() === '') return []
  const login = parseJsonObject(text)
  if (login === null) return null
  const { tokens } = login
  const { id_token, access_token, refresh_token } = isObject(tokens) ? tokens : {}
  const secrets = [
    id_token,
    access_token,
    refresh_token,
    login['OPENAI_API_KEY'],
    login['personal_access_token'],
  ]
  return secrets.filter((secret) => typeof secret === 'string')
}

function signInOf(credential: DeliverableCredential, lease: DeliverableLease): object {
  const accountId = field(credential, 'accountId')
  return codexLoginFile({
    id: field(credential, 'id'),
    access: field(credential, 'access'),
    refresh: formatRefreshHandle(lease.handle.expose(), lease.generation, accountId),
    ...{ accountId, issuer: issuerOf(lease), at: lease.takenAt },
  })
}

function overrides(lease: DeliverableLease): Record<string, Secret> {
  const issuer = issuerOf(lease)
  return {
    [RENEW_AT]: new Secret(`${issuer}/oauth/token`),
    [SIGN_OUT_AT]: new Secret(`${issuer}/oauth/revoke`),
  }
}

// The handle goes there: never over the network in the clear, unless the operator says so.
function issuerOf({ serverUrl, allowHttp }: DeliverableLease): string {
  if (allowHttp || isPrivateWay(serverUrl)) return codexIssuer(serverUrl)
  const { host } = new URL(serverUrl)
  throw new ClavigerError('invalid', `Codex would renew its login at ${host} over plain http.`, {
    hint: 'Reach the server by https, or set CLAVIGER_ALLOW_HTTP=yes if nobody can read along on the way.',
  })
}

function field(credential: DeliverableCredential, name: string): string {
  const value = credential.fields[name]
  if (value !== undefined) return value.expose()
  throw new ClavigerError('invalid', `The credential "${credential.name}" has no ${name}.`)
}

function baseUrlOf(credential: DeliverableCredential): string | null {
  return credential.fields['baseUrl']?.expose() ?? null
}

function carries(_type: CredentialType, { environment, userFiles }: MachineState): string[] {
  const { model_provider: provider } = readConfig(userFiles[CONFIG])
  return [
    ...CARRIERS.filter((name) => (environment[name] ?? '') !== '').map(
      (name) => `${name} in the environment`,
    ),
    ...(typeof provider === 'string' && provider !== 'openai' ? [`model_provider in ${CONFIG}`] : []),
  ]
}

function ambient({ environment, userFiles }: MachineState): 'environment' | 'login' | 'none' {
  if (CARRIERS.some((name) => (environment[name] ?? '') !== '')) return 'environment'
  return (userFiles[LOGIN] ?? '').trim() === '' ? 'none' : 'login'
}

function mergeBack(path: string, history: FileHistory): Merged {
  return path === CONFIG || isProfile(path) ? mergeConfig(history) : { text: null, lost: [] }
}

function restore(
  credential: DeliverableCredential,
  { userFiles, environment }: MachineState,
  lease: DeliverableLease,
): Restoration {
  const baseUrl = baseUrlOf(credential)
  const keys = {
    cli_auth_credentials_store: 'file',
    ...(baseUrl === null ? {} : { openai_base_url: baseUrl }),
  }
  const { report } = adjustConfig(userFiles[CONFIG], baseUrl)
  const own = ownLogin(userFiles[LOGIN])
  return {
    files: [
      { path: CONFIG, content: new Secret(setRootKeys(userFiles[CONFIG], keys)) },
      ...(own === null ? [] : [{ path: LOGIN_BEFORE, content: own }]),
      { path: LOGIN, content: loginFile(credential, lease) },
    ],
    report: [
      ...(own === null ? [] : [`replaced: the machine's own login; what it was is kept in ${LOGIN_BEFORE}`]),
      ...report
        .filter((line) => !line.startsWith('kept:'))
        .map((line) => line.replace(/^set aside: (?=openai_base_url)/, 'replaced: '))
        .map((line) => line.replace(/^set aside:/, 'in the way:')),
      ...(credential.type === 'codex/oauth' ? wantedVariables(environment, lease) : []),
    ],
  }
}

// What the program itself has written, and not we: its tokens may be all that its owner has.
function ownLogin(text: string | undefined): Secret | null {
  const tokens = text === undefined ? null : parseJsonObject(text)?.['tokens']
  const refresh = isObject(tokens) ? tokens['refresh_token'] : null
  if (text === undefined || typeof refresh !== 'string' || refresh === '') return null
  return readRefreshHandle(refresh) === null ? new Secret(text) : null
}

// A file can say where to renew, to newer versions; only a variable can say where to sign out.
function wantedVariables(environment: MachineState['environment'], lease: DeliverableLease): string[] {
  return Object.entries(overrides(lease)).flatMap(([name, url]) => {
    const there = environment[name] ?? ''
    if (there === url.expose()) return []
    const why = name === RENEW_AT ? 'Codex before 0.166 renews there' : '`codex logout` signs out there'
    return [`${there === '' ? 'set' : 'in the way: another value of'} ${name}=${url.expose()} (${why})`]
  })
}
