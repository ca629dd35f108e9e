// Runs may end while their worker has nothing to do with them: while they rest, or while it is away. Their places are
// removed when it hears of that.

import type { RunServer } from './run-server.ts'

/** Where the runs of a machine lie. */
export interface RunPlaces {
  /** Removes credentials and ends programs that a killed worker has left; nothing is in hand yet. */
  clean(): Promise<void>
  /** Ids of the runs that have one. */
  list(): Promise<readonly string[]>
  remove(runId: string): Promise<void>
}

// So many are asked for at once.
const BATCH = 100

/** Removes the places of runs that are over for good; never of one that is in hand. Throws what the server throws. */
export async function tidy(
  server: Pick<RunServer, 'over'>,
  places: RunPlaces,
  isInHand: (runId: string) => boolean,
  signal: AbortSignal,
): Promise<number> {
  const ids = (await places.list()).filter((id) => !isInHand(id))
  let removed = 0
  for (let at = 0; at < ids.length && !signal.aborted; at += BATCH) {
    for (const id of await server.over(ids.slice(at, at + BATCH), signal)) {
      if (isInHand(id)) continue
      await places.remove(id)
      removed += 1
    }
  }
  return removed
}
