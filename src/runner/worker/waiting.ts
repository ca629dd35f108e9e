// Waiting: for a while, for the server to come back, and for credentials to arrive.

import { setTimeout as sleep } from 'node:timers/promises'
import { isPassing } from '../../client/problem.ts'
import type { AcquiredLease, LiveLeases } from '../lease-source.ts'

/** Resolves early when somebody aborts it. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}

const SHORTEST_PAUSE = 250
const LONGEST_PAUSE = 10_000

/** Somebody wants the process of a run to end: nothing has gone wrong. */
export class Interrupted extends Error {}

/** Calls until there is an answer that will stay; throws that, or `Interrupted`. */
export async function persistently<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let wait = SHORTEST_PAUSE; ; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
    if (signal.aborted) throw new Interrupted()
    try {
      return await call()
    } catch (error) {
      if (!isPassing(error)) throw error
      await pause(wait * (0.75 + Math.random() / 2), signal)
    }
  }
}

/** What there is to do. `refresh`: the lease has something new; `ask`: what now serves; `acquire`: the lease is over. */
export type Arrival = 'refresh' | 'ask' | 'acquire'

// Milliseconds. Timers know no longer time, and clocks of machines differ.
const LONGEST_WAIT = 24 * 3_600_000
const SOONEST_LOOK = 1_000
const LATEST_LOOK = 60_000

/**
 * Until something becomes of the lease, or this time; null: no such time. It looks after a day anyway, and after a time
 * that is over the later, the more often (`looks`) it has looked before. Resolves early when it is aborted.
 */
export async function untilArrival(
  live: LiveLeases,
  lease: AcquiredLease,
  until: number | null,
  signal: AbortSignal,
  looks = 0,
): Promise<Arrival> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const least = Math.min(SOONEST_LOOK * 2 ** looks, LATEST_LOOK)
  const wait = until === null ? LONGEST_WAIT : Math.min(Math.max(until - Date.now(), least), LONGEST_WAIT)
  const timer = setTimeout(() => over.abort(), wait)
  try {
    for await (const news of live.follow(lease, lease.credential?.generation ?? 0, either)) {
      if (news.type === 'revoked') return 'acquire'
      return news.generation === null ? 'ask' : 'refresh'
    }
    return 'ask'
  } finally {
    clearTimeout(timer)
    over.abort()
  }
}
