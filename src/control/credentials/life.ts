// What has become of a credential: how its login was kept alive, and what runs have used of it.

import type { Output } from '../../api/schemas.ts'
import { type Caller, may } from '../../domain/caller.ts'
import { addUsage, NO_USAGE } from '../../domain/runs/conversation.ts'
import { titleOf } from '../../domain/runs/title.ts'
import type { AttemptRow, AttemptState } from '../../store/grant-groups.ts'
import type { RunLeaseRow } from '../../store/runs/run-groups.ts'
import type { CredentialRow, VersionSummary } from '../../store/store.ts'
import { findCredential, isAttached } from '../find.ts'
import { mustSeeWhole } from '../guard.ts'
import { sightOf } from '../runs/seeing.ts'
import type { Control } from '../use-case.ts'
import { rfc3339, rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { TESTER } from './testing-logins.ts'

type Renewal = Output<'credentials.renewals'>['renewals'][number]
type Usage = Output<'credentials.usage'>

const DAY = 24 * 3_600_000
const RUNS_AT_MOST = 50
// Leases that are looked at for those runs.
const LEASES_AT_MOST = 500

export function createLifeUseCases(
  workshop: Workshop,
): Pick<Control, 'credentials.renewals' | 'credentials.usage'> {
  const { store } = workshop
  const find = async (caller: Caller, id: string) => {
    const row = await findCredential(store, caller, id)
    mustSeeWhole(caller, row, await isAttached(store, caller, row))
    return row
  }
  return {
    'credentials.renewals': async (caller, { id, limit }) =>
      renewals(workshop, caller, await find(caller, id), limit),
    'credentials.usage': async (caller, { id, days }) =>
      usage(workshop, caller, await find(caller, id), days),
  }
}

async function renewals({ store }: Workshop, caller: Caller, row: CredentialRow, limit: number) {
  const attempts = await store.uses.renewals(row.id, { limit })
  const grant = await store.grants.get(row.id)
  // Of a key there are versions, and nothing that is kept alive.
  const versions = grant === undefined ? [] : await store.versions.list(row.id)
  const views = [
    ...attempts.map((attempt) => attemptView(caller, attempt, row.version)),
    ...versions.filter(({ note }) => note !== RENEWED).map((version) => signInView(version, row.version)),
  ]
  return { renewals: views.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, limit) }
}

const RENEWED = 'renewed'

const OUTCOME: Readonly<Record<AttemptState, Renewal['outcome']>> = {
  sent: 'open',
  given_up: 'open',
  unsent: 'unsent',
  committed: 'done',
  refused: 'refused',
  failed: 'failed',
  orphan: 'kept',
  leftover: 'kept',
  dropped: 'kept',
  revoked: 'kept',
}

const SENTENCE: Readonly<Record<Renewal['why'], string>> = {
  'sign-in': 'Somebody signed in.',
  use: 'It was about to expire when it was needed.',
  ahead: 'It was renewed ahead of time.',
  forced: 'A holder was refused with it.',
  verify: 'It came out of a backup, and was verified.',
  recover: 'The try before it went silent, and the same was sent once more.',
  orphan: 'The current one was refused, and another answer had been kept.',
  unknown: 'It was renewed.',
}

function attemptView(caller: Caller, attempt: AttemptRow, current: number): Renewal {
  const { purpose, asked, generation: from, state, startedAt, endedAt } = attempt
  const [wish = '', ...words] = asked.split(' ')
  const holder = words.join(' ')
  const why = purpose === 'renew' ? wishOf(wish) : purpose
  const made = state === 'committed' ? from + 1 : null
  return {
    ...{
      why,
      sentence: holder === TESTER ? 'It was tested.' : SENTENCE[why],
      by: holder === '' ? 'claviger serve' : holderFor(caller, holder),
    },
    ...{ from, generation: made, current: made === current, outcome: OUTCOME[state] },
    ...{ at: rfc3339(startedAt), endedAt: rfc3339OrNull(endedAt) },
    took: endedAt === null || state === 'unsent' ? null : Math.max(0, endedAt - startedAt),
  }
}

function wishOf(wish: string): Renewal['why'] {
  return wish === 'use' || wish === 'ahead' || wish === 'forced' ? wish : 'unknown'
}

// Who was refused is in the audit log, for those who read it.
function holderFor(caller: Caller, holder: string): string {
  if (holder === TESTER || may(caller, 'readAudit') || holder === `${caller.kind}:${caller.id}`) return holder
  return holder.startsWith('person:') ? 'a person' : 'an agent or a worker'
}

function signInView({ version, createdAt, createdBy }: VersionSummary, current: number): Renewal {
  const at = rfc3339(createdAt)
  return {
    ...{ why: 'sign-in', sentence: SENTENCE['sign-in'], by: createdBy, from: null, generation: version },
    ...{ current: version === current, outcome: 'done', at, endedAt: at, took: null },
  }
}

async function usage(
  { store, now }: Workshop,
  caller: Caller,
  row: CredentialRow,
  days: number,
): Promise<Usage> {
  const today = Math.floor(now() / DAY)
  const first = today - days + 1
  const counted = new Map((await store.uses.days(row.id, first)).map((one) => [one.day, one]))
  const all = Array.from({ length: days }, (_, i) => {
    const { turns = 0, usage: used = NO_USAGE } = counted.get(first + i) ?? {}
    return { day: rfc3339((first + i) * DAY).slice(0, 10), turns, usage: used }
  })
  const turns = all.reduce((sum, one) => sum + one.turns, 0)
  const total = { turns, usage: all.reduce((sum, one) => addUsage(sum, one.usage), NO_USAGE) }
  const served = await store.uses.served(row.organizationId, row.id, { limit: LEASES_AT_MOST })
  return { days: all, total, runs: await runViews(store, caller, served) }
}

// Newest first; a run may have had it under several leases.
async function runViews(
  { runs }: Pick<Workshop['store'], 'runs'>,
  caller: Caller,
  served: readonly RunLeaseRow[],
): Promise<Usage['runs']> {
  const byRun = Map.groupBy(served, ({ runId }) => runId)
  const views: Usage['runs'] = []
  for (const [id, leases] of [...byRun].slice(0, RUNS_AT_MOST)) {
    const run = await runs.get(caller.organizationId, id)
    const sight = run === undefined ? null : sightOf(caller, run)
    views.push({
      id,
      title: run !== undefined && sight === 'all' ? titleOf(run) : null,
      for: run !== undefined && sight !== null ? run.subjectName : null,
      startedAt: rfc3339(leases.at(-1)?.startedAt ?? 0),
      turns: leases.reduce((sum, one) => sum + one.turns, 0),
      usage: leases.reduce((sum, one) => addUsage(sum, one.usage), NO_USAGE),
    })
  }
  return views
}
