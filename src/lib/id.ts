// Identifiers: a prefix that says what it names, and a UUID version 7 (RFC 9562). Ids of one process sort in the order
// they were made, within a millisecond and when the clock steps back too: lists are paged by them.

import { v7 } from 'uuid'
import { randomSource } from './random.ts'

const random = randomSource()

let clock: () => number = Date.now

/** Ids of several servers sort by time when their clocks agree: from now on they are made by this one. */
export function makeIdsBy(now: () => number): void {
  clock = now
}

// The sequence starts somewhere random each millisecond, in the lower half, and counts up from there.
let last = { msecs: 0, seq: 0 }

/** For example `cred_01934b0c4e7b7c3e9d1f0a2b3c4d5e6f`. Ids name things; they are no secrets. */
export function newId(prefix: string): string {
  const bytes = random(16)
  const now = clock()
  last = now > last.msecs ? { msecs: now, seq: startOf(bytes) } : { msecs: last.msecs, seq: last.seq + 1 }
  return `${prefix}_${v7({ ...last, random: bytes }).replaceAll('-', '')}`
}

function startOf([a = 0, b = 0, c = 0, d = 0]: Uint8Array): number {
  return ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d
}
