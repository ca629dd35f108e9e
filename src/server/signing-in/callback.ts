// Where identity providers send browsers back to. It answers with a way to a page of ours, and never with one elsewhere.

import type { Hono } from 'hono'
import type { ComeBack } from '../../control/outside/coming-back.ts'
import type { NewCookie } from '../../control/use-case.ts'
import { asClavigerError } from '../../domain/errors.ts'
import type { Connection, Visitors } from '../visitors.ts'
import { cookieHeader, cookieIn, takenAway } from './cookies.ts'

export interface CallbackDependencies {
  readonly comeBack: ComeBack
  readonly visitors: Visitors
  readonly publicUrl: () => string
  readonly requestIdOf: (request: Request) => string
  /** Writes the failure into the log. */
  readonly report: (thrown: unknown, request: Request) => void
}

export function addCallback(app: Hono<{ Bindings: Connection }>, dependencies: CallbackDependencies): void {
  app.get('/auth/callback/:provider', (c) => answer(dependencies, c.req.raw, c.req.param('provider'), c.env))
}

async function answer(
  { comeBack, visitors, publicUrl, requestIdOf, report }: CallbackDependencies,
  request: Request,
  provider: string,
  connection: Connection | undefined,
): Promise<Response> {
  const own = publicUrl()
  const query = new URL(request.url).searchParams
  try {
    const visitor = visitors.asking(request, connection, requestIdOf(request))
    const browser = { userAgent: request.headers.get('user-agent') ?? '' }
    const arrival = await comeBack(
      { ...visitor, browser },
      {
        provider,
        state: query.get('state') ?? '',
        code: query.get('code') ?? '',
        denied: query.get('code') === null,
        browser: cookieIn(own, request, 'trip') ?? '',
      },
    )
    if ('problem' in arrival) {
      report(arrival.error, request)
      return onward(own, `/sign-in?problem=${arrival.problem}`)
    }
    const { returnTo, linked, cookie } = arrival
    const place = new URL(returnTo, own)
    if (linked !== undefined) place.searchParams.set('linked', linked)
    return onward(own, place.pathname + place.search + place.hash, cookie)
  } catch (thrown) {
    report(thrown, request)
    const { code } = asClavigerError(thrown)
    return onward(own, `/sign-in?problem=${code === 'rate_limited' ? 'unavailable' : 'refused'}`)
  }
}

function onward(own: string, path: string, cookie?: NewCookie): Response {
  const headers = new Headers({
    ...{ location: new URL(own).origin + path, 'cache-control': 'no-store' },
    // The address has the code in it.
    'referrer-policy': 'no-referrer',
  })
  headers.append('set-cookie', takenAway(own, 'trip'))
  const { 'set-cookie': signedIn } = cookieHeader(own, cookie)
  if (signedIn !== undefined) headers.append('set-cookie', signedIn)
  return new Response(null, { status: 303, headers })
}
