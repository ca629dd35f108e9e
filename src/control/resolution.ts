// Gathering what `resolve` decides over: whose credentials a request may draw on, the policies, and naming one of them.

import type { Caller } from '../domain/caller.ts'
import { CREDENTIAL_TYPES, type CredentialType } from '../domain/credential-types.ts'
import { ClavigerError } from '../domain/errors.ts'
import { HARNESS_TITLE, type HarnessName } from '../domain/harness-names.ts'
import { formatOwner, type Owner, type OwnerText, parseOwner } from '../domain/owner.ts'
import { DEFAULT_POLICIES } from '../domain/resolution/policy.ts'
import type { Pool } from '../domain/resolution/pool.ts'
import {
  type Candidate,
  type Decision,
  isAttachable,
  type ResolveRequest,
  resolve,
} from '../domain/resolution/resolve.ts'
import type { AddingUnit, CandidateRow } from '../store/store.ts'
import { absent } from './guard.ts'
import { isDisabled, policiesFor } from './settings/rules.ts'
import type { Ports } from './use-case.ts'

/** Who a run is for, as far as credentials go. */
export interface Subject {
  readonly user: string | null
  readonly teams: readonly string[]
  readonly agent: string | null
  /** Of an agent's own run: list also what it does not draw on because it is not attached, for those who manage it. */
  readonly listsUnattached?: true
  /** Somebody else asks: the person's own credentials may be shown to exist, and not be found by what they are called. */
  readonly ownUnnamed?: true
}

export interface Query extends Pick<ResolveRequest, 'harness' | 'ambient' | 'hindrances'> {
  readonly team?: string | undefined
  /** Id, name or OWNER/NAME. */
  readonly credential?: string | undefined
  /** What this run was refused with before. */
  readonly tried?: readonly Tried[]
  /** Only credentials of these types. */
  readonly types?: readonly CredentialType[]
  /** Of a run: how those of one pool take turns. */
  readonly poolOf?: (credentialIds: readonly string[]) => Promise<Pool>
}

/** A credential that a run was refused with; another generation of it is another credential. */
export interface Tried {
  readonly id: string
  readonly generation: number
  /** As one clause. */
  readonly reason: string
  /** Milliseconds since 1970; it counts no longer. Null: for this run it counts for good. */
  readonly until: number | null
}

export interface Resolved {
  readonly decisions: readonly Decision[]
  /** The rows behind the decisions, by id. */
  readonly rows: ReadonlyMap<string, CandidateRow>
  readonly raw: readonly CandidateRow[]
  /** Ids of those that serve because they are attached to the agent. */
  readonly attached: ReadonlySet<string>
}

type Reads = Pick<AddingUnit, 'credentials' | 'attachments' | 'settings'>

export interface Resolution {
  /**
   * Reads the candidates in this unit and decides. Throws `not_found` or `conflict` for a name that is none or several.
   * `whenDisabled` is called before any of that when an admin has switched the harness off.
   */
  decide(
    unit: Reads,
    organizationId: string,
    subject: Subject,
    query: Query,
    whenDisabled?: () => Promise<void>,
  ): Promise<Resolved>
  /** Owners whose credentials a list shows; undefined when only each row can tell. */
  visibleOwners(caller: Caller): OwnerText[] | undefined
}

export function createResolution({ now, lastUses }: Pick<Ports, 'now' | 'lastUses'>): Resolution {
  const turns = (ids: readonly string[]): Pool | undefined =>
    lastUses && { order: 'least-recently-used', stays: null, lastUsed: lastUses(ids) }
  return {
    async decide(unit, organizationId, subject, query, whenDisabled) {
      if (query.team !== undefined && !subject.teams.includes(query.team)) throw absent('team', query.team)
      const owners = ownersOf(subject, query.team).map(formatOwner)
      // Asked for together: on a database elsewhere that is one way there and back.
      const [owned, toAgent, disabled] = await Promise.all([
        unit.credentials.candidates(organizationId, query.harness, owners),
        attachedTo(unit, organizationId, subject.agent, query.harness),
        isDisabled(unit, organizationId, query.harness),
      ])
      if (disabled) await whenDisabled?.()
      const attached = new Set(toAgent.map((row) => row.id))
      const mayServe = ({ type }: CandidateRow) => query.types?.includes(type) ?? true
      const found = [...owned.filter((row) => !attached.has(row.id)), ...toAgent].filter(mayServe)
      const rows = new Map(found.map((row) => [row.id, row]))
      const explicit =
        query.credential === undefined
          ? undefined
          : pick(nameable(found, subject), query.credential, query.harness).id
      const pool = (await query.poolOf?.([...rows.keys()])) ?? turns([...rows.keys()])
      const request: ResolveRequest = {
        user: subject.user,
        teams: subject.teams,
        agent: subject.agent,
        attached,
        harness: query.harness,
        ambient: query.ambient,
        orders: ordersOf(found),
        policies: found.some(isSubscription)
          ? await policiesFor(unit, organizationId, subject.user)
          : DEFAULT_POLICIES,
        disabled,
        now: now(),
        hindrances: hindrancesOf(query, rows, now()),
        ...(pool !== undefined && { pool }),
        ...(query.team !== undefined && { namedTeam: query.team }),
        ...(explicit !== undefined && { explicit }),
      }
      const decisions = resolve(
        request,
        found.filter((row) => row.type !== 'raw' || row.id === explicit).map(asCandidate),
      )
      return { decisions, rows, raw: rawOf(found, subject, attached), attached }
    },
    visibleOwners(caller) {
      if (caller.kind === 'person' && caller.role !== 'member') return undefined
      // A worker without an agent uses what the organization owns, and sees nothing of it.
      if (caller.kind === 'worker' && caller.agent === null) return []
      return ownersOf(subjectOf(caller), undefined).map(formatOwner)
    },
  }
}

