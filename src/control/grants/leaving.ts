// A unit shows that a login should be renewed first, and renewing takes a call to its provider, which no unit waits for:
// the unit is left, the login renewed, and the unit run anew.

import type { Wish } from '../../domain/grants/decide.ts'
import { LeavesUnit } from '../../store/store.ts'

/** What is to be renewed, and what for. */
export interface Wanted {
  readonly credentialId: string
  readonly wish: Wish
}

/** Leaves the unit. */
export type Leave = (wanted: Wanted) => never

class Left extends LeavesUnit {
  readonly wanted: Wanted

  constructor(wanted: Wanted) {
    super('This login is to be renewed first.')
    this.wanted = wanted
  }
}

/** Runs `unit` until it is not left any more; `renew` is called each time it was. Throws what either throws. */
export async function whileLeft<T>(
  unit: (leave: Leave) => Promise<T>,
  renew: (wanted: Wanted) => Promise<void>,
): Promise<T> {
  const leave: Leave = (wanted) => {
    throw new Left(wanted)
  }
  for (;;) {
    try {
      return await unit(leave)
    } catch (thrown) {
      if (!(thrown instanceof Left)) throw thrown
      await renew(thrown.wanted)
    }
  }
}
