// The cookie of a browser that somebody is signed in with. `__Host-` and Secure keep it to this host and to https; browsers
// take it over http from this machine too. Strict: no other site can make a browser send it, and no page of ours needs it
// to be shown, for they ask for what they show. No script can read it.

import type { NewCookie } from '../../control/use-case.ts'
import { isLoopbackName } from '../../lib/address.ts'
import { revealCookie } from '../reveal.ts'

type Kind = NewCookie['kind']

/** Cookies know no ports: the servers of one machine each have a name of their own. */
export function cookieName(publicUrl: string, kind?: Kind): string {
  const { hostname, port } = new URL(publicUrl)
  const name = `__Host-claviger${kind === undefined ? '' : `-${kind}`}`
  return isLoopbackName(hostname) && port !== '' ? `${name}-${port}` : name
}

/** What the browser has sent, if it has one. */
export function cookieIn(publicUrl: string, request: Request, kind?: Kind): string | undefined {
  const wanted = `${cookieName(publicUrl, kind)}=`
  const all = (request.headers.get('cookie') ?? '').split(';').map((one) => one.trim())
  return all.find((one) => one.startsWith(wanted))?.slice(wanted.length)
}

/** The header that brings the browser a cookie, or takes away that of its sign-in; nothing for neither. */
export function cookieHeader(
  publicUrl: string,
  cookie: NewCookie | 'none' | undefined,
): { readonly 'set-cookie'?: string } {
  if (cookie === undefined) return {}
  if (cookie === 'none') return { 'set-cookie': takenAway(publicUrl) }
  const expires = new Date(cookie.expiresAt).toUTCString()
  const name = cookieName(publicUrl, cookie.kind)
  return { 'set-cookie': `${name}=${revealCookie(cookie)}; ${attributes(cookie.kind)}; Expires=${expires}` }
}

/** The text that takes one away. */
export function takenAway(publicUrl: string, kind?: Kind): string {
  return `${cookieName(publicUrl, kind)}=; ${attributes(kind)}; Max-Age=0`
}

// Whoever comes back from an identity provider is sent by another site: a strict cookie would not come along.
function attributes(kind: Kind): string {
  return `Path=/; Secure; HttpOnly; SameSite=${kind === 'trip' ? 'Lax' : 'Strict'}`
}
