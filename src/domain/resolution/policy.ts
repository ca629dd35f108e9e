// Whom a subscription may serve. The terms of the providers are the reason (see SECURITY.md).

import { CREDENTIAL_TYPES, type CredentialType } from '../credential-types.ts'
import { ClavigerError } from '../errors.ts'
import type { HarnessName } from '../harness-names.ts'
import type { Owner } from '../owner.ts'

export const SUBSCRIPTION_POLICIES = ['off', 'owner', 'shared'] as const

/** `off`: nobody. `owner`: only runs of the person it belongs to. `shared`: whoever resolution finds it for. */
export type SubscriptionPolicy = (typeof SUBSCRIPTION_POLICIES)[number]

/** What holds of one harness's subscriptions for one person's runs. */
export interface SubscriptionRule {
  /** What the organization has chosen, or the default. */
  readonly policy: SubscriptionPolicy
  /** The person has not accepted the notice yet: until then a subscription of their own serves nobody. */
  readonly noticeMissing: boolean
}

export type SubscriptionPolicies = Readonly<Record<HarnessName, SubscriptionRule>>

/** What holds until the organization decides otherwise. */
const DEFAULT_POLICY: Readonly<Record<HarnessName, SubscriptionPolicy>> = {
  claude: 'owner',
  codex: 'shared',
}

/** Shown to every person before a subscription of their own is stored; null where there is none. */
export const NOTICE: Readonly<Record<HarnessName, string | null>> = {
  claude:
    "This stores your personal Claude subscription token on your own server. Anthropic's terms restrict third-party " +
    'products from collecting, storing or relaying Claude.ai credentials. Use it only for your own machines and your ' +
    'own account, or store an API key or a Bedrock credential instead. Anthropic may limit or suspend the account.',
  codex: null,
}

/** Shown to an owner of the organization before subscriptions are shared; null where nothing has to be accepted. */
export const SHARING_TERMS: Readonly<Record<HarnessName, string | null>> = {
  claude:
    'With "shared", Claude subscriptions may belong to the organization, a team or an agent and serve runs of people ' +
    "who did not buy them. Anthropic's terms do not permit third-party developers to route requests through Free, Pro " +
    'or Max plan credentials on behalf of their users, nor to collect, store or intermediate Claude.ai credentials or ' +
    "session tokens: sign-in to a Claude account must complete through Anthropic's own flow. The limits of Pro and Max " +
    'plans assume ordinary, individual usage. Anthropic may enforce this without prior notice, and limit or suspend ' +
    'the accounts. API keys and Bedrock have no such limit. Share only what your contract with Anthropic allows.',
  codex: null,
}

/** What holds for a run without a person, in an organization that has chosen nothing. */
export const DEFAULT_POLICIES: SubscriptionPolicies = policiesOf({}, false)

/** What holds for a person in an organization that has chosen this. */
export function policiesOf(
  chosen: Partial<Record<HarnessName, SubscriptionPolicy>>,
  noticeAccepted: boolean,
): SubscriptionPolicies {
  const rule = (harness: HarnessName): SubscriptionRule => ({
    policy: chosen[harness] ?? DEFAULT_POLICY[harness],
    noticeMissing: NOTICE[harness] !== null && !noticeAccepted,
  })
  return { claude: rule('claude'), codex: rule('codex') }
}

/** Why the policy forbids this credential, as a clause, or null when it does not. */
export function policyRefusal(
  type: CredentialType,
  owner: Owner,
  policies: SubscriptionPolicies,
): string | null {
  const { subscription, harness } = CREDENTIAL_TYPES[type]
  if (!subscription || harness === null) return null
  const { policy, noticeMissing } = policies[harness]
  const rule = `the subscriptions policy for ${harness} is`
  if (policy === 'off') return `${rule} off: no subscription may serve a run`
  if (owner.kind === 'user') {
    return noticeMissing ? `${rule} off for a person who has not accepted the notice` : null
  }
  return policy === 'shared' ? null : `${rule} owner: only a person's own subscription serves that person`
}

/** The error for storing such a credential for that owner; it names the switch. Null when the policy allows it. */
export function policyError(
  type: CredentialType,
  owner: Owner,
  policies: SubscriptionPolicies,
): ClavigerError | null {
  const reason = policyRefusal(type, owner, policies)
  const { harness } = CREDENTIAL_TYPES[type]
  if (reason === null || harness === null) return null
  const { policy, noticeMissing } = policies[harness]
  const notice = owner.kind === 'user' && policy !== 'off' && noticeMissing ? ` ${NOTICE[harness]}` : ''
  const message = `This credential is not allowed here: ${reason}.${notice}`
  return new ClavigerError('forbidden', message, { hint: remedy(harness, owner, policies[harness]) })
}

function remedy(harness: HarnessName, owner: Owner, { policy }: SubscriptionRule): string {
  const set = (to: string) => `claviger admin policy set ${harness} ${to}`
  if (owner.kind === 'user') {
    return policy === 'off'
      ? `An admin of the organization may allow it: ${set('owner')}`
      : 'To store your own, for your own runs only, say so: --personal --accept-notice'
  }
  const who = SHARING_TERMS[harness] === null ? 'An admin' : 'An owner'
  return `${who} of the organization may allow it: ${set('shared')}. Or store your own, for your own runs only: --personal`
}
