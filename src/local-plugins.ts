// Plugins over the profiles of this machine: what signing in with one brings is a profile. A part of the root of a machine without
// a server.

import type { PluginHouse } from './cli/dependencies.ts'
import { ClavigerError } from './domain/errors.ts'
import { isProfileId } from './domain/names.ts'
import { profileWith, type ReadTokens, understand } from './profiles/content.ts'
import { type Profile, readProfile } from './profiles/format.ts'
import type { ProfileKeeper } from './profiles/keeper.ts'
import { documentIn } from './profiles/pair.ts'
import { type AgentPlace, readOwnFile } from './profiles/place.ts'
import { pluginFacts } from './profiles/plugin-profile.ts'
import type { Plugins } from './providers/plugin/plugins.ts'
import type { Account } from './providers/provider.ts'

/** Signing in with plugins: what comes of it becomes a profile of the agent itself. */
export function pluginHouse(
  plugins: Plugins,
  keeper: ProfileKeeper,
  places: readonly AgentPlace[],
): PluginHouse {
  return {
    list: plugins.list,
    async signIn(name, desk, { profile, replaceAccount }) {
      const { type, tokens } = await plugins.login(name, desk)
      const { account, content, expiresAt } = tokens
      const byEmail = `${name}:${account.email}`
      const id = profile ?? (isProfileId(byEmail) ? byEmail : `${name}:default`)
      let isNew = true
      await keeper.put(id, (before) => {
        isNew = before === undefined
        if (!isNew) mustBeReplaceable(id, before, { name, account, replaceAccount })
        return profileWith(type, content.values, expiresAt, before)
      })
      return { profile: id, isNew, twins: twinsOf(places, id, account) }
    },
    endOf(profile) {
      const [json] = places.flatMap((place) => {
        const { profiles } = documentIn(place, readOwnFile(place.profiles))
        return profiles[profile] ?? []
      })
      const read: ReadTokens = (type, answer, before) => plugins.tokensIn(type, answer, before, Date.now())
      const found = understand(profile, json, read)
      if (found.kind === 'unusable') return null
      const { values } = found.kind === 'login' ? found.tokens.content : found.content
      return values['plugin'] === undefined ? null : () => plugins.revoke(found.type, values)
    },
  }
}

// Other profiles of this plugin that are of the same account, or have the very same value.
function twinsOf(
  places: readonly AgentPlace[],
  id: string,
  account: Account,
): { readonly profile: string; readonly sameToken: boolean }[] {
  const all = places.flatMap((place) =>
    Object.entries(documentIn(place, readOwnFile(place.profiles)).profiles).flatMap(([name, json]) => {
      const profile = readProfile(json)
      return profile === null ? [] : [{ name, profile }]
    }),
  )
  const own = all.find(({ name }) => name === id)
  if (own === undefined) return []
  const others = all.filter(({ name, profile }) => name !== id && profile.provider === own.profile.provider)
  return others.flatMap(({ name, profile }) => {
    const sameToken = secretOf(profile) === secretOf(own.profile)
    const sameAccount = account.id !== '' && pluginFacts(profile)['accountId'] === account.id
    return sameToken || sameAccount ? [{ profile: name, sameToken }] : []
  })
}

// What a login is renewed with, or the key.
function secretOf(profile: Profile): string {
  if (profile.type === 'oauth') return profile.refresh
  return (profile.type === 'token' ? profile.token : profile.key) ?? ''
}

function mustBeReplaceable(
  id: string,
  before: unknown,
  now: { readonly name: string; readonly account: Account; readonly replaceAccount: boolean },
): void {
  const profile = readProfile(before)
  const hint = `Store it under another name: --profile-id ${now.name}:work`
  if (profile?.provider !== now.name)
    throw new ClavigerError('conflict', `There is a profile ${id} already, of another provider.`, { hint })
  const { accountId = '' } = pluginFacts(profile)
  if (now.replaceAccount || accountId === now.account.id || accountId === '') return
  throw new ClavigerError('conflict', `${id} is of a different account.`, {
    hint: `${hint}, or say --replace-account.`,
  })
}
