// What a profile is called on a server, and a credential of a server among profiles.

import type { CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isProfileId } from '../../domain/names.ts'

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
