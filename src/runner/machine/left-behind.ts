// What a run leaves on its machine when its process is over, or its worker was killed: the credential that was delivered,
// and tools that its program has put into sessions of their own. Sessions and workspaces stay.

import type { Harness } from '../../harnesses/harness.ts'
import { endProcessesWithin } from '../../lib/programs/ending.ts'
import { removeDelivered } from '../worker/delivering/delivering.ts'
import { configurationOf, listRunPlaces } from '../workspaces/workspace.ts'

/** The variable by which the processes of a run are known: each run has such a directory of its own. */
const OWN_DIRECTORY = 'TMPDIR'

/** Ends what still runs of a run that has this directory for temporary files. */
export function endTools(temporary: string): Promise<void> {
  return endProcessesWithin(OWN_DIRECTORY, temporary)
}

/** For all runs that have a place in this directory; nobody has any of them in hand. */
export async function cleanPlaces(directory: string, harnesses: readonly Harness[]): Promise<void> {
  await endProcessesWithin(OWN_DIRECTORY, directory)
  for (const id of await listRunPlaces(directory)) {
    const configuration = configurationOf(directory, id)
    for (const harness of harnesses) await removeDelivered(harness, { configuration })
  }
}
