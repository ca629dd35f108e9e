// When many logins of one provider fail together it is the provider's trouble and not theirs: it is asked now and then
// by one of them, and left in peace by the others until it answers.

import type { Renewer } from '../../providers/provider.ts'

// So many logins failing within the window open the breaker.
const MANY = 5
const WINDOW = 60_000
// While it is open one try in so long is let through.
const PROBE_EVERY = 5_000

export interface Breakers {
  /** Milliseconds to wait before a try of this provider; 0: go on. One that goes on must be reported. */
  wait(provider: Renewer): number
  report(provider: Renewer, credentialId: string, answered: boolean): void
}

interface Breaker {
  readonly failed: Map<string, number> // credential → when it failed last
  probedAt: number
}

/** `elapsed`: milliseconds from any start; never set back. */
export function createBreakers(elapsed: () => number): Breakers {
  const breakers = new Map<Renewer, Breaker>()
  const of = (provider: Renewer) => {
    const breaker = breakers.get(provider) ?? { failed: new Map(), probedAt: Number.NEGATIVE_INFINITY }
    breakers.set(provider, breaker)
    return breaker
  }
  return {
    wait(provider) {
      const breaker = of(provider)
      const now = elapsed()
      for (const [id, at] of breaker.failed) if (now - at > WINDOW) breaker.failed.delete(id)
      if (breaker.failed.size < MANY) return 0
      const left = breaker.probedAt + PROBE_EVERY - now
      if (left > 0) return left
      breaker.probedAt = now
      return 0
    },
    report(provider, credentialId, answered) {
      const { failed } = of(provider)
      if (answered) failed.clear()
      else failed.set(credentialId, elapsed())
    },
  }
}
