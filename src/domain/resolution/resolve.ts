// Which credential serves a run, and why: one pure function. Its whole answer, printed, is `explain`.
// It does not read the store and does not check permissions; whoever calls it decides what may be asked.

import { CREDENTIAL_TYPES, type CredentialType } from '../credential-types.ts'
import { disabledClause, type HarnessName } from '../harness-names.ts'
import { formatOwner, type Owner, type OwnerText } from '../owner.ts'
import { type CredentialState, explainState, isUsable } from '../state.ts'
import { policyRefusal, type SubscriptionPolicies } from './policy.ts'
import { compareInPool, type Pool } from './pool.ts'

export interface Candidate {
  readonly id: string
  readonly owner: Owner
  readonly name: string
  readonly type: CredentialType
  readonly state: CredentialState
  /** Why it is in that state, as one clause; empty when there is nothing to say. */
  readonly stateReason: string
  /** When `cooling_down` ends, milliseconds since 1970. */
  readonly stateUntil: number | null
}

export interface ResolveRequest {
  readonly harness: HarnessName
  /** The person the run is attributed to; null for a run without a person. */
  readonly user: string | null
  /** Slugs of the teams the run may draw on. */
  readonly teams: readonly string[]
  /** Only this one of the teams is considered. */
  readonly namedTeam?: string
  readonly agent: string | null
  /** Ids of what is attached to the agent. Without a person a run of an agent draws on these and its own only. */
  readonly attached?: ReadonlySet<string>
  /** Id of the one credential asked for: it stands alone, without fallback. */
  readonly explicit?: string
  /** What the worker's own machine already has; `refused` by `--no-ambient`, `none` when it has nothing. */
  readonly ambient: 'environment' | 'login' | 'none' | 'refused'
  /** Owner → ids in the order that owner has set. */
  readonly orders: Readonly<Record<OwnerText, readonly string[]>>
  readonly policies: SubscriptionPolicies
  /** Id → why it cannot be had just now, as one clause: what only showed when it was asked for. */
  readonly hindrances?: ReadonlyMap<string, string>
  /** How credentials of one type and owner without an order of their own take turns; without it by name. */
  readonly pool?: Pool
  /** An admin has switched the harness off: nothing serves it, the machine's own login neither. */
  readonly disabled: boolean
  /** Milliseconds since 1970. */
  readonly now: number
}

export type Scope = 'explicit' | 'agent' | 'user' | 'team' | 'organization' | 'ambient'

export interface Decision {
  readonly scope: Scope
  /** Null for the ambient candidate. */
  readonly credential: Candidate | null
  /** `chosen`: the first usable. `fallback`: usable, after it. `skipped`: not usable; the reason says why. */
  readonly verdict: 'chosen' | 'fallback' | 'skipped'
  readonly reason: string
}

const SCOPES: readonly Scope[] = ['explicit', 'agent', 'user', 'team', 'organization', 'ambient']

const ATTACHED_REASON = 'it is attached to the agent'

const SCOPE_REASON: Record<Scope, string> = {
  explicit: 'it was asked for by name; there is no fallback',
  agent: 'it belongs to the agent',
  user: 'it belongs to the person the run is for',
  team: 'it belongs to a team of the run',
  organization: 'it belongs to the organization',
  ambient: 'it is what the machine already has',
}

/**
 * The whole ordered list of candidates with the reason each was chosen, kept as a fallback or skipped.
 * A person's credential is in it only when the run is attributed to that person. The order is total: scope (an agent's
 * own before what is attached to it), then the owner's own order, then the order of types, then the turns of the pool,
 * then name and id.
 */
export function resolve(request: ResolveRequest, candidates: readonly Candidate[]): Decision[] {
  const listed =
    request.explicit === undefined ? candidates : candidates.filter((one) => one.id === request.explicit)
  const scoped = listed.flatMap((credential) => {
    const scope = scopeOf(request, credential)
    return scope === null
      ? []
      : [placed(request, request.explicit === undefined ? scope : 'explicit', credential)]
  })
  scoped.sort((a, b) => compare(a, b, request.pool))
  const decided = scoped.map(({ scope, credential, isAttached }) => ({
    scope,
    credential,
    isAttached,
    refusal: refusalOf(request, credential),
  }))
  return rank(request.explicit === undefined ? [...decided, ...ambient(request)] : decided)
}

/** The decision that was chosen, or null when nothing is usable. */
export function chosen(decisions: readonly Decision[]): Decision | null {
  return decisions.find((one) => one.verdict === 'chosen') ?? null
}

