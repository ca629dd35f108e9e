// Identifiers: a prefix that says what it names, and a UUID version 7 (RFC 9562). Ids of one process sort in the order
// they were made, within a millisecond and when the clock steps back too: lists are paged by them.

import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const UUID_BYTES = 16
// Asking the system for randomness costs more than making the id; one request serves this many.
const pool = new Uint8Array(UUID_BYTES * 256)
let used = pool.length

// The sequence starts somewhere random each millisecond, in the lower half, and counts up from there.
let last = { msecs: 0, seq: 0 }

/** For example `cred_01934b0c4e7b7c3e9d1f0a2b3c4d5e6f`. Ids name things; they are no secrets. */
export function newId(prefix: string): string {
  const random = nextBytes()
  const now = Date.now()
  last = now > last.msecs ? { msecs: now, seq: startOf(random) } : { msecs: last.msecs, seq: last.seq + 1 }
  return `${prefix}_${v7({ ...last, random }).replaceAll('-', '')}`
}

function startOf([a = 0, b = 0, c = 0, d = 0]: Uint8Array): number {
  return ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d
}

function nextBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += UUID_BYTES
  return pool.subarray(used - UUID_BYTES, used)
}
