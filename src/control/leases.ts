// Handing credentials out: resolve, audit, then open. And `explain`, which is the same resolution without the handing.

import { type Caller, may, mayCredential } from '../domain/caller.ts'
import { handedOut } from '../domain/credential-types.ts'
import { ClavigerError } from '../domain/errors.ts'
import { type HarnessName, harnessDisabled } from '../domain/harness-names.ts'
import { printable } from '../domain/names.ts'
import { parseOwner } from '../domain/owner.ts'
import { chosen, type Decision } from '../domain/resolution/resolve.ts'
import { Secret } from '../domain/secret.ts'
import { formatHandle } from '../domain/token.ts'
import { sha256 } from '../lib/digest.ts'
import { newId } from '../lib/id.ts'
import type { AddingUnit, CandidateRow, CredentialRow, LeaseRow, StoreGroups } from '../store/store.ts'
import { leaseEnd } from './codex/lease-life.ts'
import { sealedVersion } from './credentials/sealing.ts'
import { explain } from './explain.ts'
import { isAttached } from './find.ts'
import { type Freshness, withFresh } from './grants/freshness.ts'
import { type Act, type Authorize, absent, type Sealed } from './guard.ts'
import { type Choice, choiceOf, writeChoice } from './leasing/choice.ts'
import { nothingFits } from './leasing/nothing-fits.ts'
import { type Query, type Resolved, subjectOf } from './resolution.ts'
import { leaseForRun, serve } from './runs/serving.ts'
import { isDisabled, mustFitPolicy } from './settings/rules.ts'
import type { Control, Result } from './use-case.ts'
import { rfc3339, rfc3339OrNull } from './views.ts'
import type { Workshop } from './workshop.ts'

type LeaseUseCases = Pick<Control, 'leases.create' | 'leases.read' | 'leases.end' | 'explain'>
type LeaseInput = Parameters<Control['leases.create']>[1]

export function createLeaseUseCases(workshop: Workshop): LeaseUseCases {
  return {
    'leases.create': (caller, input) => create(workshop, caller, input),
    'leases.read': (caller, { id }) => read(workshop, caller, id),
    'leases.end': (caller, { id }) =>
      workshop.guard.perform(caller, async (unit, authorize) => {
        const lease = await findLease(unit, caller, id)
        await authorize({
          action: 'lease.end',
          needs: { lease: id },
          object: { kind: 'lease', id, name: id },
        })
        return { ended: await unit.leases.end(lease.id, workshop.now(), 'its holder ended it') }
      }),
    explain: (caller, input) => explain(workshop, caller, input),
  }
}

// What no choice of a credential could make right, before one is looked for.
async function mustLease({ guard }: Workshop, caller: Caller, { agent, harness }: LeaseInput): Promise<void> {
  const object = { kind: 'harness', id: harness, name: harness }
  if (!may(caller, 'lease'))
    await guard.check(caller, { action: 'lease.create', needs: { general: 'lease' }, object })
  if (agent === undefined || caller.agent === agent) return
  const needs = { right: 'use', owner: { kind: 'agent', name: agent }, into: true } as const
  await guard.check(caller, { action: 'lease.create', needs, object, instead: howToRunAs(caller, agent) })
}

function howToRunAs({ kind, agent }: Caller, wanted: string): string {
  if (kind === 'person')
    return `An agent runs with a token of its own. An admin makes one: claviger admin agent token ${printable(wanted)} --name NAME --expires-in 30d`
  return agent === null
    ? 'This worker leases for itself. Leave out --agent, or enrol it with --agent.'
    : `It leases as the agent ${agent} only. Leave out --agent.`
}

/** A lease, and what goes with it. */
export interface Plan {
  readonly lease: LeaseRow
  readonly decision: Decision
  readonly row: CandidateRow | null
  readonly raw: readonly CandidateRow[]
  readonly attached: Resolved['attached']
}

async function create(
  workshop: Workshop,
  asking: Caller,
  given: LeaseInput,
): Promise<Result<'leases.create'>> {
  const run = given.run === undefined ? null : await leaseForRun(workshop, asking, given)
  const { caller, input } = run ?? { caller: asking, input: given }
  await mustLease(workshop, caller, input)
  const id = newId('lease')
  const handle = formatHandle(id, workshop.random(48))
  const identity = { id, handleDigest: sha256(handle), tokenId: caller.tokenId ?? caller.sessionId ?? null }
  const { result, opened } = await withFresh(workshop, (freshness) => {
    const scene = { workshop, caller, input, identity, freshness }
    return run === null
      ? workshop.guard.issue(caller, (unit, authorize) => conclude(scene, unit, authorize))
      : workshop.guard.release(caller, async (unit, authorize) => {
          const row = await run.hold(unit)
          const concluded = await conclude(scene, unit, authorize, run.poolOf(unit, row))
          const { lease, row: credential, decision } = concluded.result
          await serve(unit, row, { lease, credential, reason: decision.reason }, workshop.now())
          return concluded
        })
  })
  const first = result.row === null ? 0 : 1
  for (const row of [result.row, ...result.raw]) if (row !== null) workshop.useNotes.used(row.id)
  return {
    id: result.lease.id,
    handle: new Secret(handle),
    expiresAt: rfc3339(result.lease.expiresAt),
    credential: result.row === null ? null : leased(result.row, opened[0] ?? {}),
    raw: result.raw.map((row, i) => rawValue(row, opened[first + i] ?? {})),
    reason: result.decision.reason,
  }
}

