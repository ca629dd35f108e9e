// How often something may be tried: token buckets in the memory of this process, one a key, bounded in number. Several
// servers of one installation each count for themselves.

import { isIPv6 } from 'node:net'

export interface RateLimit {
  /** Takes so many tries of this key, one when not said. The milliseconds until they are there when they are not; 0: taken. */
  take(key: string, tries?: number): number
  /** The same, without taking one. */
  wait(key: string): number
  /** As if so many had not been taken. */
  giveBack(key: string, tries: number): void
}

export interface RateLimitOptions {
  /** How many tries a key has at once. */
  readonly burst: number
  /** Every so many milliseconds it gets one back. */
  readonly everyMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Keys that are remembered; those that come when there is no room share one bucket. */
  readonly keysAtMost?: number
}

const KEYS_AT_MOST = 10_000

// No blank key is ever taken for a person or an address.
const NEWCOMERS = ' newcomers'

export function createRateLimit({
  burst,
  everyMs,
  now,
  keysAtMost = KEYS_AT_MOST,
}: RateLimitOptions): RateLimit {
  const fullAt = new Map<string, number>() // key → when it will have all of its tries again
  const wholeMs = burst * everyMs

  // A full bucket is as good as none. Nobody is pushed out who has tries to answer for: that would be a way around.
  function makeRoom(asked: number): boolean {
    if (fullAt.size < keysAtMost) return true
    for (const [key, at] of fullAt) if (at <= asked) fullAt.delete(key)
    return fullAt.size < keysAtMost
  }

  function look(key: string, tries = 1) {
    const asked = now()
    const place = fullAt.has(key) || makeRoom(asked) ? key : NEWCOMERS
    // Nothing is more than empty: only a clock that was set back would say so.
    const at = Math.min(Math.max(fullAt.get(place) ?? asked, asked), asked + wholeMs)
    const then = at + tries * everyMs
    return { place, at, then, wait: Math.max(0, then - (asked + wholeMs)) }
  }

  return {
    take(key, tries) {
      const { place, then, wait } = look(key, tries)
      if (wait === 0) fullAt.set(place, then)
      return wait
    },
    wait: (key) => look(key).wait,
    giveBack(key, tries) {
      const { place, at } = look(key)
      fullAt.set(place, at - tries * everyMs)
    },
  }
}

/** What addresses are counted by: one IPv4 address, or a whole /64 of IPv6, of which one line of one household has all. */
export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.toLowerCase().split('::')
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')))
  const missing = tail === undefined ? 0 : 8 - (before?.length ?? 0) - (after?.length ?? 0)
  const groups = [...(before ?? []), ...Array<string>(Math.max(0, missing)).fill('0'), ...(after ?? [])]
  return `${groups.slice(0, 4).join(':')}::/64`
}
