// Which environment variables carry or choose a credential of Claude Code, and which of them stand in the way of which
// kind. Names only: from its documentation, and tried with 2.1.208 and 2.1.330 against a fake provider.

import type { CredentialType } from '../domain/credential-types.ts'

/** Settings files then cannot override provider, credential or base URL; see docs/decisions on project settings. */
export const MANAGED_BY_HOST = 'CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST'

const BASE_URL = 'ANTHROPIC_BASE_URL'
const BEDROCK_BASE_URL = 'ANTHROPIC_BEDROCK_BASE_URL'
export const CUSTOM_HEADERS = 'ANTHROPIC_CUSTOM_HEADERS'

// Each of these alone makes Claude Code use something else than a lower-ranked credential.
const CREDENTIALS = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR',
  'CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR',
  'CLAUDE_CODE_GATEWAY_TOKEN',
  'CLAUDE_CODE_GATEWAY_TOKEN_FILE_DESCRIPTOR',
  'CLAUDE_CODE_HOST_CREDS_FILE',
  'ANTHROPIC_PROFILE',
  'ANTHROPIC_FEDERATION_RULE_ID',
  'ANTHROPIC_IDENTITY_TOKEN',
  'ANTHROPIC_IDENTITY_TOKEN_FILE',
]

const PROVIDERS = [
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
  'CLAUDE_CODE_USE_MANTLE',
  'CLAUDE_CODE_USE_ANTHROPIC_AWS',
  'CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD',
  'CLAUDE_CODE_USE_GATEWAY',
]

// Meaningless alone, but they change what one of the above, or ours, does.
const COMPANIONS = [
  'CLAUDE_CODE_OAUTH_REFRESH_TOKEN',
  'CLAUDE_CODE_OAUTH_SCOPES',
  'CLAUDE_CODE_CUSTOM_OAUTH_URL',
  'CLAUDE_CODE_HOST_AUTH_ENV_VAR',
  'CLAUDE_CODE_SESSION_ACCESS_TOKEN',
  'CLAUDE_CODE_SKIP_BEDROCK_AUTH',
  'CLAUDE_CODE_SKIP_VERTEX_AUTH',
  'CLAUDE_CODE_SKIP_FOUNDRY_AUTH',
  'CLAUDE_CODE_SKIP_MANTLE_AUTH',
  'CLAUDE_CODE_SKIP_ANTHROPIC_AWS_AUTH',
  'CLAUDE_CODE_SKIP_ANTHROPIC_GOOGLE_CLOUD_AUTH',
  'ANTHROPIC_ORGANIZATION_ID',
  'ANTHROPIC_SERVICE_ACCOUNT_ID',
  'ANTHROPIC_WORKSPACE_ID',
  'ANTHROPIC_UNIX_SOCKET',
]

// The worker's own business (its aws program, its deployments) unless the model itself is reached through AWS.
const AWS_CREDENTIALS = [
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_PROFILE',
]
const AWS_COMPANIONS = [
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_DEFAULT_PROFILE',
]

// Seen to lead requests, and the credential in them, somewhere else when a settings file sets them.
const DETOURS = /^(.*_PROXY|NODE_TLS_REJECT_UNAUTHORIZED|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR))$/i

// What a project may set beside a helper: these can neither replace a credential nor lead a request elsewhere.
const HARMLESS = [
  'BASH_DEFAULT_TIMEOUT_MS',
  'BASH_MAX_OUTPUT_LENGTH',
  'BASH_MAX_TIMEOUT_MS',
  'DISABLE_AUTOUPDATER',
  'DISABLE_COST_WARNINGS',
  'DISABLE_ERROR_REPORTING',
  'DISABLE_TELEMETRY',
  'FORCE_COLOR',
  'LANG',
  'LC_ALL',
  'MAX_MCP_OUTPUT_TOKENS',
  'MAX_THINKING_TOKENS',
  'MCP_TIMEOUT',
  'MCP_TOOL_TIMEOUT',
  'NO_COLOR',
  'TZ',
]

/** What a run for strangers may have of a worker's environment: where requests go, which models, and what is left out. */
export const PLAIN_VARIABLES: readonly string[] = [
  ...[
    BASE_URL,
    BEDROCK_BASE_URL,
    'API_TIMEOUT_MS',
    'CLAUDE_CODE_MAX_RETRIES',
    'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
  ],
  ...['ANTHROPIC_MODEL', 'ANTHROPIC_SMALL_FAST_MODEL', 'CLAUDE_CODE_SUBAGENT_MODEL', 'MAX_THINKING_TOKENS'],
  ...['ANTHROPIC_DEFAULT_OPUS_MODEL', 'ANTHROPIC_DEFAULT_SONNET_MODEL', 'ANTHROPIC_DEFAULT_HAIKU_MODEL'],
  ...['CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC', 'DISABLE_ERROR_REPORTING', 'DISABLE_TELEMETRY'],
  ...['AWS_EC2_METADATA_DISABLED', 'DISABLE_PROMPT_CACHING'],
]

// `--bare` as a variable: it makes the program blind to subscription tokens.
const BARE = 'CLAUDE_CODE_SIMPLE'

/** Settings keys (beside `env`) that bring or force another credential. */
export const CREDENTIAL_SETTINGS = [
  'apiKeyHelper',
  'awsCredentialExport',
  'awsAuthRefresh',
  'gcpAuthRefresh',
  'forceLoginMethod',
  'forceLoginOrgUUID',
]

/** Every variable that a delivery may set or remove. */
export const CLAUDE_CREDENTIAL_VARIABLES: readonly string[] = [
  ...CREDENTIALS,
  ...PROVIDERS,
  ...COMPANIONS,
  ...AWS_CREDENTIALS,
  ...AWS_COMPANIONS,
  'AWS_REGION',
  BASE_URL,
  BEDROCK_BASE_URL,
  CUSTOM_HEADERS,
  MANAGED_BY_HOST,
  'CLAUDE_CODE_API_KEY_HELPER_TTL_MS',
]

export function isBedrock(type: CredentialType): boolean {
  return type === 'claude/bedrock-api-key' || type === 'claude/bedrock-access-key'
}

/** Variables that would outrank or contradict a credential of `type`; `own` are the ones it sets itself. */
export function contradictions(type: CredentialType, own: readonly string[] = []): string[] {
  const names = [...CREDENTIALS, ...PROVIDERS, ...COMPANIONS, MANAGED_BY_HOST]
  if (isBedrock(type)) names.push(...AWS_CREDENTIALS, ...AWS_COMPANIONS)
  if (type === 'claude/setup-token' || type === 'claude/oauth') names.push(BARE)
  return names.filter((name) => !own.includes(name))
}

/** Variables whose presence means that the machine has a credential of its own which would serve instead of `type`. */
export function carriers(type: CredentialType | null): string[] {
  const names = [...CREDENTIALS, ...PROVIDERS]
  return type !== null && isBedrock(type) ? [...names, ...AWS_CREDENTIALS] : names
}

/** Whether a variable in a settings file is known to lead requests elsewhere (a proxy, another trust in certificates). */
export function isDetour(name: string): boolean {
  return DETOURS.test(name)
}

/** Whether a variable in a settings file of a project is known to touch neither credential nor requests. */
export function isHarmless(name: string): boolean {
  return HARMLESS.includes(name)
}

/** The base URL that a gateway of this kind is named by. */
export function baseUrlVariable(type: CredentialType): string {
  return isBedrock(type) ? BEDROCK_BASE_URL : BASE_URL
}
