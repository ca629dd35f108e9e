// A profile as a credential of ours, and back. What a profile has beside its values stays in it.

import { CREDENTIAL_TYPES, type CredentialType, enteredFields } from '../domain/credential-types.ts'
import { ClavigerError, inOneLine } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'
import { type CheckedFields, checkFields, type FieldValues } from '../domain/values.ts'
import { sha256 } from '../lib/digest.ts'
import type { TokenSet } from '../providers/provider.ts'
import { inCalendar, type Profile, readProfile } from './format.ts'
import { pluginAnswer, pluginFacts, pluginProfile, pluginTypeOf } from './plugin-profile.ts'

/** The tokens in an answer of the provider of this type; what is not in it stays as in `before` (Renewer.tokensIn). */
export type ReadTokens = (type: CredentialType, answer: Secret, before: FieldValues) => TokenSet | null

/** What a profile is worth to us. */
export type Understood =
  | {
      readonly kind: 'values'
      readonly provider: string
      readonly type: CredentialType
      readonly content: CheckedFields
      readonly expiresAt: number | null
    }
  | {
      readonly kind: 'login'
      readonly provider: string
      readonly type: CredentialType
      readonly tokens: TokenSet
    }
  /** It stays in the file, and serves no run; `why` is one sentence for people. */
  | { readonly kind: 'unusable'; readonly provider: string; readonly why: string }

/** Provider of a profile → kind of profile → type of credential. */
const TYPES: Readonly<Record<string, Readonly<Partial<Record<Profile['type'], CredentialType>>>>> = {
  anthropic: { api_key: 'claude/api-key', token: 'claude/setup-token', oauth: 'claude/oauth' },
  'amazon-bedrock': { token: 'claude/bedrock-api-key', api_key: 'claude/bedrock-access-key' },
  'openai-codex': { api_key: 'codex/api-key', token: 'codex/access-token', oauth: 'codex/oauth' },
  openai: { api_key: 'codex/api-key', token: 'codex/access-token', oauth: 'codex/oauth' },
}

/** Type → the provider that profiles of it name, and their kind. */
const PLACES: Readonly<Partial<Record<CredentialType, readonly [provider: string, kind: Profile['type']]>>> =
  {
    'claude/oauth': ['anthropic', 'oauth'],
    'claude/setup-token': ['anthropic', 'token'],
    'claude/api-key': ['anthropic', 'api_key'],
    'claude/bedrock-api-key': ['amazon-bedrock', 'token'],
    'claude/bedrock-access-key': ['amazon-bedrock', 'api_key'],
    'codex/oauth': ['openai-codex', 'oauth'],
    'codex/access-token': ['openai-codex', 'token'],
    'codex/api-key': ['openai', 'api_key'],
  }

/** The provider that profiles of this type name. Throws `invalid` for a type that profiles cannot hold. */
export function providerOf(type: CredentialType): string {
  return placeOf(type)[0]
}

/** What this profile is worth. `id` is what it is called in the file. */
export function understand(id: string, json: unknown, read: ReadTokens): Understood {
  const profile = readProfile(json)
  if (profile === null)
    return { kind: 'unusable', provider: '', why: `${id} is of a kind that is not known here.` }
  const { provider } = profile
  const unusable = (why: string): Understood => ({ kind: 'unusable', provider, why: `${id} ${why}` })
  if ('keyRef' in profile || 'tokenRef' in profile)
    return unusable('refers to a secret that is kept elsewhere, which is not followed.')
  const type = TYPES[provider]?.[profile.type] ?? pluginTypeOf(profile)
  if (type === undefined) return unusable(`is of ${provider}, which serves no harness here.`)
  try {
    return profile.type === 'oauth' ? loginOf(type, profile, read) : valuesOf(type, profile)
  } catch (error) {
    if (!(error instanceof ClavigerError)) throw error
    return unusable(`cannot be used: ${inOneLine(error)}`)
  }
}

/** The values of a profile as one text, for telling whether somebody has changed them. No value can be told from it. */
export function digestOf(json: unknown): string {
  const profile = readProfile(json)
  if (profile === null) return ''
  const { type, provider } = profile
  const values =
    profile.type === 'oauth'
      ? [profile.access, profile.refresh]
      : profile.type === 'token'
        ? [profile.token]
        : [profile.key]
  return sha256(JSON.stringify([type, provider, ...values]))
}

/** The profile that holds these values, on top of what it was before. Throws `invalid` for a type that profiles cannot hold. */
export function profileWith(
  type: CredentialType,
  values: FieldValues,
  expiresAt: number | null,
  before: unknown,
): Profile {
  const kept = readProfile(before)
  if (values['plugin'] !== undefined) return pluginProfile(type, values, expiresAt, kept)
  const [provider, kind] = placeOf(type)
  const base = kept?.type === kind && TYPES[kept.provider]?.[kind] === type ? kept : { type: kind, provider }
  const fields = profileFields(type, values, expiresAt, kept?.metadata)
  // What was said of the values before is not said of these.
  const others = Object.entries(base).filter(([name]) => !OF_VALUES[kind].includes(name) || name in fields)
  return { ...Object.fromEntries(others), ...fields } as Profile
}

/** Whether the profile itself says when its values end, and nobody else does. */
export function isDated(json: unknown): boolean {
  return readProfile(json)?.type === 'token'
}

/** The profile of a type that holds when its values end, when only that has changed. */
export function profileUntil(json: unknown, expiresAt: number | null): unknown {
  const profile = readProfile(json)
  if (profile?.type !== 'token') return json
  const { expires: _, ...others } = profile
  return expiresAt === null ? others : { ...profile, expires: expiresAt }
}

