// Knows whether the database can be reached. Once connecting has failed it tries again by itself, ever more slowly, and
// whoever needs a connection meanwhile waits a little, then is refused at once: a restart is bridged, an outage is said.

import { setTimeout as delay } from 'node:timers/promises'

// Milliseconds.
const FIRST_WAIT = 50
const LONGEST_WAIT = 2_000

export interface Availability {
  /** Resolves when no outage is known; throws what failed last once the outage has lasted longer than the patience. */
  pass(): Promise<void>
  /** Connecting failed: an outage begins, or goes on. */
  lost(error: unknown): void
  /** Stops trying; everybody who waits is refused. */
  close(): void
}

interface Outage {
  /** On performance.now(). */
  readonly since: number
  error: unknown
  over: Promise<void>
}

/** `probe` connects once and throws when it cannot; `patience` is in milliseconds. */
export function createAvailability(probe: () => Promise<void>, patience: number): Availability {
  const closed = new AbortController()
  let outage: Outage | undefined

  const recover = async (current: Outage) => {
    for (let wait = FIRST_WAIT; !closed.signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      // Replicas that lost the database together should not come back together.
      const jittered = wait * (0.5 + Math.random() / 2)
      if (!(await slept(jittered, closed.signal))) return
      try {
        await probe()
        break
      } catch (error) {
        current.error = error
      }
    }
    outage = undefined
  }

  return {
    pass: async () => {
      if (outage === undefined) return
      const left = outage.since + patience - performance.now()
      if (left > 0 && !closed.signal.aborted) {
        const waited = new AbortController()
        const signal = AbortSignal.any([waited.signal, closed.signal])
        await Promise.race([outage.over, slept(left, signal)])
        waited.abort()
      }
      if (outage !== undefined) throw outage.error
    },
    lost: (error) => {
      if (outage !== undefined) {
        outage.error = error
        return
      }
      const begun = { since: performance.now(), error, over: Promise.resolve() }
      outage = begun
      begun.over = recover(begun)
    },
    close: () => closed.abort(),
  }
}

/** Waits without keeping the process alive. False when it was told to stop. */
export async function slept(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(milliseconds, undefined, { signal, ref: false })
    return true
  } catch {
    return false
  }
}
