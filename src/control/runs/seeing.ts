// Who may see which run, and do what with it: one's own; those of one's teams, to read; for those who manage all, to read
// and to stop; for auditors that they are and what they used, no word of them.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { RunFilter, RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { type Act, type Authorize, absent } from '../guard.ts'

export type Sight = 'all' | 'metadata'

/** Null: to this caller there is no such run. */
export function sightOf(caller: Caller, row: RunRow): Sight | null {
  if (row.organizationId !== caller.organizationId) return null
  if (isOwn(caller, row)) return caller.role === 'auditor' ? 'metadata' : 'all'
  if (caller.kind === 'worker') return row.run.claim?.worker === caller.id ? 'all' : null
  if (caller.kind === 'agent') return null
  if (managesAll(caller)) return 'all'
  if (caller.role === 'auditor') return 'metadata'
  return row.team !== null && caller.teams.includes(row.team) ? 'all' : null
}

function managesAll({ kind, role }: Caller): boolean {
  return kind === 'person' && (role === 'owner' || role === 'admin')
}

function isOwn({ kind, id }: Caller, { subjectKind, subjectId }: RunRow): boolean {
  return kind === subjectKind && id === subjectId
}

/** The runs a list shows this caller. */
export function visibleTo(caller: Caller, mine: boolean): RunFilter {
  if (caller.kind === 'worker') return { worker: caller.id }
  const subject = { subjectKind: caller.kind, subjectId: caller.id }
  if (mine || caller.kind === 'agent') return { subject }
  if (managesAll(caller) || caller.role === 'auditor') return {}
  return { subject, teams: caller.teams }
}

/** Throws `not_found` when there is none for this caller. */
export async function findRun(
  groups: Pick<StoreGroups, 'runs'>,
  caller: Caller,
  id: string,
): Promise<{ row: RunRow; sight: Sight }> {
  const row = await groups.runs.get(caller.organizationId, id)
  const sight = row === undefined ? null : sightOf(caller, row)
  if (row === undefined || sight === null) throw absent('run', id)
  return { row, sight }
}

/** The run, held by the unit, for whoever may do this with it. Throws `not_found`, or `forbidden` after recording it. */
export async function holdToChange(
  unit: StoreGroups,
  authorize: Authorize,
  caller: Caller,
  id: string,
  action: string,
): Promise<RunRow> {
  const row = await unit.runs.hold(caller.organizationId, id)
  if (row === undefined || sightOf(caller, row) === null) throw absent('run', id)
  const may = isOwn(caller, row) || (action === 'run.cancel' && managesAll(caller))
  await authorize(actOn(row, action, may ? { general: 'startRuns' } : { forbiddenBy: notTheirs(row) }))
  return row
}

/** An act upon a run. Its words are nobody's business in an audit log. */
export function actOn(
  { id, harness, subjectName }: RunRow,
  action: string,
  needs: Act['needs'],
  details: Act['details'] = {},
): Act {
  return {
    action,
    needs,
    object: { kind: 'run', id, name: id },
    details: { harness, for: subjectName, ...details },
  }
}

function notTheirs({ subjectName }: RunRow): ClavigerError {
  return new ClavigerError('forbidden', `This run is ${subjectName}'s: you may read it, nothing more.`, {
    hint: 'Start one of your own: claviger run',
  })
}