const OF_VALUES: Readonly<Record<Profile['type'], readonly string[]>> = {
  api_key: ['metadata'],
  token: ['expires', 'metadata'],
  oauth: ['accountId', 'email', 'idToken', 'metadata'],
}

type Kinds = 'api_key' | 'token'

function valuesOf(type: CredentialType, profile: Extract<Profile, { type: Kinds }>): Understood {
  const { metadata = {} } = profile
  const value = (profile.type === 'token' ? profile.token : profile.key) ?? ''
  const given: Record<string, string> = {}
  for (const { name } of enteredFields(type)) {
    const found = name === valueField(type) ? value : metadata[name]
    if (typeof found === 'string' && found !== '') given[name] = found
  }
  if (pluginTypeOf(profile) === type) Object.assign(given, pluginFacts(profile))
  const content = checkFields(type, 'profile', given)
  return { kind: 'values', provider: profile.provider, type, content, expiresAt: endOf(profile) }
}

// Some write 0 where nobody knows.
function endOf(profile: Extract<Profile, { type: Kinds }>): number | null {
  if (profile.type !== 'token' || profile.expires === undefined || profile.expires <= 0) return null
  return Math.round(inCalendar(profile.expires))
}

/** The field that a profile has as its key or token; the others are in its metadata. */
function valueField(type: CredentialType): string {
  if (type === 'claude/bedrock-access-key') return 'secretAccessKey'
  return CREDENTIAL_TYPES[type].suffixOf
}

type Login = Extract<Profile, { type: 'oauth' }>

// As its provider answers when it renews one; what a profile says beside is what was known before.
function loginOf(type: CredentialType, profile: Login, read: ReadTokens): Understood {
  const { accountId, email, metadata = {} } = profile
  const isOfPlugin = pluginTypeOf(profile) === type
  const facts = isOfPlugin
    ? Object.entries(pluginFacts(profile))
    : Object.entries({ ...metadata, accountId, email })
  const before = Object.fromEntries(
    facts.flatMap(([name, value]) => (typeof value === 'string' ? [[name, new Secret(value)]] : [])),
  )
  const answer = isOfPlugin
    ? pluginAnswer(type, profile)
    : type === 'codex/oauth'
      ? codexAnswer(profile)
      : claudeAnswer(profile)
  const tokens = read(type, new Secret(JSON.stringify(answer)), before)
  if (tokens === null) throw new ClavigerError('invalid', 'Its tokens are none that can be used.')
  // When the access token ends is what the file says.
  const { provider, expires } = profile
  return { kind: 'login', provider, type, tokens: { ...tokens, expiresAt: Math.round(inCalendar(expires)) } }
}

// Others keep no id token; the access token says the same of the account.
function codexAnswer({ access, refresh, ...rest }: Login): object {
  const { idToken = access } = rest
  return { id_token: idToken, access_token: access, refresh_token: refresh }
}

const CLAUDE_SCOPES = 'user:inference user:profile'

function claudeAnswer(profile: Login): object {
  const { access, refresh, expires, accountId, metadata = {} } = profile
  const { scopes, organizationId, plan, tier, endsAt } = metadata
  return {
    claudeAiOauth: {
      ...{ accessToken: access, refreshToken: refresh, expiresAt: Math.round(inCalendar(expires)) },
      scopes: (typeof scopes === 'string' ? scopes : CLAUDE_SCOPES).split(' '),
      ...(accountId !== undefined && { accountUuid: accountId }),
      ...(organizationId !== undefined && { organizationUuid: organizationId }),
      ...(plan !== undefined && { subscriptionType: plan }),
      ...(tier !== undefined && { rateLimitTier: tier }),
      ...(endsAt !== undefined && { refreshTokenExpiresAt: endsAt }),
    },
  }
}

function profileFields(
  type: CredentialType,
  values: FieldValues,
  expiresAt: number | null,
  metadata: Metadata | undefined,
): object {
  const value = (name: string) => values[name]?.expose() ?? ''
  const facts = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => (value(name) === '' ? [] : [[name, value(name)]])))
  const more = (...names: readonly string[]) => withFacts(metadata, names, facts(names))
  const [, kind] = placeOf(type)
  if (kind === 'oauth') {
    const tokens = { access: value('access'), refresh: value('refresh'), expires: expiresAt ?? 0 }
    const account = facts(['accountId', 'email'])
    if (type === 'codex/oauth') return { ...tokens, ...account, idToken: value('id'), ...more('plan') }
    return { ...tokens, ...account, ...more('scopes', 'organizationId', 'plan', 'tier') }
  }
  const main = valueField(type)
  const others = enteredFields(type)
    .map(({ name }) => name)
    .filter((name) => name !== main)
  return {
    ...(kind === 'token'
      ? { token: value(main), ...(expiresAt !== null && { expires: expiresAt }) }
      : { key: value(main) }),
    ...more(...others),
  }
}

type Metadata = Readonly<Record<string, unknown>>

function withFacts(metadata: Metadata | undefined, names: readonly string[], facts: object): object {
  const kept = Object.entries(metadata ?? {}).filter(([name]) => !names.includes(name) || name in facts)
  const all = { ...Object.fromEntries(kept), ...facts }
  return metadata === undefined && Object.keys(all).length === 0 ? {} : { metadata: all }
}

function placeOf(type: CredentialType): readonly [provider: string, kind: Profile['type']] {
  const place = PLACES[type]
  if (place !== undefined) return place
  throw new ClavigerError('invalid', `Profiles hold no ${type}.`, {
    hint: 'Keep it on a server, or set the variable yourself.',
  })
}
