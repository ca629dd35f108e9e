// What people call providers among profiles, and what can be had of each.

import type { CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'

interface ProviderWords {
  readonly harness: HarnessName
  readonly login?: 'codex/oauth' | 'claude/oauth'
  readonly token?: CredentialType
  readonly key?: CredentialType
}

const TABLE = {
  anthropic: {
    ...{ harness: 'claude', login: 'claude/oauth' },
    ...{ token: 'claude/setup-token', key: 'claude/api-key' },
  },
  'openai-codex': {
    ...{ harness: 'codex', login: 'codex/oauth' },
    ...{ token: 'codex/access-token' },
  },
  openai: { harness: 'codex', key: 'codex/api-key' },
  'amazon-bedrock': { harness: 'claude', token: 'claude/bedrock-api-key', key: 'claude/bedrock-access-key' },
} as const satisfies Record<string, ProviderWords>

export type ProviderId = keyof typeof TABLE

export const PROVIDERS = Object.keys(TABLE) as ProviderId[]

/** Those that people sign in at. */
export const SIGN_IN_PROVIDERS = PROVIDERS.filter((provider) => 'login' in TABLE[provider])

export function isBuiltIn(provider: string): provider is ProviderId {
  return Object.hasOwn(TABLE, provider)
}

export function wordsOf(provider: ProviderId): ProviderWords {
  return TABLE[provider]
}

/** The type of what can be had of this provider in this way. Throws `invalid` where it cannot. */
export function typeOf<K extends 'login' | 'token' | 'key'>(
  provider: ProviderId,
  kind: K,
): NonNullable<ProviderWords[K]> {
  const type = wordsOf(provider)[kind]
  if (type !== undefined) return type as NonNullable<ProviderWords[K]>
  const others = PROVIDERS.filter((one) => wordsOf(one)[kind] !== undefined)
  throw new ClavigerError('invalid', `${provider} has no ${WHAT[kind]}.`, {
    hint: `These have: ${others.join(', ')}.`,
  })
}

/** What is said of logins that are forgotten here, one line each: nobody has told their provider. */
export function goesOnInWords(profiles: readonly string[]): string[] {
  return profiles.map((profile) => {
    const [provider = ''] = profile.split(':')
    const where = COMPANY[provider] ?? 'its provider'
    return `The login of ${profile} goes on at ${where} until it is ended there, in the settings of the account.`
  })
}

const COMPANY: Readonly<Record<string, string>> = {
  anthropic: 'Anthropic',
  'openai-codex': 'OpenAI',
  openai: 'OpenAI',
}

const WHAT = { login: 'sign-in', token: 'token to paste', key: 'key to paste' }