interface Scene {
  readonly workshop: Workshop
  readonly caller: Caller
  readonly input: LeaseInput
  readonly identity: Planned['identity']
  readonly freshness: Freshness
}

// Inside of the unit: what serves, by whose leave, and what is to be opened.
async function conclude(
  { workshop, caller, input, identity, freshness }: Scene,
  unit: AddingUnit,
  authorize: Authorize,
  poolOf?: Query['poolOf'],
): Promise<{ result: Plan; open: Sealed[] }> {
  const resolved = await workshop.resolution.decide(
    unit,
    caller.organizationId,
    subjectOf(caller, input.agent),
    { ...input, hindrances: freshness.hindrances, ...(poolOf !== undefined && { poolOf }) },
    () => authorize(disabledAct('lease.create', input.harness)),
  )
  const decision = chosen(resolved.decisions)
  if (decision === null) throw nothingFits(caller.actsFor ?? caller, input.harness, resolved)
  const plan = planOf(workshop, caller, { resolved, decision, identity, choice: choiceOf(input) })
  if (plan.row !== null) freshness.mustBeFresh(plan.row)
  const bound = {
    ...(input.run !== undefined && { run: input.run }),
    ...(input.worker !== undefined && { worker: input.worker }),
  }
  await authorize(leaseAct(plan, input.harness, bound))
  const open: Sealed[] = plan.row === null ? [] : [await forHolder(unit, plan.row)]
  for (const row of plan.raw) {
    await authorize(useOf(plan, row, { lease: plan.lease.id, generation: row.version, ...bound }))
    open.push(await sealedVersion(unit, row))
  }
  await unit.leases.insert(plan.lease)
  return { result: plan, open }
}

/** A lease on what was decided, which is not stored by this. */
export function planOf(workshop: Workshop, caller: Caller, planned: Planned): Plan {
  const { resolved, decision, identity, choice } = planned
  const row = decision.credential === null ? null : (resolved.rows.get(decision.credential.id) ?? null)
  const now = workshop.now()
  const holder = caller.actsFor ?? caller
  const lease: LeaseRow = {
    ...identity,
    organizationId: caller.organizationId,
    credentialId: row?.id ?? null,
    generation: row?.version ?? 0,
    harness: choice.harness,
    // The id stays when the name is given to another.
    choice: writeChoice(
      choice.credential === undefined || row === null ? choice : { ...choice, credential: row.id },
    ),
    holderKind: holder.kind,
    holderId: holder.id,
    createdAt: now,
    expiresAt: leaseEnd(workshop, row),
    endedAt: null,
    endReason: null,
  }
  return { lease, decision, row, raw: choice.raw ? resolved.raw : [], attached: resolved.attached }
}

interface Planned {
  readonly resolved: Resolved
  readonly decision: Decision
  readonly identity: Pick<LeaseRow, 'id' | 'handleDigest' | 'tokenId'>
  readonly choice: Choice
}

/** The act of handing out what was planned. `bound`: what else the audit log says of it. */
export function leaseAct(plan: Plan, harness: HarnessName, bound: Readonly<Record<string, string>>): Act {
  const { lease, decision, row } = plan
  const details = { lease: lease.id, harness, reason: decision.reason, ...bound }
  if (row !== null) return useOf(plan, row, { ...details, generation: row.version })
  return { action: 'lease.create', needs: { general: 'lease' }, object: ambient(lease.id), details }
}

/** Refused whoever asks, and recorded. */
export function disabledAct(action: string, harness: HarnessName): Act {
  const object = { kind: 'harness', id: harness, name: harness }
  return { action, needs: { forbiddenBy: harnessDisabled(harness) }, object }
}

/** What a lease on the machine's own login is about. */
export function ambient(lease: string): Act['object'] {
  return { kind: 'ambient', id: lease, name: 'the login of the machine' }
}

function useOf(
  { attached }: Pick<Plan, 'attached'>,
  row: CandidateRow,
  details: Record<string, string | number>,
): Act {
  return {
    action: 'lease.create',
    needs: { right: 'use', owner: parseOwner(row.owner), attached: attached.has(row.id) },
    object: { kind: 'credential', id: row.id, name: row.name },
    details: { owner: row.owner, type: row.type, ...details },
  }
}

