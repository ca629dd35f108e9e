// Of the processes of a worker the newest one works. An earlier one that is still there, such as that of a rolling update or
// of a second machine with the same token, is dismissed as soon as it asks for anything: two would take runs from each other
// for ever.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { WorkerRow } from '../../store/machine-groups.ts'
import type { Ports } from '../use-case.ts'

// So many are known again. One that is older than that would count as new.
const REMEMBERED = 20

/**
 * The worker, for a process that is its newest: one that was never heard of is. Throws `forbidden` for an earlier one;
 * undefined when whoever asks is no worker.
 */
export async function beginProcess(
  { store }: Pick<Ports, 'store'>,
  { organizationId, id }: Pick<Caller, 'organizationId' | 'id'>,
  process: string,
): Promise<WorkerRow | undefined> {
  for (;;) {
    const row = await store.workers.get(organizationId, id)
    if (row === undefined || row.revokedAt !== null || isNewest(row, process)) return row
    const processes = [process, ...row.processes].slice(0, REMEMBERED)
    const isNoted = await store.atomically(async (unit) => {
      if (!(await unit.runWork.begin(id, row.processes, processes))) return false
      await unit.signals.send('holders', id)
      return true
    })
    if (isNoted) return { ...row, processes }
  }
}

/** Whether it is the newest, or else never was heard of. Throws `forbidden` for an earlier one. */
export function isNewest({ name, processes }: WorkerRow, process: string): boolean {
  if (processes[0] === process) return true
  if (!processes.includes(process)) return false
  throw new ClavigerError('forbidden', `A newer process of the worker ${name} has taken over.`, {
    hint: `Two machines need two workers: claviger admin worker enrol NAME, and there claviger worker --enrol`,
  })
}
