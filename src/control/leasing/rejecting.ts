// A holder was refused with the credential of its lease: what is found out about it, what everybody is held off by, and
// what the holder does next. Each step has an audit entry of its own.

import type { Caller } from '../../domain/caller.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import {
  claimedUntil,
  type Finding,
  findingOf,
  isKnownWord,
  kindOf,
  type RejectionKind,
} from '../../domain/resolution/verdicts.ts'
import type { CredentialRow, LeaseRow } from '../../store/store.ts'
import { sealedVersion } from '../credentials/sealing.ts'
import { changedMeanwhile } from '../find.ts'
import type { Act } from '../guard.ts'
import { ambient, findLease, leasedRow, mustServe } from '../leases.ts'
import type { Control, Result } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { type Choice, readChoice, withTried, writeChoice } from './choice.ts'
import { createInquiry, type Inquiry } from './evidence.ts'
import { goOn, triedView } from './going-on.ts'

type Input = Parameters<Control['leases.reject']>[1]
type Answer = Result<'leases.reject'>

export function createRejectionUseCases(workshop: Workshop): Pick<Control, 'leases.reject'> {
  const inquiry = createInquiry(workshop)
  return { 'leases.reject': (caller, input) => reject(workshop, inquiry, caller, input) }
}

async function reject(workshop: Workshop, inquiry: Inquiry, caller: Caller, input: Input): Promise<Answer> {
  const kind = kindOf(input)
  const { lease, row, values } = await hear(workshop, inquiry, caller, input, kind)
  const choice = readChoice(lease)
  const { generation } = input
  if (row === null) {
    const finding = ownRefused(kind)
    if (finding.kind === 'retry') return retry(workshop, caller, { lease, row, choice, finding, generation })
    return goOn(workshop, caller, { lease, generation, choice: { ...choice, ambient: 'none' }, finding })
  }
  const asked = { kind, generation, row, choice }
  const evidence = await inquiry.evidence(caller, asked, values)
  const now = workshop.now()
  const { state, stateReason, stateUntil } = row
  const claimed = claimedUntil({ state, reason: stateReason, until: stateUntil })
  const report = { kind, now, resetAt: resetAt(input, now), claimedUntil: claimed }
  const finding = findingOf(report, evidence)
  if (finding.kind === 'retry') {
    const told = evidence.of === 'probe' ? { ...choice, retried: { generation, at: now } } : choice
    return retry(workshop, caller, { lease, row, choice: told, finding, generation })
  }
  if (finding.hold !== null) await hold(workshop, caller, lease, row, finding)
  const { id, name, type } = row
  const { reason, until, returns } = finding
  const tried = withTried(choice, { id, name, type, generation, reason, until, returns })
  return goOn(workshop, caller, { lease, generation, choice: tried, finding })
}

// The report itself, written down before anything follows from it.
async function hear(workshop: Workshop, inquiry: Inquiry, caller: Caller, input: Input, kind: RejectionKind) {
  const { id, generation, status, code } = input
  const { result, opened } = await workshop.guard.release(caller, async (unit, authorize) => {
    const lease = await findLease(unit, caller, id)
    await mustServe(unit, authorize, caller, lease, { action: 'lease.reject', now: workshop.now() })
    const row = await leasedRow(unit, caller, lease)
    await authorize(
      about(lease, row, 'lease.reject', {
        ...{ generation, kind },
        ...(status !== undefined && { status }),
        // Another word may be anything, and the audit is kept for ever.
        ...(code !== undefined && isKnownWord(code) && { code }),
      }),
    )
    const asked = row === null ? null : { kind, generation, row, choice: readChoice(lease) }
    const isOpened = asked !== null && inquiry.needsValues(asked)
    return { result: { lease, row }, open: isOpened ? [await sealedVersion(unit, asked.row)] : [] }
  })
  return { ...result, values: opened[0] }
}

interface Retrying {
  readonly lease: LeaseRow
  readonly row: CredentialRow | null
  readonly choice: Choice
  readonly finding: Extract<Finding, { kind: 'retry' }>
  readonly generation: number
}

async function retry(
  { guard, store }: Workshop,
  caller: Caller,
  { lease, row, choice, finding: { reason }, generation }: Retrying,
): Promise<Answer> {
  await guard.perform(caller, async (unit, authorize) => {
    await authorize(about(lease, row, 'lease.verdict', { verdict: 'retry', generation, reason }))
    const text = writeChoice(choice)
    if (text !== lease.choice) await unit.leases.change(lease.id, { choice: text })
  })
  const current = row === null ? undefined : await store.credentials.get(row.organizationId, row.id)
  return {
    ...{ verdict: 'retry', reason, until: null, signInHint: null, lease: null },
    ...{ generation: current?.version ?? null, tried: choice.tried.map(triedView) },
  }
}

// What everybody is held off by. Of a value that was changed meanwhile nothing is known.
async function hold(
  { guard, now }: Workshop,
  caller: Caller,
  lease: LeaseRow,
  row: CredentialRow,
  { hold }: Extract<Finding, { kind: 'out' }>,
): Promise<void> {
  if (hold === null || isHeldLonger(row, hold.until)) return
  const { state, reason, until } = hold
  const change = { state, stateReason: reason, stateUntil: until, updatedAt: now() }
  await guard.perform(caller, async (unit, authorize) => {
    const current = await unit.credentials.get(row.organizationId, row.id)
    if (current?.version !== row.version) return authorize(about(lease, row, 'credential.unchanged'))
    await authorize(about(lease, row, 'credential.state', { from: current.state, to: state, reason }))
    if (!(await unit.credentials.update(row.organizationId, row.id, current.revision, change)))
      throw changedMeanwhile(row.name)
  })
}

// A shorter claim does not shorten what is known already, and what only a person can lift stays.
function isHeldLonger({ state, stateUntil }: CredentialRow, until: number | null): boolean {
  if (state === 'blocked' || state === 'rejected' || state === 'needs_login') return until !== null
  return state === 'cooling_down' && until !== null && stateUntil !== null && stateUntil >= until
}

// The machine's own: nobody here can look after it.
function ownRefused(kind: RejectionKind): Finding {
  if (kind === 'other') return findingOf({ kind, now: 0, resetAt: null, claimedUntil: null }, { of: 'newer' })
  const reason = "the machine's own login was refused"
  return { kind: 'out', reason, hold: null, until: null, returns: null }
}

function resetAt({ resetAt, retryAfterSeconds }: Input, now: number): number | null {
  if (resetAt !== undefined) return Date.parse(resetAt)
  return retryAfterSeconds === undefined ? null : now + retryAfterSeconds * 1_000
}

/** An act of the holder of this lease upon its credential. */
function about(
  lease: LeaseRow,
  row: CredentialRow | null,
  action: string,
  details: NonNullable<Act['details']> = {},
): Act {
  const harness = lease.harness as HarnessName
  return {
    action,
    needs: { lease: lease.id },
    object: row === null ? ambient(lease.id) : { kind: 'credential', id: row.id, name: row.name },
    details: {
      lease: lease.id,
      harness,
      ...(row !== null && { owner: row.owner, type: row.type }),
      ...details,
    },
  }
}
