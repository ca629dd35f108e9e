// Claude Code: how each credential type is handed to it. Which variables stand in the way is in
// claude-variables.ts, its files in claude-files.ts. It does not spawn the program and does not read files.
//
// Environment deliveries set CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST=1. Measured with 2.1.208 and 2.1.330: settings files
// of user and project then cannot change credential, provider or base URL, a stored login is not used, and the shell
// commands of the model do not see ANTHROPIC_API_KEY or AWS_BEARER_TOKEN_BEDROCK (AWS_SECRET_ACCESS_KEY they do see).
// It also switches apiKeyHelper and awsCredentialExport off, so helper deliveries go without it and refuse to start
// where a settings file of the project would outrank them. So do live deliveries of a login: its access token, and never
// its refresh token, lies in the `env` block of the private settings, which a running session looks at again (measured).

import type { CredentialType } from '../domain/credential-types.ts'
import type { DeliveredFile, Delivery, DeliveryMode } from '../domain/delivery.ts'
import { ClavigerError } from '../domain/errors.ts'
import { INSTALL_COMMAND } from '../domain/harness-names.ts'
import { Secret } from '../domain/secret.ts'
import { claudeConversing } from './claude-conversing.ts'
import {
  type AdjustedSettings,
  adjustSettings,
  adjustState,
  harmlessHeaders,
  hasLogin,
  hostOf,
  LOGIN,
  LOGIN_KEY,
  mergeBack,
  otherGrants,
  projectDetours,
  projectOverrides,
  SETTINGS,
  STATE,
  textsOf,
} from './claude-files.ts'
import {
  baseUrlVariable,
  CLAUDE_CREDENTIAL_VARIABLES,
  CUSTOM_HEADERS,
  carriers,
  contradictions,
  isBedrock,
  MANAGED_BY_HOST,
  PLAIN_VARIABLES,
} from './claude-variables.ts'
import type { DeliverableCredential, DeliveryInput, Harness, MachineState, Restoration } from './harness.ts'
import { isObject, type JsonObject, parseJsonObject, readJsonObject, writeJson } from './json-file.ts'

// Between two looks at the server while a key stays good; a refused key is asked for again at once.
const HELPER_TTL = 'CLAUDE_CODE_API_KEY_HELPER_TTL_MS'
const HELPER_TTL_MS = '300000'

const AUTH_METHODS: Partial<Record<CredentialType, readonly string[]>> = {
  'claude/oauth': ['oauth_token'],
  'claude/setup-token': ['oauth_token'],
  'claude/api-key': ['api_key', 'api_key_helper'],
  'claude/bedrock-api-key': ['third_party'],
  'claude/bedrock-access-key': ['third_party'],
}

export const claude: Harness = {
  name: 'claude',
  conversing: claudeConversing,
  program: 'claude',
  programSetting: 'CLAVIGER_CLAUDE_BIN',
  minimumVersion: '2.1.208',
  installHint: INSTALL_COMMAND.claude,
  types: [
    ...(['claude/oauth', 'claude/setup-token', 'claude/api-key'] as const),
    ...(['claude/bedrock-api-key', 'claude/bedrock-access-key'] as const),
  ],
  configurationHome: { variable: 'CLAUDE_CONFIG_DIR', fallback: '.claude', besideFallback: [STATE] },
  reads: [SETTINGS, STATE],
  login: LOGIN,
  leaves: ['.credentials.json*', '.claude.json*', 'backups', '*.lock', 'daemon*'],
  copies: [],
  keeps: ['projects/', 'sessions/', 'todos/', 'file-history/', 'plans/', 'history.jsonl'],
  rebuilds: ['cache', 'debug', 'session-env', 'shell-snapshots', 'statsig', 'telemetry', '*.lock'],
  projectReads: {
    here: ['.claude/settings.json', '.claude/settings.local.json'],
    root: ['.claude/settings.local.json'],
  },
  credentialVariables: CLAUDE_CREDENTIAL_VARIABLES,
  plainVariables: PLAIN_VARIABLES,
  statusArguments: ['auth', 'status', '--json'],
  // 0.3 s, and it looks for a credential without looking at it.
  isStatusCheap: false,
  defaultMode,
  deliver,
  rewrite,
  carries,
  ambient,
  mergeBack,
  restore,
  statusAgrees,
}