/** A run of the caller's own. */
export function subjectOf(asking: Caller, agent: string | null = null): Subject {
  const caller = asking.actsFor ?? asking
  return {
    user: caller.kind === 'person' ? caller.id : null,
    teams: caller.teams,
    agent: caller.agent ?? agent,
  }
}

function hindrancesOf(
  { hindrances = new Map(), tried = [] }: Query,
  rows: ReadonlyMap<string, CandidateRow>,
  now: number,
): ReadonlyMap<string, string> {
  const counts = tried.filter(
    ({ id, generation, until }) => rows.get(id)?.version === generation && (until === null || now < until),
  )
  return new Map([...counts.map(({ id, reason }) => [id, reason] as const), ...hindrances])
}

function ownersOf(subject: Subject, team: string | undefined): Owner[] {
  const teams = team === undefined ? subject.teams : subject.teams.filter((slug) => slug === team)
  const agent = subject.agent === null ? [] : [{ kind: 'agent' as const, name: subject.agent }]
  // An agent's own run draws on nobody else's.
  if (agent.length > 0 && subject.user === null && !subject.listsUnattached) return agent
  return [
    ...agent,
    ...(subject.user === null ? [] : [{ kind: 'user' as const, id: subject.user }]),
    ...teams.map((slug) => ({ kind: 'team' as const, slug })),
    { kind: 'org' as const },
  ]
}

// A second question, for runs with an agent only. That a person's is never attached is checked here too: it could serve.
async function attachedTo(
  unit: Pick<AddingUnit, 'attachments'>,
  organizationId: string,
  agent: string | null,
  harness: HarnessName,
): Promise<CandidateRow[]> {
  if (agent === null) return []
  const rows = await unit.attachments.candidates(organizationId, harness, agent)
  return rows.filter((row) => isAttachable(parseOwner(row.owner)))
}

function nameable(rows: readonly CandidateRow[], { ownUnnamed }: Subject): readonly CandidateRow[] {
  return ownUnnamed ? rows.filter((row) => parseOwner(row.owner).kind !== 'user') : rows
}

function pick(rows: readonly CandidateRow[], wanted: string, harness: HarnessName): CandidateRow {
  const matches = rows.filter(
    (row) => row.id === wanted || row.name === wanted || `${row.owner}/${row.name}` === wanted,
  )
  const [first, ...others] = matches
  if (!first) {
    throw new ClavigerError(
      'no_credential',
      `No ${HARNESS_TITLE[harness]} credential named ${wanted} may serve this run.`,
      {
        hint: `See what may: claviger explain --harness ${harness}`,
      },
    )
  }
  if (others.length > 0) {
    throw new ClavigerError('conflict', `Several credentials are named ${wanted}.`, {
      hint: `Say which: ${matches.map((row) => `${row.owner}/${row.name}`).join(', ')}`,
    })
  }
  return first
}

function asCandidate(row: CandidateRow): Candidate {
  const { id, name, type, state, stateReason, stateUntil } = row
  return { id, name, type, state, stateReason, stateUntil, owner: parseOwner(row.owner) }
}

function isSubscription(row: CandidateRow): boolean {
  return CREDENTIAL_TYPES[row.type].subscription
}

function ordersOf(rows: readonly CandidateRow[]): Record<OwnerText, string[]> {
  const orders: Record<OwnerText, string[]> = {}
  const placed = rows
    .filter((row) => row.position !== null)
    .sort((a, b) => (a.position ?? 0) - (b.position ?? 0))
  for (const row of placed) {
    const order = orders[row.owner] ?? []
    order.push(row.id)
    orders[row.owner] = order
  }
  return orders
}

// A raw secret of a narrower owner wins over one of the same name of a wider one. With an agent only its own and those
// attached to it come along, whoever the run is for.
function rawOf(
  rows: readonly CandidateRow[],
  { agent }: Subject,
  attached: ReadonlySet<string>,
): CandidateRow[] {
  const width = (row: CandidateRow) => ['agent', 'user', 'team', 'org'].indexOf(parseOwner(row.owner).kind)
  const byName = new Map<string, CandidateRow>()
  const comesAlong = (row: CandidateRow) =>
    agent === null || row.owner === `agent:${agent}` || attached.has(row.id)
  const raw = rows.filter((row) => row.type === 'raw' && comesAlong(row))
  raw.sort((a, b) => width(b) - width(a) || (a.owner < b.owner ? 1 : -1))
  for (const row of raw) byName.set(row.name, row)
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