interface Judged {
  readonly scope: Scope
  readonly credential: Candidate | null
  readonly refusal: string | null
  readonly isAttached?: boolean
}

function rank(judged: readonly Judged[]): Decision[] {
  let taken = false
  return judged.map(({ scope, credential, refusal, isAttached }) => {
    if (refusal !== null) return { scope, credential, verdict: 'skipped', reason: refusal }
    const verdict = taken ? 'fallback' : 'chosen'
    taken = true
    const reason = scope === 'agent' && isAttached ? ATTACHED_REASON : SCOPE_REASON[scope]
    return { scope, credential, verdict, reason }
  })
}

/** Whether credentials of this owner can be attached to an agent: a person's serve that person only. */
export function isAttachable(owner: Owner): boolean {
  return owner.kind === 'org' || owner.kind === 'team'
}

function isAttached({ agent, attached }: ResolveRequest, { id, owner }: Candidate): boolean {
  return agent !== null && isAttachable(owner) && attached?.has(id) === true
}

function scopeOf(request: ResolveRequest, candidate: Candidate): Scope | null {
  if (isAttached(request, candidate)) return 'agent'
  const { owner } = candidate
  switch (owner.kind) {
    case 'agent':
      return owner.name === request.agent ? 'agent' : null
    case 'user':
      return owner.id === request.user ? 'user' : null
    case 'team':
      if (request.namedTeam !== undefined && owner.slug !== request.namedTeam) return null
      return request.teams.includes(owner.slug) ? 'team' : null
    case 'org':
      return 'organization'
  }
}

function refusalOf(request: ResolveRequest, candidate: Candidate): string | null {
  if (request.disabled) return disabledClause(request.harness)
  const { harness } = CREDENTIAL_TYPES[candidate.type]
  const { agent, user } = request
  if (agent !== null && user === null && candidate.owner.kind !== 'agent' && !isAttached(request, candidate))
    return `it is not attached to the agent ${agent}`
  if (harness === null) return 'a raw secret cannot be a harness credential; create it again as a typed one'
  if (harness !== request.harness) return `${candidate.type} does not fit ${request.harness}`
  const policy = policyRefusal(candidate.type, candidate.owner, request.policies)
  if (policy !== null) return policy
  if (!isUsable(candidate.state, candidate.stateUntil, request.now)) return whyUnusable(candidate)
  return request.hindrances?.get(candidate.id) ?? null
}

function whyUnusable({ state, stateReason, stateUntil }: Candidate): string {
  const until = stateUntil === null ? '' : `, until ${new Date(stateUntil).toISOString()}`
  const what = explainState(state)
  // A reason may say it already, with more.
  if (stateReason.startsWith(what)) return `${stateReason}${until}`
  return `${what}${stateReason === '' ? '' : `: ${stateReason}`}${until}`
}

function ambient(request: ResolveRequest): Judged[] {
  if (request.ambient === 'none') return []
  const refused = request.ambient === 'refused' ? "the machine's own login was refused by --no-ambient" : null
  const refusal = request.disabled ? disabledClause(request.harness) : refused
  return [{ scope: 'ambient', credential: null, refusal }]
}

// A candidate with everything it is ordered by, looked up once.
interface Placed {
  readonly scope: Scope
  readonly credential: Candidate
  readonly rank: number
  readonly isAttached: boolean
  readonly owner: OwnerText
  readonly position: number
  readonly order: number
}

function placed(request: ResolveRequest, scope: Scope, credential: Candidate): Placed {
  const rank = SCOPES.indexOf(scope)
  const { order } = CREDENTIAL_TYPES[credential.type]
  // What is attached comes from several owners, and none of them has put it in an order for the agent.
  if (isAttached(request, credential))
    return { scope, credential, rank, isAttached: true, owner: '', position: 0, order }
  const owner = formatOwner(credential.owner)
  const position = positionOf(request.orders[owner] ?? [], credential)
  return { scope, credential, rank, isAttached: false, owner, position, order }
}

function compare(a: Placed, b: Placed, pool: Pool | undefined): number {
  return (
    a.rank - b.rank ||
    Number(a.isAttached) - Number(b.isAttached) ||
    compareText(a.owner, b.owner) ||
    a.position - b.position ||
    a.order - b.order ||
    compareInPool(pool, a.credential.id, b.credential.id) ||
    compareText(a.credential.name, b.credential.name) ||
    compareText(a.credential.id, b.credential.id)
  )
}

// Those the owner has ordered go first, in that order; the others keep one common place after them.
function positionOf(order: readonly string[], candidate: Candidate): number {
  const index = order.indexOf(candidate.id)
  return index === -1 ? order.length : index
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
