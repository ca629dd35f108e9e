// Profiles of providers that are plugins: `provider` is the name of the plugin, and `metadata.credential` says of which
// type of ours the key is. One that is renewed is kept as a login, any other as an API key.

import { isPluginType, type PluginType } from '../domain/credential-types.ts'
import { PLUGIN_NAME } from '../domain/names.ts'
import type { FieldValues } from '../domain/values.ts'
import type { Profile } from './format.ts'

/** Undefined: it is of no plugin. */
export function pluginTypeOf({ type, provider, metadata = {} }: Profile): PluginType | undefined {
  const credential = metadata['credential']
  if (!PLUGIN_NAME.test(provider)) return undefined
  if (type === 'token' || typeof credential !== 'string' || !isPluginType(credential)) return undefined
  return credential
}

/** Its fields beside the key and the refresh token, as they are in the file. */
export function pluginFacts(profile: Profile): Record<string, string> {
  const { provider, email, metadata = {} } = profile
  const accountId = profile.type === 'oauth' ? profile.accountId : metadata['accountId']
  const facts = { plugin: provider, baseUrl: metadata['baseUrl'], accountId, email }
  return Object.fromEntries(
    Object.entries(facts).filter((fact): fact is [string, string] => typeof fact[1] === 'string'),
  )
}

/** A login of a plugin as that plugin brings it; when its key ends is in the profile. */
export function pluginAnswer(type: string, profile: Extract<Profile, { type: 'oauth' }>): object {
  const { access: key, refresh } = profile
  return { credential: { type, key, renewal: { refresh, expiresInSeconds: 60 } } }
}

/** The profile that holds these values, on top of what it was before. */
export function pluginProfile(
  type: string,
  values: FieldValues,
  expiresAt: number | null,
  before: Profile | null,
): Profile {
  const value = (name: string) => values[name]?.expose() ?? ''
  const facts = (...names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => (value(name) === '' ? [] : [[name, value(name)]])))
  const provider = value('plugin')
  const kind = value('refresh') === '' ? 'api_key' : 'oauth'
  const base = before?.provider === provider && before.type === kind ? before : null
  const { baseUrl: _, accountId: __, ...metadata } = base?.metadata ?? {}
  const common = { ...base, type: kind, provider, ...facts('email') }
  if (kind === 'api_key')
    return {
      ...common,
      key: value('key'),
      metadata: { ...metadata, credential: type, ...facts('baseUrl', 'accountId') },
    } as Profile
  return {
    ...common,
    ...{ access: value('key'), refresh: value('refresh'), expires: expiresAt ?? 0 },
    ...facts('accountId'),
    metadata: { ...metadata, credential: type, ...facts('baseUrl') },
  } as Profile
}
