// All groups of runs at once.

import type { Kysely } from 'kysely'
import type { RunGroups } from '../../../runs/run-groups.ts'
import type { UseGroups } from '../../../runs/use-group.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'
import { runEventGroup, runLeaseGroup, runMessageGroup } from './records.ts'
import { runGroup, runWorkGroup } from './runs.ts'
import { useGroup } from './uses.ts'

/** Prepares the statements once; `shared`: other servers claim from this database too. */
export function runGroups(
  database: Kysely<Database>,
  shared: boolean,
): (execute: Execute) => RunGroups & UseGroups {
  const runs = runGroup(database)
  const runWork = runWorkGroup(database, shared)
  const runMessages = runMessageGroup(database)
  const runEvents = runEventGroup(database)
  const runLeases = runLeaseGroup(database)
  const uses = useGroup(database)
  return (execute) => ({
    runs: runs(execute),
    runWork: runWork(execute),
    runMessages: runMessages(execute),
    runEvents: runEvents(execute),
    runLeases: runLeases(execute),
    uses: uses(execute),
  })
}
