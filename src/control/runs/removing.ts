// Runs are removed: by whoever they are for, and after a time when the operator has set one. Their workers ask which of the
// places on their machines are nobody's any more.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isHeld, stateInWords } from '../../domain/runs/run.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { endLeases } from './changing.ts'
import { holdToChange } from './seeing.ts'

type Removing = Pick<Control, 'runs.delete' | 'runs.places'>

export function createRemovingUseCases(workshop: Workshop): Removing {
  const { guard, store, now } = workshop
  return {
    async 'runs.delete'(caller: Caller, { id }) {
      await guard.perform(caller, async (unit, authorize) => {
        const row = await holdToChange(unit, authorize, caller, id, 'run.delete')
        if (isHeld(row.run.state) || row.run.claim !== null) throw stillHeld(row)
        await removeRun(unit, row, now())
      })
      return {}
    },
    'runs.places': async ({ organizationId }, { places }) => ({
      over: await store.runs.finished(organizationId, places),
    }),
  }
}

/** Whoever calls it holds the row, and has authorized it. */
export async function removeRun(unit: StoreGroups, row: RunRow, at: number): Promise<void> {
  await endLeases(unit, row, at, 'its run was removed')
  await unit.runs.remove(row.organizationId, row.id, at)
  await unit.signals.send('runs', row.id)
}

function stillHeld({ id, run }: RunRow): ClavigerError {
  return new ClavigerError('conflict', `A run that is ${stateInWords(run.state)} cannot be deleted.`, {
    hint: `End it first: claviger run end ${id}`,
  })
}
