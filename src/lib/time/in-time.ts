// A limit on waiting, not on the work: what is late goes on, and nobody hears of it.

/** What `work` resolves with, or rejects with `late()` when that takes longer. */
export async function inTime<T>(work: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(late()), milliseconds)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    // Should it fail later, somebody has heard.
    work.catch(() => undefined)
  }
}
