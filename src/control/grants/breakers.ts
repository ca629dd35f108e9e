// When many logins of one provider fail together it is the provider's trouble and not theirs: it is asked now and then
// by one of them, and left in peace by the others until it answers. Each organization sees for itself: what the logins of
// one come to, which may be anything, is nothing to the others.

import type { Renewal, Renewer } from '../../providers/provider.ts'
import type { CredentialRow } from '../../store/store.ts'

// So many logins failing within the window open the breaker.
const MANY = 5
const WINDOW = 60_000
// While it is open one try in so long is let through.
const PROBE_EVERY = 5_000

export interface Breakers {
  /** Milliseconds to wait before a try of this provider; 0: go on. One that goes on must be reported. */
  wait(provider: Renewer, organizationId: string): number
  report(provider: Renewer, login: Pick<CredentialRow, 'organizationId' | 'id'>, said: Renewal): void
}

interface Breaker {
  readonly failed: Map<string, number> // credential → when it failed last
  probedAt: number
}

/** `elapsed`: milliseconds from any start; never set back. */
export function createBreakers(elapsed: () => number): Breakers {
  const breakers = new Map<Renewer, Map<string, Breaker>>() // provider → organization → its breaker
  const of = (provider: Renewer, organizationId: string) => {
    const all = breakers.get(provider) ?? new Map<string, Breaker>()
    breakers.set(provider, all)
    const breaker = all.get(organizationId) ?? { failed: new Map(), probedAt: Number.NEGATIVE_INFINITY }
    all.set(organizationId, breaker)
    return breaker
  }
  return {
    wait(provider, organizationId) {
      const breaker = of(provider, organizationId)
      const now = elapsed()
      for (const [id, at] of breaker.failed) if (now - at > WINDOW) breaker.failed.delete(id)
      if (breaker.failed.size < MANY) return 0
      const left = breaker.probedAt + PROBE_EVERY - now
      if (left > 0) return left
      breaker.probedAt = now
      return 0
    },
    report(provider, { organizationId, id }, said) {
      const { failed } = of(provider, organizationId)
      if (said.kind !== 'failed') failed.clear()
      else if (said.isOwn !== true) failed.set(id, elapsed())
    },
  }
}
