// What a profile is called where nobody has said: here, on a server, and a credential of a server among profiles.

import type { CredentialView } from '../../api/schemas.ts'
import type { CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isProfileId } from '../../domain/names.ts'
import { MAIN_AGENT } from '../context.ts'

const PROVIDER_OF: Readonly<Partial<Record<CredentialType, string>>> = {
  'claude/oauth': 'anthropic',
  'claude/setup-token': 'anthropic',
  'claude/api-key': 'anthropic',
  'claude/bedrock-api-key': 'amazon-bedrock',
  'claude/bedrock-access-key': 'amazon-bedrock',
  'codex/oauth': 'openai-codex',
  'codex/access-token': 'openai-codex',
  'codex/api-key': 'openai',
}

/** What a profile of this type is called when nobody says: `anthropic:default`. */
export function standardProfile(type: CredentialType): string {
  return `${PROVIDER_OF[type] ?? 'raw'}:default`
}

/** `anthropic:work` is `work`, and `anthropic:default` is `anthropic`. */
export function nameOnServer(profile: string): string {
  const [provider = '', name = ''] = profile.split(/:(.*)/s)
  const wanted = name === 'default' ? provider : name
  return wanted.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 64)
}

/** The same, with the provider behind it where another profile has that name there. */
export function nameBeside(
  profile: string,
  others: readonly { readonly profile: string; readonly name: string }[],
): string {
  const wanted = nameOnServer(profile)
  if (others.every((one) => one.profile === profile || one.name !== wanted)) return wanted
  const [provider = ''] = profile.split(':')
  return `${wanted.slice(0, 63 - provider.length)}-${provider}`
}

/** By the e-mail of its account where that is known, else by its name. */
export function byEmail(credential: {
  readonly type: CredentialType
  readonly name: string
  readonly fields?: Readonly<Record<string, string>> | undefined
}): string {
  const { type, name, fields = {} } = credential
  const provider = PROVIDER_OF[type]
  if (provider === undefined)
    throw new ClavigerError('invalid', `Profiles hold no ${type}.`, { hint: 'It stays on the server.' })
  const id = `${provider}:${fields['email'] ?? ''}`
  return isProfileId(id) ? id : `${provider}:${name === provider ? 'default' : name}`
}

/** The wanted name, or with a number where that is taken. */
export function freeName(wanted: string, taken: readonly string[]): string {
  for (let i = 1; ; i += 1) {
    const name = i === 1 ? wanted : `${wanted}-${i}`
    if (!taken.includes(name)) return name
  }
}

/** Whether `freeName` may have made this name of that one. */
export function isCalledBy(wanted: string, name: string): boolean {
  return name === wanted || (name.startsWith(`${wanted}-`) && /^\d+$/.test(name.slice(wanted.length + 1)))
}

type Named = Pick<CredentialView, 'name' | 'type' | 'fields'>

/** What is said when a new login could not have the name of its e-mail; `before` has it. */
export function besideInWords(before: Named, login: Named, agent: string): string {
  const isOther = before.type === login.type
  const what = isOther
    ? `${before.name} is of another account with this e-mail: ${accountInWords(before)}. Both are kept; this one is ${accountInWords(login)}.`
    : `${before.name} is ${before.type}, and is kept as it is.`
  const [provider = ''] = login.name.split(':')
  const name = `${provider}:NAME`
  if (agent !== MAIN_AGENT)
    return `${what} A name of your own: claviger models auth login --agent ${agent} --provider ${provider} --profile-id ${name}`
  const rename = `A name of your own: claviger --local credential rename ${login.name} ${name}`
  const show = isOther ? `See which is which: claviger --local credential show ${login.name}. ` : ''
  return `${what} ${show}${rename}`
}

function accountInWords({ fields: { accountId = 'unknown', plan } = {} }: Named): string {
  return plan === undefined ? accountId : `${accountId} (${plan})`
}
