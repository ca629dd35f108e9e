// The tries that this server is making: at most one for each grant, and all who wait for it share it.

import { setTimeout as sleep } from 'node:timers/promises'
import { newId } from '../../lib/id.ts'
import { createLine, type Line } from '../../lib/programs/line.ts'
import type { Renewer } from '../../providers/provider.ts'
import { attempt, type Wanted } from './renewing/attempting.ts'
import type { LeftAttempt } from './renewing/journal.ts'
import { takeOver } from './renewing/taking-over.ts'
import type { GrantPorts } from './tools.ts'

const PAUSE = 250 // milliseconds

export interface Flights {
  /** The try that is under way; it does not reject. */
  of(credentialId: string): Promise<void> | undefined
  /** What the last one failed by, in a sentence; undefined: it did not fail, or was none of this server. */
  lastFailure(credentialId: string): string | undefined
  /**
   * Makes the try that the rules ask for, unless one is under way: at once, or in its turn where a provider takes few at a
   * time. It goes on when nobody waits any more. Undefined: none is begun any more.
   */
  begin(wanted: Wanted): Promise<void> | undefined
  /** Goes on with tries that an earlier process of this server has begun. Call it before any other. */
  takeOver(left: readonly LeftAttempt[]): void
  isMaking(attempt: string): boolean
  /** Resolves when those under way have ended. */
  ended(): Promise<void>
  /** No more are begun from now on. */
  end(): void
  /** No more are begun. */
  areOver(): boolean
}

export function createFlights(ports: GrantPorts): Flights {
  const flying = new Map<string, Promise<void>>() // credential → its try
  const ids = new Set<string>()
  const failures = new Map<string, string>() // credential → what its last try failed by
  const lines = new Map<Renewer, Line>()
  let isOver = false
  // One try after the other, for one grant.
  const fly = async (credentialId: string, tries: Readonly<Record<string, () => Promise<void>>>) => {
    for (const id of Object.keys(tries)) ids.add(id)
    for (const [id, work] of Object.entries(tries)) {
      try {
        await work()
      } catch (error) {
        // Whoever waits will look again and see what there is.
        const detail = error instanceof Error ? error.message : String(error)
        ports.log.warn({ attempt: id, detail }, 'a try to renew a login came to no end')
        // Nor is it made again at once, by whoever waits.
        await sleep(PAUSE)
      } finally {
        ids.delete(id)
      }
    }
    flying.delete(credentialId)
  }
  const make = async (wanted: Wanted, id: string) => {
    const leave = await inTurn(ports, lines, wanted)
    try {
      const failure = isOver ? null : await attempt(ports, wanted, id)
      if (failure === null) failures.delete(wanted.credentialId)
      else failures.set(wanted.credentialId, failure)
    } finally {
      leave()
    }
  }
  return {
    of: (credentialId) => flying.get(credentialId),
    lastFailure: (credentialId) => failures.get(credentialId),
    begin(wanted) {
      const there = flying.get(wanted.credentialId)
      if (there !== undefined || isOver) return there
      const id = newId('attempt')
      const flight = fly(wanted.credentialId, { [id]: () => make(wanted, id) })
      flying.set(wanted.credentialId, flight)
      return flight
    },
    takeOver(left) {
      for (const [credentialId, all] of Map.groupBy(left, ({ place }) => place.credentialId)) {
        const tries = all.map((one) => [one.place.attempt, () => takeOver(ports, one)] as const)
        flying.set(credentialId, fly(credentialId, Object.fromEntries(tries)))
      }
    },
    isMaking: (attempt) => ids.has(attempt),
    areOver: () => isOver,
    end: () => {
      isOver = true
    },
    ended: async () => {
      await Promise.all(flying.values())
    },
  }
}

// Before the claim: from then on others count how long it takes. Resolves to what lets the next one go on.
async function inTurn(
  { store, renewerOf }: GrantPorts,
  lines: Map<Renewer, Line>,
  { organizationId, credentialId, wish }: Wanted,
): Promise<() => void> {
  const row = await store.credentials.get(organizationId, credentialId)
  const renewer = row && renewerOf(row.type)
  if (renewer?.atOnce === undefined) return () => undefined
  const line = lines.get(renewer) ?? createLine(renewer.atOnce)
  lines.set(renewer, line)
  return line.enter(wish.kind !== 'ahead')
}
