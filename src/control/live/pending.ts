// What is still to be told to one who listens: the same thing once, however often it happened, and no more than fits.

import type { ChangedTopic, LiveTopic } from '../../api/live.ts'
import type { Hint } from './hints.ts'

const IDS_AT_MOST = 100

// What changes with every lease is told now and then.
const SLOW: readonly LiveTopic[] = ['usage', 'audit']
/** Milliseconds. */
export const SLOW_EVERY = 3_000

export interface Pending {
  add(hint: Hint): void
  /** What may be told at this time, in milliseconds from any start; it is forgotten then. */
  take(now: number): ChangedTopic[]
  isEmpty(): boolean
}

export function createPending(): Pending {
  const waiting = new Map<LiveTopic, Set<string> | null>()
  let slowAt = Number.NEGATIVE_INFINITY
  return {
    add({ topic, id }) {
      const ids = waiting.get(topic)
      if (ids === null) return
      if (id === null || (ids?.size ?? 0) >= IDS_AT_MOST) waiting.set(topic, null)
      else if (ids === undefined) waiting.set(topic, new Set([id]))
      else ids.add(id)
    },
    take(now) {
      const isSlowDue = now - slowAt >= SLOW_EVERY
      const due = [...waiting].filter(([topic]) => isSlowDue || !SLOW.includes(topic))
      if (due.some(([topic]) => SLOW.includes(topic))) slowAt = now
      for (const [topic] of due) waiting.delete(topic)
      return due.map(([topic, ids]) => ({ topic, ids: ids === null ? null : [...ids] }))
    },
    isEmpty: () => waiting.size === 0,
  }
}
