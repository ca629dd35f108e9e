// Identifiers: a prefix that says what it names, and a UUID version 7 (RFC 9562), so ids sort by time.

import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const UUID_BYTES = 16
// Asking the system for randomness costs more than making the id; one request serves this many.
const pool = new Uint8Array(UUID_BYTES * 256)
let used = pool.length

/** For example `cred_01934b0c4e7b7c3e9d1f0a2b3c4d5e6f`. Ids name things; they are no secrets. */
export function newId(prefix: string): string {
  return `${prefix}_${v7({ rng: nextBytes }).replaceAll('-', '')}`
}

function nextBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += UUID_BYTES
  return pool.subarray(used - UUID_BYTES, used)
}
