// A pool: several credentials of one type and one owner that nobody has put in an order. A run stays with the one it had;
// others take turns, or have a fixed order. What cools down or was refused is skipped by resolution, wherever it stands.

export const POOL_ORDERS = ['fixed', 'least-recently-used'] as const
export type PoolOrder = (typeof POOL_ORDERS)[number]

export interface Pool {
  readonly order: PoolOrder
  /** The one this run had last; null: none yet. */
  readonly stays: string | null
  /** Id → when it last began to serve a run, in milliseconds since 1970. Those that never did are missing. */
  readonly lastUsed: Readonly<Record<string, number>>
}

/** Which of two of one pool goes first: negative the first, positive the second, 0 when it does not say. */
export function compareInPool(pool: Pool | undefined, a: string, b: string): number {
  if (pool === undefined || a === b) return 0
  if (pool.stays === a) return -1
  if (pool.stays === b) return 1
  return pool.order === 'fixed' ? 0 : (pool.lastUsed[a] ?? 0) - (pool.lastUsed[b] ?? 0)
}
