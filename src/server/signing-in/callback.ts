// Where identity providers send browsers back to. It answers with a way to a page of ours, and never with one elsewhere.

import type { Hono } from 'hono'
import type { ComeBack } from '../../control/outside/coming-back.ts'
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
  app.get(
    '/auth/callback/:provider',
    (c) => onlyLooks(c.req.raw) ?? answer(dependencies, c.req.raw, c.req.param('provider'), c.env),
  )
}

/** The answer for whoever only looks at the address, who uses nothing up. */
export function onlyLooks({ method }: Request): Response | undefined {
  if (method !== 'HEAD') return undefined
  return new Response(null, { status: 405, headers: { ...HEADERS, allow: 'GET' } })
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
      const path = `/sign-in?problem=${arrival.problem}`
      return onward(own, path, arrival.isStray ? [] : [takenAway(own, 'trip')])
    }
    const { returnTo, linked, cookie } = arrival
    const place = new URL(returnTo, own)
    if (linked !== undefined) place.searchParams.set('linked', linked)
    const { 'set-cookie': signedIn } = cookieHeader(own, cookie)
    const cookies = [takenAway(own, 'trip'), ...(signedIn === undefined ? [] : [signedIn])]
    return onward(own, place.pathname + place.search + place.hash, cookies)
  } catch (thrown) {
    report(thrown, request)
    const { code } = asClavigerError(thrown)
    return onward(own, `/sign-in?problem=${code === 'rate_limited' ? 'unavailable' : 'refused'}`, [])
  }
}

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // The address has the code in it.
  'referrer-policy': 'no-referrer',
}

/** To a path of this server, with cookies as they are sent. Where the browser was is told to nobody. */
export function onward(own: string, path: string, cookies: readonly string[]): Response {
  const headers = new Headers({ ...HEADERS, location: new URL(own).origin + path })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}
