// Where a request comes from, as the browser says: other sites can make it send one, and cannot make it lie about that.

import type { Visitor } from '../../control/use-case.ts'
import { isLoopbackName } from '../../lib/address.ts'
import { sha256 } from '../../lib/digest.ts'
import { cookieIn } from './cookies.ts'

/**
 * The address a browser has asked at: the public one or, through a tunnel, one of the person's own machine. Host is believed
 * for that alone, never for what is handed to others: what a browser shows of a port that leads here are pages of ours.
 */
export function addressSeen(publicUrl: string, request: Request): string {
  const host = `http://${request.headers.get('host') ?? ''}`
  const tunnel = URL.canParse(host) ? new URL(host) : null
  const own = new URL(publicUrl)
  if (tunnel === null || tunnel.origin === own.origin || !isLoopbackName(tunnel.hostname)) return publicUrl
  if (isLoopbackName(own.hostname)) return own.protocol === 'http:' ? tunnel.origin : publicUrl
  // A proxy may say the name that it has for the server, whatever the browser has asked for.
  const { origin } = saidOf(request)
  const isTunnel =
    origin === null
      ? cookieIn(publicUrl, request) === undefined && cookieIn(tunnel.origin, request) !== undefined
      : origin === tunnel.origin
  return isTunnel ? tunnel.origin : publicUrl
}

/** Whether a form was sent from a page of this server. */
export function isOwnForm(publicUrl: string, request: Request): boolean {
  const { origin, site } = saidOf(request)
  return origin === null ? site === 'same-origin' || site === 'none' : origin === new URL(publicUrl).origin
}

/** Whether a page of this server sends it, to change something. */
export function isOwnRequest(publicUrl: string, request: Request): boolean {
  const { origin, site } = saidOf(request)
  if (site !== null && site !== 'same-origin') return false
  return origin === null ? site === 'same-origin' : origin === new URL(publicUrl).origin
}

/** Whether a page of this server, or the person themselves, asks to be shown something. */
export function isOwnReading(request: Request): boolean {
  const { site } = saidOf(request)
  return site === null || site === 'same-origin' || site === 'none'
}

/** The browser that asks from a page of this server, if it does. */
export function browserOf(publicUrl: string, request: Request): Pick<Visitor, 'browser'> {
  if (!isOwnForm(publicUrl, request)) return {}
  const cookie = cookieIn(publicUrl, request)
  const userAgent = request.headers.get('user-agent') ?? ''
  return { browser: { userAgent, ...(cookie !== undefined && { had: sha256(cookie) }) } }
}

/**
 * For a page that was asked for at `localhost` of a server that people reach at its address: where it is. The cookie and
 * the origin of one are not those of the other.
 */
export function toCanonicalOrigin(
  publicUrl: string,
  { method, headers, url }: Request,
): Response | undefined {
  const host = headers.get('host')
  if (method !== 'GET' || !host?.startsWith('localhost:')) return undefined
  const own = new URL(publicUrl)
  if (own.hostname === 'localhost' || !isLoopbackName(own.hostname) || host !== `localhost:${own.port}`)
    return undefined
  const { pathname, search } = new URL(url)
  if (NO_PAGES.test(pathname)) return undefined
  return new Response(null, { status: 307, headers: { location: own.origin + pathname + search } })
}

// What programs ask for.
const NO_PAGES = /^\/(api|codex|healthz|readyz|metrics|openapi\.json)(\/|$)/

function saidOf({ headers }: Request) {
  return { origin: headers.get('origin'), site: headers.get('sec-fetch-site') }
}
