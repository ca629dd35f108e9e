// The cookie of a browser that somebody is signed in with. `__Host-` and Secure keep it to this host and to https; browsers
// take it over http from this machine too. Strict: no other site can make a browser send it, and no page of ours needs it
// to be shown, for they ask for what they show. No script can read it.

import type { NewCookie } from '../../control/use-case.ts'
import { isLoopbackName } from '../../lib/address.ts'
import { revealCookie } from '../reveal.ts'

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict'

/** Cookies know no ports: the servers of one machine each have a name of their own. */
export function cookieName(publicUrl: string): string {
  const { hostname, port } = new URL(publicUrl)
  return isLoopbackName(hostname) && port !== '' ? `__Host-claviger-${port}` : '__Host-claviger'
}

/** What the browser has sent, if it has one. */
export function cookieIn(publicUrl: string, request: Request): string | undefined {
  const wanted = `${cookieName(publicUrl)}=`
  const all = (request.headers.get('cookie') ?? '').split(';').map((one) => one.trim())
  return all.find((one) => one.startsWith(wanted))?.slice(wanted.length)
}

/** The header that brings the browser a cookie, or takes away the one it has; nothing for neither. */
export function cookieHeader(
  publicUrl: string,
  cookie: NewCookie | 'none' | undefined,
): { readonly 'set-cookie'?: string } {
  if (cookie === undefined) return {}
  const name = cookieName(publicUrl)
  if (cookie === 'none') return { 'set-cookie': `${name}=; ${ATTRIBUTES}; Max-Age=0` }
  const expires = new Date(cookie.expiresAt).toUTCString()
  return { 'set-cookie': `${name}=${revealCookie(cookie)}; ${ATTRIBUTES}; Expires=${expires}` }
}
