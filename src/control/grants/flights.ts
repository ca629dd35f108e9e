// The tries that this server is making: at most one for each grant, and all who wait for it share it.

import { setTimeout as sleep } from 'node:timers/promises'
import { newId } from '../../lib/id.ts'
import { attempt, type Wanted } from './renewing/attempting.ts'
import type { GrantPorts } from './tools.ts'

const PAUSE = 250 // milliseconds

export interface Flights {
  /** The try that is under way; it does not reject. */
  of(credentialId: string): Promise<void> | undefined
  /** Makes the try that the rules ask for, unless one is under way. It goes on when nobody waits any more. */
  begin(wanted: Wanted): Promise<void>
  isMaking(attempt: string): boolean
  /** Resolves when those under way have ended. */
  ended(): Promise<void>
}

export function createFlights(ports: GrantPorts): Flights {
  const flying = new Map<string, Promise<void>>() // credential → its try
  const ids = new Set<string>()
  const fly = async (wanted: Wanted, id: string) => {
    try {
      await attempt(ports, wanted, id)
    } catch (error) {
      // Whoever waits will look again and see what there is.
      const detail = error instanceof Error ? error.message : String(error)
      ports.log.warn({ attempt: id, detail }, 'a try to renew a login came to no end')
      // Nor is it made again at once, by whoever waits.
      await sleep(PAUSE)
    } finally {
      ids.delete(id)
      flying.delete(wanted.credentialId)
    }
  }
  return {
    of: (credentialId) => flying.get(credentialId),
    begin(wanted) {
      const there = flying.get(wanted.credentialId)
      if (there !== undefined) return there
      const id = newId('attempt')
      ids.add(id)
      const flight = fly(wanted, id)
      flying.set(wanted.credentialId, flight)
      return flight
    },
    isMaking: (attempt) => ids.has(attempt),
    ended: async () => {
      await Promise.all(flying.values())
    },
  }
}