interface Handing {
  readonly mode: DeliveryMode
  readonly variables: Readonly<Record<string, Secret>>
  readonly settings: Readonly<Record<string, string>>
  /** Variables in the settings instead of the environment. */
  readonly live?: Readonly<Record<string, Secret>>
}

// The helper, which outlives the key it first gave, is for a session at a terminal: the program itself, started where
// we have looked, without -p. What a wrapper starts, and in which project, cannot be seen: the environment, with its
// switch, is proof against settings files wherever that is. Kinds without a helper are handed over in it too.
function defaultMode(type: CredentialType, command: readonly string[]): DeliveryMode {
  const isLive = type === 'claude/oauth'
  if (!isLive && type !== 'claude/api-key' && type !== 'claude/bedrock-access-key') return 'env'
  const [program = '', ...words] = command
  if (program.slice(program.lastIndexOf('/') + 1) !== claude.program) return 'env'
  // Its token is renewed under a session without a terminal too.
  if (isLive) return 'helper'
  const end = words.indexOf('--')
  const options = words.slice(0, end === -1 ? undefined : end)
  return options.some((word) => word === '--print' || /^-[a-z]*p[a-z]*$/i.test(word)) ? 'env' : 'helper'
}

function deliver(input: DeliveryInput): Delivery {
  const { credential, environment, userFiles } = input
  const type = credential.type
  const handing = handOver(input)
  const own = Object.keys(handing.variables)
  const settings = adjustSettings(type, own, userFiles[SETTINGS])
  const approved = handing.variables['ANTHROPIC_API_KEY']?.expose() ?? null
  const state = adjustState(type, own, approved, userFiles[STATE])
  const grants = otherGrants(userFiles[LOGIN])
  const unset = contradictions(type, own)
  const headers = environment[CUSTOM_HEADERS]
  const harmless = headers === undefined ? undefined : harmlessHeaders(headers)
  if (harmless === '') unset.push(CUSTOM_HEADERS)
  return {
    mode: handing.mode,
    ...(handing.live !== undefined && { isLive: true }),
    set: {
      ...(harmless === undefined || harmless === '' ? {} : { [CUSTOM_HEADERS]: new Secret(harmless) }),
      // What the program would ignore in the settings of an environment delivery is said by the environment instead.
      ...(handing.mode === 'env' ? secretsOf(settings.variables) : helperDefaults(environment, settings)),
      ...handing.variables,
    },
    unset,
    files: [
      { path: SETTINGS, content: new Secret(writeJson(settingsOf(settings.settings, handing))) },
      { path: STATE, content: new Secret(writeJson(state.state)) },
      ...grants.map((text) => ({ path: LOGIN, content: new Secret(text) })),
    ],
    report: [
      ...noHelperNote(input, handing),
      ...[...unset, ...own].filter((name) => differs(name, input, handing)).map(setAside('the environment')),
      ...(headers !== harmless
        ? [setAside('the environment')(`credential headers in ${CUSTOM_HEADERS}`)]
        : []),
      ...settings.removed.map(setAside(SETTINGS)),
      ...state.removed.map(setAside(STATE)),
      ...(hasLogin(userFiles[LOGIN]) ? ["left out: the machine's own login"] : []),
      ...keptBaseUrl(type, environment, settings),
      ...checkProject(input, handing),
    ],
  }
}

function handOver(input: DeliveryInput): Handing {
  const { credential, mode, helperCommand } = input
  const managed = { [MANAGED_BY_HOST]: new Secret('1') }
  switch (credential.type) {
    case 'claude/api-key':
      return mode === 'helper'
        ? { mode, variables: {}, settings: { apiKeyHelper: helperCommand('api-key') } }
        : { mode, variables: { ...plainVariables(credential), ...managed }, settings: {} }
    case 'claude/bedrock-access-key': {
      const all = plainVariables(credential)
      const [use, region] = [all['CLAUDE_CODE_USE_BEDROCK'], all['AWS_REGION']]
      if (mode === 'env' || use === undefined || region === undefined) {
        return { mode: 'env', variables: { ...all, ...managed }, settings: {} }
      }
      const variables = { CLAUDE_CODE_USE_BEDROCK: use, AWS_REGION: region }
      return { mode, variables, settings: { awsCredentialExport: helperCommand('aws') } }
    }
    case 'claude/oauth':
      return mode === 'helper'
        ? { mode, variables: {}, settings: {}, live: plainVariables(credential) }
        : { mode, variables: { ...plainVariables(credential), ...managed }, settings: {} }
    case 'claude/setup-token':
    case 'claude/bedrock-api-key':
      return { mode: 'env', variables: { ...plainVariables(credential), ...managed }, settings: {} }
    default:
      throw new ClavigerError('invalid', `${credential.type} cannot be handed to Claude Code this way.`)
  }
}

