// What a worker says of its machine when it asks for runs, kept with the worker: whoever waits for one learns what is
// missing there.

import { isDeepStrictEqual } from 'node:util'
import type { Input } from '../../api/schemas.ts'
import type { WorkerMachine, WorkerRow } from '../../store/machine-groups.ts'
import type { Ports } from '../use-case.ts'

type Said = Pick<
  Input<'runs.claim'>,
  'harnesses' | 'version' | 'server' | 'programs' | 'directories' | 'capacity' | 'holding'
>

/** Keeps it when it is news. A worker asks every half minute, and its machine changes once a month. */
export async function noteMachine(
  { store, now }: Pick<Ports, 'store' | 'now'>,
  row: WorkerRow,
  said: Said,
): Promise<void> {
  const machine = machineOf(said)
  if (isDeepStrictEqual(row.machine, machine)) return
  const at = now()
  await store.workers.seen(row.id, at, at, machine)
}

// What it takes no runs of does not count.
function machineOf({
  harnesses,
  version,
  server,
  programs = [],
  directories,
  capacity,
  holding,
}: Said): WorkerMachine {
  const versionOf = (name: string) => programs.find(({ harness }) => harness === name)?.version ?? null
  return {
    version: version ?? null,
    ...(server !== undefined && { server }),
    programs: [...new Set(harnesses)].sort().map((harness) => ({ harness, version: versionOf(harness) })),
    runs: capacity + holding.length,
    directories,
  }
}
