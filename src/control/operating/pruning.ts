// Records of leases that were over long ago are removed, a few at a time. The audit log keeps what was handed to whom.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../lib/log.ts'
import type { Page, Store } from '../../store/store.ts'

/** How often it is looked for, in milliseconds. */
export const PRUNE_EVERY = 3_600_000

const BATCH = 500

export interface PruningDependencies {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Log
  /** How long the record of a lease is kept after it was over, in milliseconds. */
  readonly keep: number
  /** Ends it after the batch under way. */
  readonly signal: AbortSignal
}

/** Looks at all leases that are old enough, each batch a unit. */
export async function pruneLeases({ store, now, log, keep, signal }: PruningDependencies): Promise<void> {
  const before = now() - keep
  let removed = 0
  let after: string | null = ''
  while (after !== null && !signal.aborted) {
    const page: Page = { after, limit: BATCH }
    const begun = performance.now()
    const pruned = await store.upkeep.pruneLeases(before, page)
    removed += pruned.removed
    after = pruned.next
    // Half of the time belongs to everybody else.
    await sleep(performance.now() - begun, undefined, { ref: false })
  }
  if (removed > 0) log.info({ removed }, 'records of old leases were removed')
}
