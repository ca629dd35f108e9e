// Links that a server has made, as they can be opened here.

import { isLoopbackName } from '../../lib/address.ts'

/**
 * The same link where this terminal reaches the server, if its own address leads to the server on its own machine only, as
 * that of one without a public address does. Links with a public address stay as they are.
 */
export function linkFromHere(server: string, link: string): string {
  if (!URL.canParse(server) || !URL.canParse(link)) return link
  const { hostname, pathname, search, hash } = new URL(link)
  return leadsNowhereElse(hostname) ? `${new URL(server).origin}${pathname}${search}${hash}` : link
}

/** Whether an address means whichever machine it is used on. */
export function leadsNowhereElse(hostname: string): boolean {
  return isLoopbackName(hostname) || hostname === '0.0.0.0' || hostname === '[::]'
}
