// Runs that wait for somebody: for a login, or for a worker that would take them.

import type { Output } from '../../api/schemas.ts'
import { type Caller, mayCredential } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { parseOwner } from '../../domain/owner.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { CredentialRow } from '../../store/store.ts'
import { canSee, seesNameOnly } from '../guard.ts'
import { signInAgain } from '../leasing/sign-in-hint.ts'
import { takersHint } from '../machines/takers.ts'
import { subjectOf } from '../resolution.ts'
import { sightOf, visibleTo } from '../runs/seeing.ts'
import { subjectOfRun } from '../runs/serving.ts'
import { summaryView, type WorkerNames, workerNames } from '../runs/views.ts'
import { rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { named } from './ends.ts'

type Waiting = Output<'overview'>['waiting'][number]

const AT_MOST = 20

export async function waitingFor(workshop: Workshop, caller: Caller): Promise<Waiting[]> {
  const { store } = workshop
  const { organizationId } = caller
  const states = ['waiting_for_credentials', 'queued'] as const
  const found = states.map((state) => {
    const filter = { ...visibleTo(caller, false), states: [state] }
    return store.runs.list(organizationId, filter, { limit: AT_MOST })
  })
  const names = await workerNames(store, organizationId)
  const views: Waiting[] = []
  for (const row of (await Promise.all(found)).flat()) {
    const view = await waitingView(workshop, caller, row, names)
    if (view !== null && views.length < AT_MOST) views.push(view)
  }
  return views
}

// Null: nobody has to do anything.
async function waitingView(
  workshop: Workshop,
  caller: Caller,
  row: RunRow,
  names: WorkerNames,
): Promise<Waiting | null> {
  const run = summaryView(row, sightOf(caller, row) ?? 'metadata', names)
  if (row.run.state === 'queued') {
    const hint = await takersHint(workshop, row)
    return hint === null ? null : { run, why: 'No worker takes it.', until: null, hint, signIn: null }
  }
  const over = await loginOf(workshop, caller, row)
  return {
    run,
    why: row.run.reason === '' ? 'Nothing serves it now.' : row.run.reason,
    until: rfc3339OrNull(row.run.until),
    hint: over === null ? null : signInAgain(caller, over),
    signIn: over && {
      ...named(over),
      suffix: seesNameOnly(caller, over) ? null : over.suffix,
      manage: mayCredential(caller, 'manage', parseOwner(over.owner)),
    },
  }
}

// The first of its candidates that somebody has to sign in for.
async function loginOf(workshop: Workshop, caller: Caller, row: RunRow): Promise<CredentialRow | null> {
  const { store, resolution } = workshop
  const { harness, team, wanted } = row
  const query = {
    harness,
    ambient: 'none',
    ...(team !== null && { team }),
    credential: wanted.credential?.id,
  }
  try {
    const subject = subjectOf(await subjectOfRun(workshop, caller, row))
    const { decisions } = await resolution.decide(store, row.organizationId, subject, {
      ...query,
      ambient: 'none',
    })
    const over = decisions.find(({ credential }) => credential?.state === 'needs_login')
    const found = await store.credentials.get(row.organizationId, over?.credential?.id ?? '')
    return found !== undefined && canSee(caller, found, false) ? found : null
  } catch (thrown) {
    // Whoever it is for is gone, or the credential that it asked for.
    if (thrown instanceof ClavigerError && thrown.code !== 'unavailable') return null
    throw thrown
  }
}
