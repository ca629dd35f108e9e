// The subscriptions policy of an organization: seeing it, and choosing it.

import type { Output } from '../../api/schemas.ts'
import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { NOTICE, SHARING_TERMS } from '../../domain/resolution/policy.ts'
import type { StoreGroups } from '../../store/store.ts'
import type { Act } from '../guard.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { choose, policiesBy, type Subscriptions, subscriptionsOf } from './rules.ts'
import { allowTaking, mayBeTaken } from './taking.ts'

type PolicyView = Output<'policy.set'>
type SetInput = Parameters<Control['policy.set']>[1]

export function createPolicyUseCases({
  guard,
  store,
  now,
}: Workshop): Pick<Control, 'policy.get' | 'policy.set' | 'policy.takeOut'> {
  return {
    async 'policy.get'(caller) {
      const found = await subscriptionsFor(store, caller)
      const takeOut = HARNESSES.map(async (harness) => ({
        ...{ harness, allowed: await mayBeTaken(store, caller.organizationId, harness) },
      }))
      return {
        policies: HARNESSES.map((harness) => policyView(harness, found)),
        takeOut: await Promise.all(takeOut),
      }
    },
    'policy.takeOut': (caller, { harness, allowed }) =>
      guard.perform(caller, async (unit, authorize) => {
        await authorize({
          ...{ action: 'policy.take-out', needs: { general: 'manageSettings' } },
          ...{ object: { kind: 'policy', id: harness, name: harness }, details: { allowed } },
        })
        await allowTaking(unit, caller.organizationId, harness, { allowed, at: now(), by: caller.name })
        return { harness, allowed }
      }),
    async 'policy.set'(caller, input) {
      const { harness, policy } = input
      return guard.perform(caller, async (unit, authorize) => {
        const before = await subscriptionsFor(unit, caller)
        await authorize(setAct(input, before))
        if (mustAcceptTerms(input) && !input.acceptTerms) throw termsNotAccepted(harness)
        const chosen = policy === 'default' ? null : { policy, at: now(), by: caller.name }
        await choose(unit, caller.organizationId, harness, chosen)
        return policyView(harness, await subscriptionsFor(unit, caller))
      })
    },
  }
}

// Sharing what the terms do not let be shared is for an owner of the organization, who says that they were read.
function mustAcceptTerms({ harness, policy }: SetInput): boolean {
  return policy === 'shared' && SHARING_TERMS[harness] !== null
}

function setAct(input: SetInput, before: Subscriptions): Act {
  const { harness, policy } = input
  const terms = mustAcceptTerms(input)
  return {
    action: 'policy.set',
    needs: { general: terms ? 'shareSubscriptions' : 'manageSettings' },
    object: { kind: 'policy', id: harness, name: harness },
    details: {
      from: policiesBy(before)[harness].policy,
      to: policy,
      ...(terms && { acceptedTerms: true }),
    },
  }
}

function termsNotAccepted(harness: HarnessName): ClavigerError {
  return new ClavigerError('invalid', `The terms were not accepted. ${SHARING_TERMS[harness]}`, {
    hint: `Read them; then: claviger admin policy set ${harness} shared --accept-terms`,
  })
}

function subscriptionsFor(groups: Pick<StoreGroups, 'settings'>, caller: Caller): Promise<Subscriptions> {
  return subscriptionsOf(groups, caller.organizationId, caller.kind === 'person' ? caller.id : null)
}

function policyView(harness: HarnessName, found: Subscriptions): PolicyView {
  const { policy, noticeMissing } = policiesBy(found)[harness]
  const chosen = found.chosen[harness]
  return {
    harness,
    policy,
    isDefault: chosen === undefined,
    since: chosen ? rfc3339(chosen.at) : null,
    by: chosen?.by ?? null,
    effective: policy === 'owner' && noticeMissing ? 'off' : policy,
    noticeAccepted: NOTICE[harness] === null ? null : !noticeMissing,
    notice: NOTICE[harness],
    sharingTerms: SHARING_TERMS[harness],
  }
}
