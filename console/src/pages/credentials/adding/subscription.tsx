// What has to be known before a subscription is stored: the provider's terms, and what the organization allows.

import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useRead } from '../../../api/queries.ts'
import { Checkbox } from '../../../ui/field.tsx'
import { Callout } from '../../../ui/notice.tsx'
import { harnessTitle } from '../../../words/harness.ts'
import type { TypeInfo } from '../../../words/types.ts'

type Rule = 'none' | 'notice' | 'off' | 'not-shared'

export interface SubscriptionRule {
  readonly rule: Rule
  /** The notice was not accepted, here or before, and has to be. */
  readonly isMissing: boolean
  readonly notice: string
  readonly accepted: boolean
  readonly accept: (accepted: boolean) => void
}

/** Which words about subscriptions somebody needs who stores this for that owner. */
export function useSubscription({ type, harness, owner }: SubscriptionOf): SubscriptionRule {
  const [accepted, accept] = useState(false)
  const { data } = useRead('policy.get', {}, { enabled: type?.subscription === true })
  const found = data?.policies.find((one) => one.harness === harness)
  const rule = ruleOf(found, owner)
  return { rule, accepted, accept, notice: found?.notice ?? '', isMissing: rule === 'notice' && !accepted }
}

interface SubscriptionOf {
  readonly type: TypeInfo | undefined
  readonly harness: string | undefined
  readonly owner: string
}

interface Policy {
  readonly policy: string
  readonly notice: string | null
  readonly noticeAccepted: boolean | null
}

function ruleOf(found: Policy | undefined, owner: string): Rule {
  if (found === undefined) return 'none'
  if (found.policy === 'off') return 'off'
  const isPersonal = owner === 'me' || owner.startsWith('user:')
  if (!isPersonal) return found.policy === 'shared' ? 'none' : 'not-shared'
  return found.notice !== null && found.noticeAccepted === false ? 'notice' : 'none'
}

export function SubscriptionWords({
  subscription,
  type,
}: {
  subscription: SubscriptionRule
  type: TypeInfo
}) {
  const { rule, notice, accepted, accept } = subscription
  const program = harnessTitle(type.harness)
  if (rule === 'none') return null
  if (rule === 'notice') {
    return (
      <Callout tone="warn">
        <p>{notice}</p>
        <Checkbox
          label="I have read this and accept it"
          required
          checked={accepted}
          onChange={(event) => accept(event.target.checked)}
        />
      </Callout>
    )
  }
  return (
    <Callout tone="warn">
      <p>
        {rule === 'off'
          ? `The organization does not allow ${program} subscriptions: the policy is off.`
          : `The organization lets a ${program} subscription serve only the person it belongs to: the policy is owner. Choose Personal, or have it changed.`}
      </p>
      <p>
        <Link to="/settings/$part" params={{ part: 'coding-agents' }} className="underline">
          The policy is in Settings → Coding agents
        </Link>
      </p>
    </Callout>
  )
}
