// How long nothing was heard of the owner of an attempt, as far as this server could have heard it. Nobody compares
// clocks, and time in which the database could not be asked does not count: the owner may be in the same trouble.

import type { Watched } from '../../domain/grants/decide.ts'
import type { AttemptRow } from '../../store/grant-groups.ts'

// Looks that are further apart than this tell nothing of the time between them, in milliseconds.
const GAP = 5_000

export interface Watching {
  /** Takes in that the attempt looks like this now; the result says how long it has been silent. */
  look(attempt: Pick<AttemptRow, 'credentialId' | 'id' | 'beat'>): Pick<Watched, 'silence' | 'watched'>
  /** The credential has no attempt without a known end. */
  forget(credentialId: string): void
}

interface Seen {
  readonly attempt: string
  beat: number
  at: number
  silence: number
  watched: number
}

/** `elapsed`: milliseconds from any start; never set back. */
export function createWatching(elapsed: () => number): Watching {
  const all = new Map<string, Seen>() // credential → what was seen of its attempt
  return {
    look({ credentialId, id, beat }) {
      const at = elapsed()
      const seen = all.get(credentialId)
      if (seen?.attempt !== id) {
        all.set(credentialId, { attempt: id, beat, at, silence: 0, watched: 0 })
        return { silence: 0, watched: 0 }
      }
      const passed = Math.min(at - seen.at, GAP)
      seen.silence = seen.beat === beat ? seen.silence + passed : 0
      seen.watched += passed
      Object.assign(seen, { beat, at })
      return { silence: seen.silence, watched: seen.watched }
    },
    forget: (credentialId) => {
      all.delete(credentialId)
    },
  }
}
