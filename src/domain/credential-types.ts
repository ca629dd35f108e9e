// Every type of credential as one table of data: its fields, what is checked, where to get one, what it bills.
// A new type is a new row. Checks of values that need the table live in values.ts; deliveries in harnesses/.

import type { HarnessName } from './harness-names.ts'

export type ProviderName = 'anthropic' | 'openai' | 'bedrock'

export interface FieldDefinition {
  readonly name: string
  /** What people call it, in prompts and messages. */
  readonly label: string
  readonly secret: boolean
  readonly required: boolean
  /** It stays with us: no lease carries it. */
  readonly stays?: boolean
  /** Nobody enters it: it comes with a sign-in through the plugin of a provider. */
  readonly ofPlugin?: boolean
  /** The environment variable that carries it; its length limit follows from it. Null: never in the environment. */
  readonly variable: string | null
  /** What a value looks like, shown as a placeholder. */
  readonly example: string
  /** Must match, after trimming. */
  readonly pattern: RegExp
  /** Completes "it …" when the pattern does not match. */
  readonly expectation: string
  /** Texts that show another kind of credential was pasted: prefix → the type it belongs to. */
  readonly mistakenFor?: Readonly<Record<string, string>>
  /** Line breaks inside the value are kept; elsewhere they are refused. */
  readonly multiline?: boolean
}

export interface CredentialTypeDefinition {
  readonly harness: HarnessName | null
  readonly kind: string
  readonly title: string
  /** Place among the types of its harness when an owner has set no order; lower goes first. */
  readonly order: number
  readonly provider: ProviderName | null
  /** Paid by a person's subscription: the subscriptions policy applies. */
  readonly subscription: boolean
  /** `typed`: its fields are entered. `sign-in`: it is made by an OAuth login only. */
  readonly entry: 'typed' | 'sign-in'
  readonly fields: readonly FieldDefinition[]
  /** The field whose last characters identify it to people. */
  readonly suffixOf: string
  readonly whereToGet: string
  readonly rights: string
  readonly bills: string
}

