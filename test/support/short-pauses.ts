// For tests of code that pauses, as the factory of a mock of node:timers/promises: it imports nothing that would want that.

type Timers = typeof import('node:timers/promises')

/** The same, in which pauses are so many times shorter. */
export function shortened(real: Timers, times: number): Timers {
  const setTimeout = (ms: number, value?: unknown, options?: object) =>
    real.setTimeout(ms / times, value, options)
  return { ...real, setTimeout } as Timers
}
