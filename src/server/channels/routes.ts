// Where platforms deliver to. The bytes are what was signed, so nothing is made of them here. Whatever is wrong with a
// delivery is answered alike.

import type { Context, Hono } from 'hono'
import { notSigned, type Receipt, type Receiving } from '../../control/channels/receiving.ts'
import { CHANNEL_KINDS, type ChannelKind } from '../../domain/channels/call.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { readBytes } from '../read-input.ts'
import type { Connection, Visitors, Work } from '../visitors.ts'

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

// What is read counts once more for so many of its bytes, until it is known to be signed: it is kept, and compared with every
// secret.
const COUNTED = 64 * 1024

// Milliseconds. Platforms give up before.
const READ_WITHIN = 10_000

function take(
  dependencies: ChannelDependencies,
  kind: ChannelKind,
  { req: { raw: request }, env: connection }: Context<{ Bindings: Connection }>,
): Promise<Response> {
  const { receiving, visitors, requestIdOf, timed, refused } = dependencies
  return timed(request, async () => {
    try {
      const most = receiving.maxBytes(kind)
      if (most === null) throw new ClavigerError('not_found', 'Nothing is delivered here.')
      const headers = Object.fromEntries(request.headers)
      const signature = receiving.signatureIn(kind, headers)
      // Those who deliver what is signed may do so as often as they like; the others are counted before anything of theirs is
      // read, and while it is, however many come at once.
      const work = visitors.working(request, connection, signature ?? '')
      const receipt = await received(dependencies, kind, { request, headers, most, signature, work }).catch(
        (thrown: unknown) => {
          work.end(false)
          throw thrown
        },
      )
      work.end(true)
      const answer = { 'content-type': 'application/json', 'cache-control': 'no-store' }
      return new Response(JSON.stringify({ receipt }), {
        ...{ status: STATUS[kind][receipt], headers: { ...answer, 'x-request-id': requestIdOf(request) } },
      })
    } catch (thrown) {
      return refused(thrown, request)
    }
  })
}

interface Coming {
  readonly request: Request
  readonly headers: Parameters<Receiving['receive']>[1]['headers']
  readonly most: number
  readonly signature: string | null
  readonly work: Work
}

async function received(
  { receiving }: ChannelDependencies,
  kind: ChannelKind,
  { request, headers, most, signature, work }: Coming,
): Promise<Receipt> {
  if (signature === null) throw notSigned()
  let counted = 0
  const heard = (bytes: number) => {
    const more = Math.floor(bytes / COUNTED) - counted
    if (more > 0) work.more(more)
    counted += more
  }
  const body = await readBytes(request, { most, within: READ_WITHIN, heard })
  return receiving.receive(kind, { headers, body })
}