function settingsOf(settings: JsonObject, { settings: more, live = {} }: Handing): JsonObject {
  const whole = { ...settings, ...more }
  return Object.keys(live).length === 0 ? whole : withVariables(whole, live)
}

function withVariables(settings: JsonObject, variables: Readonly<Record<string, Secret>>): JsonObject {
  const env = isObject(settings['env']) ? settings['env'] : {}
  const plain = Object.entries(variables).map(([name, value]) => [name, value.expose()] as const)
  return { ...settings, env: { ...env, ...Object.fromEntries(plain) } }
}

// Of what the program has written there meanwhile nothing is lost.
function rewrite(
  credential: DeliverableCredential,
  texts: Readonly<Record<string, string>>,
): DeliveredFile[] {
  const settings = readJsonObject(SETTINGS, texts[SETTINGS])
  const content = new Secret(writeJson(withVariables(settings, plainVariables(credential))))
  return [{ path: SETTINGS, content }]
}

// The variables that are the credential, as the program's documentation names them.
function plainVariables(credential: DeliverableCredential): Record<string, Secret> {
  const field = (name: string): Secret => {
    const value = credential.fields[name]
    if (value !== undefined) return value
    throw new ClavigerError('invalid', `The credential "${credential.name}" has no ${name}.`)
  }
  switch (credential.type) {
    case 'claude/api-key':
      return { ANTHROPIC_API_KEY: field('key') }
    case 'claude/oauth':
      return { CLAUDE_CODE_OAUTH_TOKEN: field('access') }
    case 'claude/setup-token':
      return { CLAUDE_CODE_OAUTH_TOKEN: field('token') }
    case 'claude/bedrock-api-key':
      return {
        CLAUDE_CODE_USE_BEDROCK: new Secret('1'),
        AWS_BEARER_TOKEN_BEDROCK: field('token'),
        AWS_REGION: field('region'),
      }
    default: {
      const session = credential.fields['sessionToken']
      return {
        CLAUDE_CODE_USE_BEDROCK: new Secret('1'),
        AWS_ACCESS_KEY_ID: field('accessKeyId'),
        AWS_SECRET_ACCESS_KEY: field('secretAccessKey'),
        ...(session === undefined ? {} : { AWS_SESSION_TOKEN: session }),
        AWS_REGION: field('region'),
      }
    }
  }
}

function helperDefaults(
  environment: Readonly<Record<string, string>>,
  settings: AdjustedSettings,
): Record<string, Secret> {
  const chosen = environment[HELPER_TTL] ?? settings.variables[HELPER_TTL]
  return chosen === undefined ? { [HELPER_TTL]: new Secret(HELPER_TTL_MS) } : {}
}

// A settings file of the project outranks the user's, and may send requests through a proxy of its own. An environment
// delivery is proof against all of that but one: a helper of the project makes the program ignore a setup token.
function checkProject({ credential, projectFiles }: DeliveryInput, handing: Handing): string[] {
  const own = [...Object.keys(handing.variables), ...Object.keys(plainVariables(credential))]
  return Object.entries(projectFiles).flatMap(([file, text]) => {
    const conflict = (what: string) => projectConflict(file, what, credential.name, handing.mode)
    const overrides = projectOverrides(credential.type, own, text)
    if (handing.mode === 'helper') {
      if (overrides === null) throw conflict('cannot be read, and might outrank')
      const [first] = overrides
      if (first !== undefined) throw conflict(`sets ${first}, which outranks`)
      const [detour] = projectDetours(text, 'possible')
      if (detour !== undefined) throw conflict(`sets ${detour}, which could redirect`)
      return []
    }
    const found = [...new Set([...(overrides ?? []), ...projectDetours(text, 'known')])]
    const isToken = credential.type === 'claude/setup-token' || credential.type === 'claude/oauth'
    const isBlinding = isToken && found.includes('apiKeyHelper')
    if (isBlinding) throw conflict('sets apiKeyHelper, which outranks')
    return found.map((key) => `ignored: ${key} in ${file} of the project`)
  })
}