/** The current value behind a running lease: what a helper asks for again and again. */
async function read(workshop: Workshop, caller: Caller, id: string): Promise<Result<'leases.read'>> {
  const { result, opened } = await withFresh(workshop, (freshness) =>
    releaseLeased(workshop, caller, id, { action: 'lease.read', check: freshness.mustBeFresh }),
  )
  return {
    id,
    expiresAt: rfc3339(result.expiresAt),
    credential: result.row === null ? null : leased(result.row, opened[0] ?? {}),
    raw: [],
    reason: 'it is the credential of this lease',
  }
}

interface ReleaseOptions {
  /** For the audit log. */
  readonly action: string
  /** The last check, inside of the unit; throws to leave it. */
  readonly check: (row: CredentialRow) => void
}

/**
 * Opens what the holder of this lease may be given of its credential as it is now, and keeps the lease alive. The row is
 * null for a lease of the machine's own login.
 */
export async function releaseLeased(workshop: Workshop, caller: Caller, id: string, options: ReleaseOptions) {
  const { action } = options
  const released = await workshop.guard.release(caller, async (unit, authorize) => {
    const lease = await findLease(unit, caller, id)
    const now = workshop.now()
    await mustServe(unit, authorize, caller, lease, { action, now })
    const row = await leasedRow(unit, caller, lease)
    const act: Act = {
      action,
      needs: { lease: id },
      object: row === null ? ambient(id) : { kind: 'credential', id: row.id, name: row.name },
      details: { lease: id, generation: row?.version ?? 0 },
    }
    await authorize(act)
    if (row !== null) await mustFitPolicy(unit, authorize, caller.organizationId, act, row)
    if (row !== null) options.check(row)
    const end = leaseEnd(workshop, row)
    const extended = end - lease.expiresAt > workshop.leaseLife / 2
    const expiresAt = extended ? end : lease.expiresAt
    if (extended) await unit.leases.change(id, { expiresAt })
    return { result: { row, expiresAt }, open: row === null ? [] : [await forHolder(unit, row)] }
  })
  if (released.result.row !== null) workshop.useNotes.used(released.result.row.id)
  return released
}

/** Throws unless the lease runs, for a holder who could still make one, and its harness is on. */
export async function mustServe(
  unit: StoreGroups,
  authorize: Authorize,
  caller: Caller,
  lease: LeaseRow,
  { action, now }: { readonly action: string; readonly now: number },
): Promise<void> {
  if (lease.endedAt !== null || lease.expiresAt <= now) throw ended(lease)
  // A narrower token of its holder, or a holder who has another role now, reads no more than it could lease.
  if (!may(caller, 'lease')) throw absent('lease', lease.id)
  const harness = lease.harness as HarnessName
  if (await isDisabled(unit, caller.organizationId, harness)) await authorize(disabledAct(action, harness))
}

/** What its holder gets of a credential: what stays with us is not even opened. */
export async function forHolder(unit: Pick<AddingUnit, 'versions'>, row: CandidateRow): Promise<Sealed> {
  return { ...(await sealedVersion(unit, row)), only: handedOut(row.type) }
}

/** Null for a lease of the machine's own login. A credential the holder may not use any more is as good as none. */
export async function leasedRow(
  unit: StoreGroups,
  caller: Caller,
  lease: LeaseRow,
): Promise<CredentialRow | null> {
  if (lease.credentialId === null) return null
  const row = await unit.credentials.get(caller.organizationId, lease.credentialId)
  if (!row) throw absent('lease', lease.id)
  const attached = await isAttached(unit, caller, row)
  if (!mayCredential(caller, 'use', parseOwner(row.owner), attached)) throw absent('lease', lease.id)
  return row
}

/** The lease, for its holder or its handle; throws `not_found`. */
export async function findLease(unit: StoreGroups, caller: Caller, id: string): Promise<LeaseRow> {
  const lease = await unit.leases.get(caller.organizationId, id)
  const holds = lease !== undefined && lease.holderKind === caller.kind && lease.holderId === caller.id
  if (!lease || !holds || (caller.leaseId !== null && caller.leaseId !== id)) throw absent('lease', id)
  return lease
}

function ended(lease: LeaseRow): ClavigerError {
  return new ClavigerError('no_credential', `This lease is over: ${lease.endReason ?? 'it has expired'}.`, {
    hint: 'Start the run again with claviger exec.',
  })
}

/** As its holder is told. */
export function leased(
  row: CandidateRow,
  fields: Record<string, Secret>,
): NonNullable<Result<'leases.create'>['credential']> {
  const { id, name, owner, type, suffix, version, expiresAt } = row
  return { id, name, owner, type, suffix, generation: version, expiresAt: rfc3339OrNull(expiresAt), fields }
}

export function rawValue(
  row: CandidateRow,
  fields: Record<string, Secret>,
): Result<'leases.create'>['raw'][number] {
  return { id: row.id, name: row.name, owner: row.owner, value: fields['value'] ?? new Secret('') }
}
