// Knows whether the code that runs now is the work of a unit. Whoever asks the outer store then would wait for itself
// for ever; with this it gets an error instead.

import { AsyncLocalStorage } from 'node:async_hooks'
import { ClavigerError } from '../domain/errors.ts'

export interface UnitScope {
  /** Runs the work of a unit. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Throws `internal` inside such work. */
  refuseInside(): void
}

/** One scope for one store. */
export function createUnitScope(): UnitScope {
  const inside = new AsyncLocalStorage<true>()
  return {
    run: (work) => inside.run(true, work),
    refuseInside: () => {
      if (inside.getStore() !== undefined) {
        throw new ClavigerError('internal', 'The store was used from outside in one of its own units.')
      }
    },
  }
}
