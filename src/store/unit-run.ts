// One run of a unit's work, as every engine sees it: a call that failed fails all of it, even when the work goes on, and
// nothing can be asked for after its end.

import { unitEnded } from './refusals.ts'

export interface UnitRun {
  /** Throws when the run has ended, or what failed in it. */
  refuse(): void
  /** Makes one call of the run; throws as `refuse`, and what the call throws. */
  call<T>(make: () => Promise<T>): Promise<T>
  /** The first call that failed. */
  failure(): { readonly error: unknown } | undefined
  /** Runs the work and ends the run. Throws what failed in it, or what the work throws. */
  complete<T>(work: () => Promise<T>): Promise<T>
}

export function createUnitRun(): UnitRun {
  let ended = false
  let failure: { readonly error: unknown } | undefined
  const fail = () => {
    if (failure) throw failure.error
  }
  const refuse = () => {
    if (ended) throw unitEnded()
    fail()
  }
  return {
    refuse,
    call: async (make) => {
      refuse()
      try {
        return await make()
      } catch (error) {
        failure ??= { error }
        throw error
      }
    },
    failure: () => failure,
    complete: async (work) => {
      try {
        const value = await work()
        fail()
        return value
      } finally {
        ended = true
      }
    },
  }
}