const PRINTABLE = /^[\x21-\x7e]+$/
// A key never leaves this machine unencrypted. Neither a user nor a quote belongs in it.
const BASE_URL =
  /^(https:\/\/[^\s"'\\@]+|http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])([:/?#][^\s"'\\@]*)?)$/i
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/

function secretField(name: string, label: string, variable: string | null, example: string): FieldDefinition {
  const expectation = 'must be one line of printable characters without spaces'
  return { name, label, secret: true, required: true, variable, example, pattern: PRINTABLE, expectation }
}

const REGION_FIELD: FieldDefinition = {
  name: 'region',
  label: 'AWS region',
  secret: false,
  required: true,
  variable: 'AWS_REGION',
  example: 'us-east-1',
  pattern: REGION,
  expectation: 'should look like us-east-1',
}

function fact(name: string, label: string, required = false): FieldDefinition {
  const expectation = 'must be one line of printable characters without spaces'
  return { ...secretField(name, label, null, ''), secret: false, required, expectation }
}

const REFRESH_TOKEN: FieldDefinition = {
  ...secretField('refresh', 'refresh token', null, ''),
  stays: true,
}

// What a plugin brings beside the key, and nobody enters. With a refresh token it renews the key.
const OF_PLUGIN: readonly FieldDefinition[] = [
  { ...fact('plugin', 'plugin'), pattern: /^[a-z][a-z0-9-]{0,31}$/ },
  { ...REFRESH_TOKEN, required: false },
  fact('accountId', 'account'),
  fact('email', 'e-mail'),
].map((field) => ({ ...field, stays: true, ofPlugin: true }))

const BEDROCK_BILLS = 'Your AWS account, at Bedrock prices.'
const BEDROCK_RIGHTS =
  'bedrock:InvokeModel, bedrock:InvokeModelWithResponseStream and bedrock:ListInferenceProfiles.'

const TYPES = {
  'claude/oauth': {
    harness: 'claude',
    kind: 'oauth',
    title: 'Claude subscription',
    order: 1,
    provider: 'anthropic',
    subscription: true,
    entry: 'sign-in',
    fields: [
      secretField('access', 'access token', null, ''),
      REFRESH_TOKEN,
      { ...fact('scopes', 'scopes', true), pattern: /^[\x20-\x7e]+$/ },
      fact('accountId', 'account'),
      fact('organizationId', 'organization'),
      fact('email', 'e-mail'),
      fact('plan', 'plan'),
      fact('tier', 'rate limit tier'),
    ],
    suffixOf: 'access',
    whereToGet: 'By signing in with the claude program',
    rights: 'A Claude Pro, Max, Team or Enterprise plan.',
    bills: 'The subscription of the person who signs in.',
  },
  'claude/setup-token': {
    harness: 'claude',
    kind: 'setup-token',
    title: 'Claude setup token',
    order: 2,
    provider: 'anthropic',
    subscription: true,
    entry: 'typed',
    fields: [
      {
        ...secretField('token', 'setup token', 'CLAUDE_CODE_OAUTH_TOKEN', 'sk-ant-oat01-…'),
        pattern: /^sk-ant-oat01-[\x21-\x7e]+$/,
        expectation: 'should start with sk-ant-oat01-',
        mistakenFor: { 'sk-ant-api': 'claude/api-key' },
      },
    ],
    suffixOf: 'token',
    whereToGet: 'Run `claude setup-token` in a terminal and copy what it prints',
    rights: 'A Claude Pro, Max, Team or Enterprise plan.',
    bills: 'The subscription of the person who made it, not an API balance.',
  },
  'claude/api-key': {
    harness: 'claude',
    kind: 'api-key',
    title: 'Anthropic API key',
    order: 3,
    provider: 'anthropic',
    subscription: false,
    entry: 'typed',
    fields: [
      {
        ...secretField('key', 'API key', 'ANTHROPIC_API_KEY', 'sk-ant-…'),
        pattern: /^sk-ant-[\x21-\x7e]+$/,
        expectation: 'should start with sk-ant-',
        mistakenFor: { 'sk-ant-oat': 'claude/setup-token', 'sk-ant-ort': 'claude/oauth' },
      },
      ...OF_PLUGIN,
    ],
    suffixOf: 'key',
    whereToGet: 'https://platform.claude.com/settings/keys',
    rights: 'A key of a workspace with access to the models you use.',
    bills: 'Your Anthropic API balance, not a Claude subscription.',
  },
  'claude/bedrock-api-key': {
    harness: 'claude',
    kind: 'bedrock-api-key',
    title: 'Amazon Bedrock API key',
    order: 4,
    provider: 'bedrock',
    subscription: false,
    entry: 'typed',
    fields: [secretField('token', 'Bedrock API key', 'AWS_BEARER_TOKEN_BEDROCK', 'ABSK…'), REGION_FIELD],
    suffixOf: 'token',
    whereToGet: 'AWS console → Amazon Bedrock → API keys',
    rights: BEDROCK_RIGHTS,
    bills: BEDROCK_BILLS,
  },
  'claude/bedrock-access-key': {
    harness: 'claude',
    kind: 'bedrock-access-key',
    title: 'AWS access key for Bedrock',
    order: 5,
    provider: 'bedrock',
    subscription: false,
    entry: 'typed',
    fields: [
      {
        ...secretField('accessKeyId', 'access key id', 'AWS_ACCESS_KEY_ID', 'AKIA…'),
        pattern: /^A[KS]IA[A-Z0-9]{12,124}$/,
        expectation: 'should start with AKIA (or ASIA for a temporary one)',
      },
      secretField('secretAccessKey', 'secret access key', 'AWS_SECRET_ACCESS_KEY', '40 characters'),
      {
        ...secretField('sessionToken', 'session token', 'AWS_SESSION_TOKEN', 'for temporary keys only'),
        required: false,
      },
      REGION_FIELD,
    ],
    suffixOf: 'accessKeyId',
    whereToGet: 'AWS console → IAM → Users → Security credentials',
    rights: BEDROCK_RIGHTS,
    bills: BEDROCK_BILLS,
  },
  'codex/oauth': {
    harness: 'codex',
    kind: 'oauth',
    title: 'ChatGPT sign-in',
    order: 1,
    provider: 'openai',
    subscription: true,
    entry: 'sign-in',
    fields: [
      secretField('id', 'id token', null, ''),
      secretField('access', 'access token', null, ''),
      REFRESH_TOKEN,
      fact('accountId', 'account', true),
      fact('email', 'e-mail'),
      fact('plan', 'plan'),
    ],
    suffixOf: 'access',
    whereToGet: 'By signing in with ChatGPT',
    rights: 'A ChatGPT plan that includes Codex.',
    bills: 'The ChatGPT plan of the person who signs in.',
  },
  'codex/access-token': {
    harness: 'codex',
    kind: 'access-token',
    title: 'Codex access token',
    order: 2,
    provider: 'openai',
    subscription: true,
    entry: 'typed',
    fields: [
      {
        ...secretField('token', 'access token', 'CODEX_ACCESS_TOKEN', 'at-…'),
        pattern: /^at-[\x21-\x7e]+$/,
        expectation: 'should start with at-',
        mistakenFor: { 'sk-': 'codex/api-key' },
      },
    ],
    suffixOf: 'token',
    whereToGet: 'ChatGPT workspace settings → Codex → Access tokens (Business and Enterprise)',
    rights: 'A workspace whose admin allows access tokens.',
    bills: 'The ChatGPT workspace.',
  },
  'codex/api-key': {
    harness: 'codex',
    kind: 'api-key',
    title: 'OpenAI API key',
    order: 3,
    provider: 'openai',
    subscription: false,
    entry: 'typed',
    fields: [
      {
        ...secretField('key', 'API key', 'OPENAI_API_KEY', 'sk-…'),
        pattern: /^sk-[\x21-\x7e]+$/,
        expectation: 'should start with sk-',
        mistakenFor: { 'sk-ant-': 'claude/api-key', 'at-': 'codex/access-token' },
      },
      {
        name: 'baseUrl',
        label: 'base URL',
        secret: false,
        required: false,
        variable: null,
        example: 'https://us.api.openai.com/v1',
        pattern: BASE_URL,
        expectation: 'should be an https URL (http on this machine only)',
      },
      ...OF_PLUGIN,
    ],
    suffixOf: 'key',
    whereToGet: 'https://platform.openai.com/api-keys',
    rights: 'Model capabilities: Responses (write) and Models (read).',
    bills: 'Your OpenAI API balance, not a ChatGPT subscription.',
  },
  raw: {
    harness: null,
    kind: 'raw',
    title: 'Raw secret',
    order: 0,
    provider: null,
    subscription: false,
    entry: 'typed',
    fields: [
      {
        ...secretField('value', 'value', null, 'any text'),
        pattern: /^[^\0]+$/,
        expectation: 'must not hold a NUL character',
        multiline: true,
      },
    ],
    suffixOf: 'value',
    whereToGet: 'Anywhere: it is handed to runs as the environment variable of its name',
    rights: 'Whatever the program that reads it needs.',
    bills: 'Nothing by itself.',
  },
} as const satisfies Record<string, CredentialTypeDefinition>

export type CredentialType = keyof typeof TYPES

/** The table: type name → its definition. */
export const CREDENTIAL_TYPES: Readonly<Record<CredentialType, CredentialTypeDefinition>> = TYPES

export const CREDENTIAL_TYPE_NAMES = Object.keys(TYPES) as CredentialType[]

export function isCredentialType(text: string): text is CredentialType {
  return Object.hasOwn(TYPES, text)
}

/** Types that plugins of providers bring. */
export const PLUGIN_TYPES = ['claude/api-key', 'codex/api-key'] as const satisfies CredentialType[]

export type PluginType = (typeof PLUGIN_TYPES)[number]

export function isPluginType(text: string): text is PluginType {
  return PLUGIN_TYPES.some((type) => type === text)
}

/**
 * Whether it is kept alive by renewing: a sign-in, or a key that a plugin has brought with an end. Where `shown` is not at
 * hand its end tells: no other key of these types has one.
 */
export function isRenewed({ type, expiresAt, shown }: Ending): boolean {
  if (CREDENTIAL_TYPES[type].entry === 'sign-in') return true
  const mayBeOfPlugin = shown === undefined || shown['plugin'] !== undefined
  return isPluginType(type) && (expiresAt ?? null) !== null && mayBeOfPlugin
}

interface Ending {
  readonly type: CredentialType
  readonly expiresAt: unknown
  /** Fields that are no secret. */
  readonly shown?: Readonly<Record<string, string>>
}

/** What to type to sign in again for it. */
export function signInWords({ type, name }: { type: CredentialType; name: string }): string {
  if (!isPluginType(type)) return `claviger credential login ${name}`
  return `claviger models auth login --provider ${name.split(':')[0]} --profile-id ${name}`
}

/** The fields of a type that people enter. */
export function enteredFields(type: CredentialType): FieldDefinition[] {
  return CREDENTIAL_TYPES[type].fields.filter(({ ofPlugin }) => ofPlugin !== true)
}

/** Names of the fields that a holder of the credential is given. */
export function handedOut(type: CredentialType): string[] {
  return CREDENTIAL_TYPES[type].fields.filter(({ stays }) => stays !== true).map(({ name }) => name)
}
