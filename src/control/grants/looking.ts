// Looking at grants for many who ask at once, and at what is known here of their attempts.

import type { Watched } from '../../domain/grants/decide.ts'
import type { GrantRow } from '../../store/grant-groups.ts'
import type { GrantPorts } from './tools.ts'
import { createWatching } from './watching.ts'

export interface Look {
  readonly row: GrantRow
  /** Of the attempt whose end nobody knows; null when there is none. */
  readonly watched: Watched | null
}

export interface Looking {
  /** Undefined when there is no such grant. */
  look(credentialId: string): Promise<Look | undefined>
}

/** `isFlying`: whether this server is making that attempt now. */
export function createLooking(
  { store, journal, replica, formerly, hasEnded, elapsed, timings }: GrantPorts,
  isFlying: (attempt: string) => boolean,
): Looking {
  const watching = createWatching(elapsed)
  const shared = new Map<string, Promise<Look | undefined>>()
  const watched = async ({ credentialId, grant }: GrantRow): Promise<Watched | null> => {
    if (grant.attempt === null) {
      watching.forget(credentialId)
      return null
    }
    const { id, replica: owner } = grant.attempt
    const row = await store.attempts.get(id)
    const seen = watching.look({ credentialId, id, beat: row?.beat ?? 0 })
    const isOver = async () =>
      seen.silence >= timings.dead && (formerly.includes(owner) || (await hasEnded?.(owner)) === true)
    const isSilent = owner === replica || (await isOver())
    return { ...seen, provenSilent: isSilent && !isFlying(id) && !journal.has(id) }
  }
  const look = async (credentialId: string): Promise<Look | undefined> => {
    await nextTurn()
    shared.delete(credentialId)
    const row = await store.grants.get(credentialId)
    return row && { row, watched: await watched(row) }
  }
  return {
    // Those who ask before the question is sent share it; whoever comes later asks anew, because its answer may be old.
    look(credentialId) {
      const asked = shared.get(credentialId) ?? look(credentialId)
      shared.set(credentialId, asked)
      return asked
    },
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
