// The rules an organization has set for itself, as resolution and storing need them: is a harness switched off, and whom
// may a subscription serve. Kept as settings: those of the organization under the subject `*`, a person's under theirs.

import type { Caller } from '../../domain/caller.ts'
import { CREDENTIAL_TYPES, type CredentialType } from '../../domain/credential-types.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { type Owner, parseOwner } from '../../domain/owner.ts'
import {
  policiesOf,
  policyError,
  type SubscriptionPolicies,
  type SubscriptionPolicy,
} from '../../domain/resolution/policy.ts'
import type { AddingUnit, StoreGroups } from '../../store/store.ts'
import type { Act, Authorize } from '../guard.ts'

type Settings = Pick<StoreGroups, 'settings'>
type Readable = Pick<AddingUnit, 'settings'>

/** The subject of what holds for the whole organization. */
const WHOLE = '*'

const NOTICE = 'claude-notice-accepted'

interface Decided {
  /** Milliseconds since 1970. */
  readonly at: number
  /** What people call whoever decided. */
  readonly by: string
}

/** How the switch of a harness was last turned. */
export interface HarnessSwitch extends Decided {
  readonly enabled: boolean
}

/** The policy an organization has chosen for the subscriptions of a harness. */
export interface ChosenPolicy extends Decided {
  readonly policy: SubscriptionPolicy
}

const switchName = (harness: HarnessName) => `harness:${harness}`
const policyName = (harness: HarnessName) => `policy:${harness}`

/** Whether an admin has switched the harness off. One indexed read: it is on the hot path. */
export async function isDisabled(
  { settings }: Readable,
  organizationId: string,
  harness: HarnessName,
): Promise<boolean> {
  const found = (await settings.get(organizationId, WHOLE, switchName(harness))) as HarnessSwitch | undefined
  return found?.enabled === false
}

/** The switch of every harness that was ever turned. */
export async function switchesOf(
  { settings }: Settings,
  organizationId: string,
): Promise<Partial<Record<HarnessName, HarnessSwitch>>> {
  const found = await settings.some(organizationId, [WHOLE], HARNESSES.map(switchName))
  return byHarness<HarnessSwitch>(found, switchName)
}

export async function turn(
  unit: Settings,
  organizationId: string,
  harness: HarnessName,
  to: HarnessSwitch,
): Promise<void> {
  await unit.settings.put(organizationId, WHOLE, switchName(harness), to)
}

/** What an organization has chosen, and whether this person has accepted the notice. */
export interface Subscriptions {
  readonly chosen: Partial<Record<HarnessName, ChosenPolicy>>
  readonly noticeAccepted: boolean
}

/** Both facts by one query. */
export async function subscriptionsOf(
  { settings }: Readable,
  organizationId: string,
  user: string | null,
): Promise<Subscriptions> {
  const subjects = user === null ? [WHOLE] : [WHOLE, `user:${user}`]
  const found = await settings.some(organizationId, subjects, [...HARNESSES.map(policyName), NOTICE])
  return {
    chosen: byHarness<ChosenPolicy>(
      found.filter(({ subject }) => subject === WHOLE),
      policyName,
    ),
    noticeAccepted: found.some(({ subject, name }) => subject !== WHOLE && name === NOTICE),
  }
}

/** Chooses a policy; null goes back to the default. */
export async function choose(
  { settings }: Settings,
  organizationId: string,
  harness: HarnessName,
  policy: ChosenPolicy | null,
): Promise<void> {
  if (policy === null) await settings.remove(organizationId, WHOLE, policyName(harness))
  else await settings.put(organizationId, WHOLE, policyName(harness), policy)
}

/** The subscriptions policy for runs of this person. */
export async function policiesFor(
  groups: Readable,
  organizationId: string,
  user: string | null,
): Promise<SubscriptionPolicies> {
  return policiesBy(await subscriptionsOf(groups, organizationId, user))
}

/** The rules that follow from what was chosen and accepted. */
export function policiesBy({ chosen, noticeAccepted }: Subscriptions): SubscriptionPolicies {
  const policies = Object.entries(chosen).map(([harness, { policy }]) => [harness, policy])
  return policiesOf(Object.fromEntries(policies), noticeAccepted)
}

/** Records that the caller was shown the notice about subscriptions and accepted it. */
export async function acceptNotice(
  unit: Settings,
  caller: Pick<Caller, 'kind' | 'organizationId' | 'id'>,
  type: CredentialType,
  at: number,
): Promise<void> {
  if (caller.kind !== 'person' || CREDENTIAL_TYPES[type].harness !== 'claude') return
  await unit.settings.put(caller.organizationId, `user:${caller.id}`, NOTICE, { at })
}

/** Whoever leaves and comes back is shown the notice again. */
export async function forgetNotice(unit: Settings, organizationId: string, user: string): Promise<void> {
  await unit.settings.remove(organizationId, `user:${user}`, NOTICE)
}

/**
 * Refuses, and records it, when the subscriptions policy forbids that owner a credential of this type. `accepted`: the
 * person accepts the notice with this request.
 */
export async function mustFitPolicy(
  unit: Settings,
  authorize: Authorize,
  organizationId: string,
  act: Act,
  { type, owner, accepted = false }: { type: CredentialType; owner: string; accepted?: boolean },
): Promise<void> {
  if (!CREDENTIAL_TYPES[type].subscription) return
  const to = parseOwner(owner)
  const found = await subscriptionsOf(unit, organizationId, personOf(to))
  const policies = policiesBy({ ...found, noticeAccepted: found.noticeAccepted || accepted })
  const error = policyError(type, to, policies)
  if (error !== null) await authorize({ ...act, needs: { forbiddenBy: error } })
}

// A person's own subscription serves that person only: it is their notice that counts.
function personOf(owner: Owner): string | null {
  return owner.kind === 'user' ? owner.id : null
}

function byHarness<T>(
  found: readonly { readonly name: string; readonly value: unknown }[],
  nameOf: (harness: HarnessName) => string,
): Partial<Record<HarnessName, T>> {
  const entries = HARNESSES.flatMap((harness) => {
    const value = found.find(({ name }) => name === nameOf(harness))?.value
    return value === undefined ? [] : [[harness, value]]
  })
  return Object.fromEntries(entries)
}
