// What must not be given up because a database is away for a while.

import { setTimeout as sleep } from 'node:timers/promises'
import { ClavigerError } from '../../../domain/errors.ts'

const FIRST_WAIT = 100
const LONGEST_WAIT = 2_000

/**
 * Does `work` until it succeeds, or fails for another reason than a database that is away; then throws that. Throws what
 * came last when `ending` is aborted. `work` must do no harm when it is done twice.
 */
export async function persistently<T>(work: () => Promise<T>, ending: AbortSignal): Promise<T> {
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      return await work()
    } catch (error) {
      const isAway = error instanceof ClavigerError && error.code === 'unavailable'
      if (!isAway || ending.aborted) throw error
      await sleep(wait, undefined, { signal: ending }).catch(() => undefined)
    }
  }
}