function projectConflict(file: string, what: string, name: string, mode: DeliveryMode): ClavigerError {
  const instead = mode === 'helper' ? 'use --delivery env (the file is then ignored), ' : ''
  return new ClavigerError('conflict', `The project's ${file} ${what} the credential "${name}".`, {
    hint: `Take it out of that file, ${instead}or use --keep-env to run with what the project brings.`,
  })
}

function noHelperNote({ credential, mode }: DeliveryInput, handing: Handing): string[] {
  if (mode === handing.mode) return []
  return [`there is no helper for ${credential.type}: handed over in the environment`]
}

function keptBaseUrl(
  type: CredentialType,
  environment: Readonly<Record<string, string>>,
  settings: AdjustedSettings,
): string[] {
  const name = baseUrlVariable(type)
  const [place, url] =
    settings.variables[name] === undefined
      ? ['the environment', environment[name]]
      : [SETTINGS, settings.variables[name]]
  return url === undefined || url === '' ? [] : [`kept: ${name} from ${place}, requests go to ${hostOf(url)}`]
}

function setAside(place: string): (name: string) => string {
  return (name) => `set aside: ${name} in ${place}`
}

// Ours replacing the very same value is nothing to report.
function differs(name: string, { environment }: DeliveryInput, handing: Handing): boolean {
  const found = environment[name]
  return found !== undefined && found !== handing.variables[name]?.expose()
}

function secretsOf(variables: Readonly<Record<string, string>>): Record<string, Secret> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, new Secret(value)]))
}

function carries(type: CredentialType, machine: MachineState): string[] {
  return [...carriedIn(type, machine), ...projectCarries(type, machine)]
}

function projectCarries(type: CredentialType, { projectFiles }: MachineState): string[] {
  return Object.entries(projectFiles).flatMap(([file, text]) =>
    (projectOverrides(type, [], text) ?? []).map((key) => `${key} in ${file}`),
  )
}

function carriedIn(type: CredentialType | null, { environment, userFiles }: MachineState): string[] {
  const names = carriers(type)
  const settings = readJsonObject(SETTINGS, userFiles[SETTINGS])
  const state = readJsonObject(STATE, userFiles[STATE])
  const helper = type !== null && isBedrock(type) ? 'awsCredentialExport' : 'apiKeyHelper'
  const inside = (variables: Readonly<Record<string, string>>) =>
    names.filter((name) => !['', '0', 'false', undefined].includes(variables[name]))
  return [
    ...inside(environment).map((name) => `${name} in the environment`),
    ...inside(textsOf(settings['env'])).map((name) => `${name} in ${SETTINGS}`),
    ...inside(textsOf(state['env'])).map((name) => `${name} in ${STATE}`),
    ...(settings[helper] === undefined ? [] : [`${helper} in ${SETTINGS}`]),
  ]
}

function ambient(machine: MachineState): 'environment' | 'login' | 'none' {
  if (carriedIn(null, machine).length > 0) return 'environment'
  const state = parseJsonObject(machine.userFiles[STATE] ?? '') ?? {}
  if (typeof state['primaryApiKey'] === 'string') return 'login'
  const login = machine.userFiles[LOGIN]
  // Without that file the login may be in the keychain of a Mac.
  if (login === undefined) return isObject(state['oauthAccount']) ? 'login' : 'none'
  const stored = parseJsonObject(login)?.[LOGIN_KEY]
  // The program blanks the tokens of a login that has ended.
  return isObject(stored) && typeof stored['accessToken'] === 'string' && stored['accessToken'] !== ''
    ? 'login'
    : 'none'
}

function restore(credential: DeliverableCredential, { userFiles }: MachineState): Restoration {
  if (!claude.types.includes(credential.type)) {
    throw new ClavigerError('invalid', `${credential.type} cannot be restored for Claude Code.`)
  }
  const variables = plainVariables(credential)
  const adjusted = adjustSettings(credential.type, Object.keys(variables), userFiles[SETTINGS])
  const settings = withVariables(adjusted.settings, variables)
  return {
    files: [{ path: SETTINGS, content: new Secret(writeJson(settings)) }],
    report: adjusted.removed
      .filter((name) => !Object.keys(variables).some((own) => name === `env.${own}`))
      .map((name) => `removed: ${name} from ${SETTINGS}`),
  }
}

function statusAgrees(type: CredentialType, output: string): boolean {
  const status = parseJsonObject(output)
  const methods = AUTH_METHODS[type] ?? []
  return status?.['loggedIn'] === true && methods.some((method) => method === status['authMethod'])
}
