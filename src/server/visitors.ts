// Who asks without saying who they are: the address at the other end of the connection, and how often it may ask.

import type { Visitor } from '../control/use-case.ts'
import { rateLimited } from '../domain/errors.ts'
import { addressKey, createRateLimit } from '../lib/rate-limit.ts'

/** What is known of the socket a request came through; nothing when there is none. */
export interface Connection {
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string | undefined } }
}

export interface Visitors {
  /** Whoever asks for what is public; throws `rate_limited` when their address has asked too often. */
  asking(connection: Connection | undefined, requestId: string): Visitor
}

// Several terminals behind one address may each poll every three seconds while they wait to be let in.
const ASKING = { burst: 60, everyMs: 250 }

/** Counts by `now`, in milliseconds since 1970. */
export function createVisitors(now: () => number): Visitors {
  const asked = createRateLimit({ ...ASKING, now })
  return {
    asking(connection, requestId) {
      const address = connection?.incoming?.socket.remoteAddress ?? 'unknown'
      const wait = asked.take(addressKey(address))
      if (wait > 0) throw rateLimited(wait)
      return { address, requestId }
    },
  }
}
