// Random bytes in small portions: asking the system costs more than what is done with them. Bytes are handed out once and
// wiped from the pool.

import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 8192

/** A source of cryptographically strong random bytes over a pool of its own. Portions may have at most 1,024 bytes. */
export function randomSource(): (bytes: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  return (bytes) => {
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const portion = pool.slice(used, used + bytes)
    pool.fill(0, used, used + bytes)
    used += bytes
    return portion
  }
}
