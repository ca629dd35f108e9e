// How a run goes on whose credential is out: with the next candidate on a new lease, waiting for one that may serve again,
// or not at all. The old lease ends in the unit that makes the new one.

import { type Caller, mayCredential } from '../../domain/caller.ts'
import { parseOwner } from '../../domain/owner.ts'
import type { Decision } from '../../domain/resolution/resolve.ts'
import {
  type Absentee,
  type Finding,
  type Return,
  type Verdict,
  verdictOf,
} from '../../domain/resolution/verdicts.ts'
import { SUPERSEDED } from '../../domain/runs/serving-credential.ts'
import { Secret } from '../../domain/secret.ts'
import { formatHandle } from '../../domain/token.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/id.ts'
import type { CandidateRow, LeaseRow, StoreGroups } from '../../store/store.ts'
import { sealedVersion } from '../credentials/sealing.ts'
import { type Freshness, withFresh } from '../grants/freshness.ts'
import { type Act, type Authorize, absent, type Sealed } from '../guard.ts'
import {
  ambient,
  disabledAct,
  findLease,
  forHolder,
  leased,
  mustServe,
  type Plan,
  planOf,
  rawValue,
} from '../leases.ts'
import { type Resolved, subjectOf } from '../resolution.ts'
import { poolOf, runServedBy, serveInstead } from '../runs/serving.ts'
import type { Result } from '../use-case.ts'
import { rfc3339, rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { type Choice, type Refused, writeChoice } from './choice.ts'
import { signInAgain } from './sign-in-hint.ts'

type Answer = Result<'leases.reject'>

/** A run that lost its credential. */
export interface Bereft {
  readonly lease: LeaseRow
  /** The refused one. */
  readonly generation: number
  /** With the refused one among what was tried. */
  readonly choice: Choice
  readonly finding: Extract<Finding, { kind: 'out' }>
}

type Concluded =
  | { readonly verdict: 'retry'; readonly generation: number }
  | { readonly verdict: 'switch'; readonly reason: string; readonly plan: Plan }
  | { readonly verdict: Exclude<Verdict, { verdict: 'switch' }>; readonly hint: string | null }

/** Finds out how, and does it. Throws as `leases.create` for what it cannot do either. */
export async function goOn(workshop: Workshop, caller: Caller, bereft: Bereft): Promise<Answer> {
  const id = newId('lease')
  const handle = formatHandle(id, workshop.random(48))
  const identity = { id, handleDigest: sha256(handle), tokenId: bereft.lease.tokenId }
  const { result, opened } = await withFresh(workshop, (freshness) =>
    workshop.guard.release(caller, (unit, authorize) =>
      conclude({ workshop, caller, unit, authorize, freshness }, bereft, identity),
    ),
  )
  const tried = bereft.choice.tried.map(triedView)
  const nothing = { generation: null, until: null, signInHint: null, lease: null, tried }
  if (result.verdict === 'retry')
    return { ...nothing, verdict: 'retry', reason: RENEWED, generation: result.generation }
  if (result.verdict === 'switch') {
    const { reason, plan } = result
    return { ...nothing, verdict: 'switch', reason, lease: newLease(plan, new Secret(handle), opened) }
  }
  const { verdict, hint } = result
  const until = verdict.verdict === 'wait' ? rfc3339OrNull(verdict.until) : null
  return { ...nothing, verdict: verdict.verdict, reason: verdict.reason, until, signInHint: hint }
}

const RENEWED = 'it has been renewed since'

export function triedView({ id, name, type, generation, reason }: Refused): Answer['tried'][number] {
  return { id, name, type, generation, reason }
}

interface Scene {
  readonly workshop: Workshop
  readonly caller: Caller
  readonly unit: StoreGroups
  readonly authorize: Authorize
  readonly freshness: Freshness
}

type Identity = Pick<LeaseRow, 'id' | 'handleDigest' | 'tokenId'>

async function conclude(
  scene: Scene,
  bereft: Bereft,
  identity: Identity,
): Promise<{ result: Concluded; open: readonly Sealed[] }> {
  const { workshop, caller, unit, authorize, freshness } = scene
  const { lease, choice, finding, generation } = bereft
  const current = await findLease(unit, caller, lease.id)
  await mustServe(unit, authorize, caller, current, { action: 'lease.reject', now: workshop.now() })
  const served = await runServedBy(unit, lease)
  const pool = served && poolOf(workshop, unit, served)
  const resolved = await workshop.resolution.decide(
    unit,
    caller.organizationId,
    subjectOf(caller),
    { ...choice, hindrances: freshness.hindrances, ...(pool !== undefined && { poolOf: pool }) },
    () => authorize(disabledAct('lease.reject', choice.harness)),
  )
  const refused = resolved.rows.get(lease.credentialId ?? '')
  if (refused !== undefined && refused.version > generation) {
    await authorize(verdictAct(bereft, refused, { verdict: 'retry', reason: RENEWED }))
    return { result: { verdict: 'retry', generation: refused.version }, open: [] }
  }
  const { decisions } = resolved
  const isExplicit = choice.credential !== undefined
  const verdict = verdictOf(
    choice.harness,
    finding,
    decisions,
    absentees(bereft, decisions, freshness),
    isExplicit,
  )
  if (verdict.verdict === 'switch') {
    const { to: decision, reason } = verdict
    const plan = planOf(workshop, caller, { resolved, decision, identity, choice })
    const open = await takeOver(scene, bereft, { plan, reason, refused })
    return { result: { verdict: 'switch', reason, plan }, open }
  }
  const { reason } = verdict
  await authorize(verdictAct(bereft, refused, { verdict: verdict.verdict, reason }))
  await unit.leases.change(lease.id, { choice: writeChoice(choice) })
  const hint = verdict.verdict === 'wait' ? signInHint(caller, resolved, verdict.absentees) : null
  return { result: { verdict, hint }, open: [] }
}

interface TakingOver {
  readonly plan: Plan
  readonly reason: string
  readonly refused: CandidateRow | undefined
}

// As leases.create, in the name of the old lease: its handle may do it too.
async function takeOver(
  { workshop, caller, unit, authorize, freshness }: Scene,
  bereft: Bereft,
  { plan, reason, refused }: TakingOver,
): Promise<Sealed[]> {
  const { lease, row, raw, decision, attached } = plan
  for (const one of row === null ? raw : [row, ...raw]) {
    if (!mayCredential(caller, 'use', parseOwner(one.owner), attached.has(one.id)))
      throw absent('lease', bereft.lease.id)
  }
  if (row !== null) freshness.mustBeFresh(row)
  const open: Sealed[] = []
  await authorize(verdictAct(bereft, refused, { verdict: 'switch', reason, to: lease.id }))
  const details = {
    lease: lease.id,
    instead: bereft.lease.id,
    harness: lease.harness,
    reason: decision.reason,
  }
  await authorize(
    useAct(bereft, row, row === null ? details : { ...details, generation: row.version }, lease),
  )
  if (row !== null) open.push(await forHolder(unit, row))
  for (const one of raw) {
    await authorize(useAct(bereft, one, { lease: lease.id, generation: one.version }, lease))
    open.push(await sealedVersion(unit, one))
  }
  await unit.leases.insert(lease)
  await unit.leases.end(bereft.lease.id, workshop.now(), `${reason}; ${SUPERSEDED}`)
  const before = refused?.name ?? 'the login of the machine'
  const why = `${decision.reason}; in the place of ${before}: ${reason}`
  await serveInstead(unit, bereft.lease, { lease, credential: row, reason: why }, workshop.now())
  return open
}

function useAct(
  { lease }: Bereft,
  row: CandidateRow | null,
  details: NonNullable<Act['details']>,
  made: LeaseRow,
): Act {
  const needs = { lease: lease.id }
  if (row === null) return { action: 'lease.create', needs, object: ambient(made.id), details }
  const object = { kind: 'credential', id: row.id, name: row.name }
  return { action: 'lease.create', needs, object, details: { owner: row.owner, type: row.type, ...details } }
}

function verdictAct(
  { lease, generation }: Bereft,
  row: CandidateRow | undefined,
  details: NonNullable<Act['details']>,
): Act {
  return {
    action: 'lease.verdict',
    needs: { lease: lease.id },
    object: row === undefined ? ambient(lease.id) : { kind: 'credential', id: row.id, name: row.name },
    details: {
      ...{ lease: lease.id, harness: lease.harness, generation },
      ...(row !== undefined && { owner: row.owner, type: row.type }),
      ...details,
    },
  }
}

// Those that cannot serve now and may again.
function absentees(
  { choice }: Bereft,
  decisions: readonly Decision[],
  { hindrances }: Freshness,
): Absentee[] {
  return decisions.flatMap(({ credential, verdict }) => {
    if (credential === null || verdict !== 'skipped') return []
    const { id, state, stateUntil } = credential
    const back = (returns: Return, until: number | null): Absentee[] => [{ id, returns, until }]
    if (state === 'needs_login') return back('sign-in', null)
    if (state === 'cooling_down') return back('time', stateUntil)
    if (state === 'quarantined') return back('time', null)
    if (state === 'rejected' || state === 'blocked') return []
    if (hindrances.has(id)) return back('time', null)
    const tried = choice.tried.find((one) => one.id === id)
    return tried?.returns ? back(tried.returns, tried.until) : []
  })
}

function signInHint(caller: Caller, { rows }: Resolved, found: readonly Absentee[]): string | null {
  const one = found.find(({ returns }) => returns === 'sign-in')
  const row = rows.get(one?.id ?? '')
  return row === undefined ? null : signInAgain(caller, row)
}

function newLease({ lease, row, raw, decision }: Plan, handle: Secret, opened: Record<string, Secret>[]) {
  const first = row === null ? 0 : 1
  return {
    id: lease.id,
    handle,
    expiresAt: rfc3339(lease.expiresAt),
    credential: row === null ? null : leased(row, opened[0] ?? {}),
    raw: raw.map((one, i) => rawValue(one, opened[first + i] ?? {})),
    reason: decision.reason,
  }
}
