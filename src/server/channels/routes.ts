// Where platforms deliver to. The bytes are what was signed, so nothing is made of them here. Whatever is wrong with a
// delivery is answered alike.

import type { Context, Hono } from 'hono'
import type { Receipt, Receiving } from '../../control/channels/receiving.ts'
import { CHANNEL_KINDS, type ChannelKind } from '../../domain/channels/call.ts'
import { asClavigerError, ClavigerError } from '../../domain/errors.ts'
import { sha256 } from '../../lib/digest.ts'
import { readBytes } from '../read-input.ts'
import type { Connection, Visitors } from '../visitors.ts'

export interface ChannelDependencies {
  readonly receiving: Receiving
  readonly visitors: Visitors
  readonly requestIdOf: (request: Request) => string
  /** Answers and writes the request into the log. */
  readonly timed: (request: Request, answer: () => Promise<Response>) => Promise<Response>
  /** The answer for a failure, which it writes into the log. */
  readonly refused: (thrown: unknown, request: Request) => Response
}

type Served = Hono<{ Bindings: Connection }>

export function addChannelDoors(app: Served, dependencies: ChannelDependencies): void {
  for (const kind of CHANNEL_KINDS) app.post(`/webhooks/${kind}`, (c) => take(dependencies, kind, c))
}

// 202: it is written down. 200: it was, or asks for nothing. Platforms give up soon, so nothing is done meanwhile. To Linear
// anything but 200 is a failure, and it would deliver again.
const STATUS: Readonly<Record<ChannelKind, Readonly<Record<Receipt, number>>>> = {
  github: { taken: 202, known: 200, nothing: 200 },
  linear: { taken: 200, known: 200, nothing: 200 },
}

function take(
  { receiving, visitors, requestIdOf, timed, refused }: ChannelDependencies,
  kind: ChannelKind,
  { req: { raw: request }, env: connection }: Context<{ Bindings: Connection }>,
): Promise<Response> {
  return timed(request, async () => {
    try {
      const most = receiving.maxBytes(kind)
      if (most === null) throw new ClavigerError('not_found', 'Nothing is delivered here.')
      const body = await readBytes(request, most)
      const headers = Object.fromEntries(request.headers)
      const receipt = await receiving.receive(kind, { headers, body }).catch((thrown: unknown) => {
        // Those who deliver what is signed may do so as often as they like; the others are counted.
        if (asClavigerError(thrown).code === 'unauthenticated')
          visitors.guessing(request, connection, sha256(body))
        throw thrown
      })
      const answer = { 'content-type': 'application/json', 'cache-control': 'no-store' }
      return new Response(JSON.stringify({ receipt }), {
        ...{ status: STATUS[kind][receipt], headers: { ...answer, 'x-request-id': requestIdOf(request) } },
      })
    } catch (thrown) {
      return refused(thrown, request)
    }
  })
}
