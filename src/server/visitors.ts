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
   * For what takes work to be refused: throws as `guessing` does, and takes nothing. `cost` takes it afterwards, so many tries of
   * the address for one that was refused.
   */
  working(request: Request, connection: Connection | undefined, token: string): { cost(tries: number): void }
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
const WITH_ONE = { burst: 20, everyMs: 10_000 }

export function createVisitors({ now, proxies }: VisitorOptions): Visitors {
  const asked = createRateLimit({ ...ASKING, now })
  const guessed = createRateLimit({ ...GUESSING, now })
  const withOne = createRateLimit({ ...WITH_ONE, now })
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
      const wait = withOne.wait(one) || guessed.wait(address)
      if (wait > 0) throw rateLimited(wait)
      return {
        cost(tries) {
          withOne.take(one)
          guessed.takeAll(address, tries)
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
