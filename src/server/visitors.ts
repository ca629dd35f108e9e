// Who asks without saying who they are: the address at the other end of the connection, and how often it may ask.

import { isIP } from 'node:net'
import type { Visitor } from '../control/use-case.ts'
import { rateLimited } from '../domain/errors.ts'
import { sha256 } from '../lib/digest.ts'
import { addressKey, createRateLimit } from '../lib/time/rate-limit.ts'

/** What is known of the socket a request came through; nothing when there is none. */
export interface Connection {
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string | undefined } }
}

export interface Visitors {
  /** Whoever asks for what is public; throws `rate_limited` when their address has asked too often. */
  asking(request: Request, connection: Connection | undefined, requestId: string): Visitor
  /**
   * Whoever asked with this token, which is none, or none any more: throws `rate_limited` when it came too often, or its
   * address with too many. Counted apart from those who ask for what is public.
   */
  guessing(request: Request, connection: Connection | undefined, token: string): void
  /**
   * For what takes work before it is known who asks: takes a try, and throws as `guessing` does. Throws it as well when too much
   * of all addresses is under way.
   */
  working(request: Request, connection: Connection | undefined, token: string): Work
}

/** Work that is under way. */
export interface Work {
  /** Takes so many more tries of the address, for more work. Throws `rate_limited` when they are not there. */
  more(tries: number): void
  /** Ends it. What was `right` has cost nothing. */
  end(right: boolean): void
}

export interface VisitorOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** How many proxies of ours stand before the server. Each adds an address to X-Forwarded-For; the others are hearsay. */
  readonly proxies: number
}

// Several terminals behind one address may each poll every three seconds while they wait to be let in.
const ASKING = { burst: 60, everyMs: 250 }

// A program asks once with a lease that has ended, and many may be behind one address; tokens are too long to be guessed.
const GUESSING = { burst: 600, everyMs: 100 }
// Tries of all addresses whose work is under way. What is read for one is kept until its end.
const UNDER_WAY = 2_048
const SOON = 1_000

const WITH_ONE = { burst: 20, everyMs: 10_000 }

export function createVisitors({ now, proxies }: VisitorOptions): Visitors {
  const asked = createRateLimit({ ...ASKING, now })
  const guessed = createRateLimit({ ...GUESSING, now })
  const withOne = createRateLimit({ ...WITH_ONE, now })
  let underWay = 0
  const addressOf = (request: Request, connection: Connection | undefined) =>
    plain(forwarded(request, proxies) ?? connection?.incoming?.socket.remoteAddress)
  return {
    asking(request, connection, requestId) {
      const address = addressOf(request, connection)
      const wait = asked.take(addressKey(address))
      if (wait > 0) throw rateLimited(wait)
      return { address, requestId }
    },
    guessing(request, connection, token) {
      // What is refused for its token takes nothing from others behind its address.
      const wait = withOne.take(sha256(token)) || guessed.take(addressKey(addressOf(request, connection)))
      if (wait > 0) throw rateLimited(wait)
    },
    working(request, connection, token) {
      const [one, address] = [sha256(token), addressKey(addressOf(request, connection))]
      const early = withOne.wait(one)
      if (early > 0) throw rateLimited(early)
      let taken = 0
      const more = (tries: number) => {
        const wait = underWay + tries > UNDER_WAY ? SOON : guessed.take(address, tries)
        if (wait > 0) throw rateLimited(wait)
        taken += tries
        underWay += tries
      }
      more(1)
      return {
        more,
        end(right) {
          if (taken === 0) return
          if (right) guessed.giveBack(address, taken)
          else withOne.take(one)
          underWay -= taken
          taken = 0
        },
      }
    },
  }
}

// What the outermost of our own proxies saw: so many places from the end.
function forwarded(request: Request, proxies: number): string | undefined {
  if (proxies === 0) return undefined
  const address = (request.headers.get('x-forwarded-for') ?? '').split(',').at(-proxies)?.trim() ?? ''
  return isIP(address) === 0 ? undefined : address
}

function plain(address = 'unknown'): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
