// Whom a person's subscription may serve. The terms of the providers are the reason (see SECURITY.md).

import { CREDENTIAL_TYPES, type CredentialType } from './credential-types.ts'
import type { HarnessName } from './harness-names.ts'
import type { Owner } from './owner.ts'

/** `off`: nobody. `owner`: only runs of the person it belongs to. `shared`: whoever resolution finds it for. */
export type SubscriptionPolicy = 'off' | 'owner' | 'shared'

export type SubscriptionPolicies = Readonly<Record<HarnessName, SubscriptionPolicy>>

/** What holds until somebody decides otherwise. */
export const DEFAULT_POLICIES: SubscriptionPolicies = { claude: 'off', codex: 'shared' }

export const CLAUDE_NOTICE =
  "This stores your personal Claude subscription token on your own server. Anthropic's terms restrict third-party " +
  'products from collecting, storing or relaying Claude.ai credentials. Use it only for your own machines and your ' +
  'own account, or store an API key or a Bedrock credential instead. Anthropic may limit or suspend the account.'

/** Why the policy forbids this credential, or null when it does not. */
export function policyRefusal(
  type: CredentialType,
  owner: Owner,
  policies: SubscriptionPolicies,
): string | null {
  const { subscription, harness } = CREDENTIAL_TYPES[type]
  if (!subscription || harness === null) return null
  const policy = policies[harness]
  if (policy === 'off') return `the subscriptions policy for ${harness} is off`
  if (policy === 'owner' && owner.kind !== 'user') {
    return `the subscriptions policy for ${harness} is owner: only a person's own subscription serves that person`
  }
  return null
}
