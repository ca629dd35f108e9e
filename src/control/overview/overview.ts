// `overview`: how everything is that the caller may see, on one page. Read only, and of each list only its beginning.

import type { Output } from '../../api/schemas.ts'
import { type Caller, may, mayCredential } from '../../domain/caller.ts'
import { HARNESS_TITLE, HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { parseOwner } from '../../domain/owner.ts'
import { chosen } from '../../domain/resolution/resolve.ts'
import { type CredentialState, isUsable } from '../../domain/state.ts'
import type { OwnedCount } from '../../store/runs/use-group.ts'
import { type CredentialDetails, listSeen } from '../credentials/looking.ts'
import { firstRunOf, takersHint } from '../machines/takers.ts'
import { subjectOf } from '../resolution.ts'
import { visibleTo } from '../runs/seeing.ts'
import { isDisabled } from '../settings/rules.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { changesFor } from './changes.ts'
import { endsFor } from './ends.ts'
import { waitingFor } from './waiting.ts'

type Overview = Output<'overview'>

// The worst first.
const ATTENTION: readonly CredentialState[] = [
  'needs_login',
  'rejected',
  'blocked',
  'quarantined',
  'cooling_down',
  'expiring',
]
const ATTENTION_AT_MOST = 20

export function createOverviewUseCase(workshop: Workshop): Pick<Control, 'overview'> {
  return { overview: (caller) => overview(workshop, caller) }
}

async function overview(workshop: Workshop, caller: Caller): Promise<Overview> {
  const owned = await workshop.store.uses.owned(caller.organizationId)
  const seen = owned.filter(({ owner }) => mayCredential(caller, 'describe', parseOwner(owner)))
  const known = owned.filter(({ owner }) => mayCredential(caller, 'exists', parseOwner(owner)))
  return {
    harnesses: await Promise.all(HARNESSES.map((harness) => harnessView(workshop, caller, harness, seen))),
    credentials: { total: sum(seen), states: byState(seen) },
    others: sum(known) - sum(seen),
    attention: await attentionFor(workshop, caller, seen),
    ends: await endsFor(workshop, caller),
    waiting: await waitingFor(workshop, caller),
    changes: await changesFor(workshop, caller),
    guide: await guideFor(workshop, caller, seen.length > 0),
  }
}

function sum(counts: readonly OwnedCount[]): number {
  return counts.reduce((total, { count }) => total + count, 0)
}

function byState(counts: readonly OwnedCount[]): Overview['credentials']['states'] {
  const states: Partial<Record<CredentialState, number>> = {}
  for (const { state, count } of counts) states[state] = (states[state] ?? 0) + count
  return states
}

async function harnessView(
  workshop: Workshop,
  caller: Caller,
  harness: HarnessName,
  seen: readonly OwnedCount[],
): Promise<Overview['harnesses'][number]> {
  const { store, resolution } = workshop
  const { organizationId } = caller
  const query = { harness, ambient: 'none' } as const
  const { decisions } = await resolution.decide(store, organizationId, subjectOf(caller), query)
  return {
    ...{ harness, title: HARNESS_TITLE[harness] },
    enabled: !(await isDisabled(store, organizationId, harness)),
    works: may(caller, 'lease') && chosen(decisions) !== null,
    untaken:
      caller.kind === 'person' && may(caller, 'startRuns')
        ? await takersHint(workshop, firstRunOf(caller, harness))
        : null,
    credentials: sum(seen.filter((one) => one.harness === harness)),
  }
}

async function attentionFor(
  workshop: Workshop,
  caller: Caller,
  seen: readonly OwnedCount[],
): Promise<CredentialDetails[]> {
  const found: CredentialDetails[] = []
  for (const state of ATTENTION) {
    const limit = ATTENTION_AT_MOST - found.length
    if (limit <= 0 || !seen.some((one) => one.state === state)) continue
    const { credentials } = await listSeen(workshop, caller, { state, limit }, undefined)
    found.push(...credentials.filter((one) => state === 'expiring' || !servesAgain(one, workshop.now())))
  }
  return found
}

// Its time is up, and nobody has asked for it since.
function servesAgain({ state, stateUntil }: CredentialDetails, now: number): boolean {
  return isUsable(state, stateUntil === null ? null : Date.parse(stateUntil), now)
}

async function guideFor(
  { store }: Workshop,
  caller: Caller,
  credential: boolean,
): Promise<Overview['guide']> {
  const runs = await store.runs.list(caller.organizationId, visibleTo(caller, false), { limit: 1 })
  const workers = may(caller, 'readMachines') ? await store.workers.list(caller.organizationId) : null
  const worker = workers?.some(({ enrolledAt, revokedAt }) => enrolledAt !== null && revokedAt === null)
  const run = runs.length > 0
  return { credential, run, worker: worker ?? null, isEmpty: !credential && !run }
}
