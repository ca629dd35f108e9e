// Looking at grants for many who ask at once, and at what is known here of their attempts.

import type { Watched } from '../../domain/grants/decide.ts'
import type { GrantRow } from '../../store/grant-groups.ts'
import type { GrantPorts } from './tools.ts'
import { createWatching } from './watching.ts'

export interface Looking {
  /** Undefined when there is no such grant. */
  look(credentialId: string): Promise<GrantRow | undefined>
  /** Of the attempt whose end nobody knows; null when there is none. */
  watched(row: GrantRow): Promise<Watched | null>
}

/** `isFlying`: whether this server is making that attempt now. */
export function createLooking(
  { store, journal, replica, elapsed }: GrantPorts,
  isFlying: (attempt: string) => boolean,
): Looking {
  const watching = createWatching(elapsed)
  const shared = new Map<string, Promise<GrantRow | undefined>>()
  return {
    // Those who ask before the question is sent share it; whoever comes later asks anew, because its answer may be old.
    look(credentialId) {
      const asked =
        shared.get(credentialId) ??
        nextTurn().then(() => {
          shared.delete(credentialId)
          return store.grants.get(credentialId)
        })
      shared.set(credentialId, asked)
      return asked
    },
    async watched({ credentialId, grant }) {
      if (grant.attempt === null) {
        watching.forget(credentialId)
        return null
      }
      const { id, replica: owner } = grant.attempt
      const row = await store.attempts.get(id)
      const seen = watching.look({ credentialId, id, beat: row?.beat ?? 0 })
      return { ...seen, provenSilent: owner === replica && !isFlying(id) && !journal.has(id) }
    },
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
