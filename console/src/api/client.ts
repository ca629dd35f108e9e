// The client of the API in this page: same origin, with the cookie that only the browser sees.

import type { OPERATIONS, StreamedOperationName } from '../../../src/api/operations.ts'
import { createClient, exchangeFor } from '../../../src/client/client.ts'

/** Below which path the server is reached, without a slash at its end; the server says it in the page. */
export const BASE: string = new URL(
  document.querySelector<HTMLMetaElement>('meta[name="claviger-base"]')?.content ?? '/',
  location.origin,
).pathname.replace(/\/+$/, '')

export const SERVER = `${location.origin}${BASE}`

export const api = createClient({ server: SERVER, token: null })

/** The address of an operation that answers with a file or with events: for a link, or to listen to. */
export function addressOf(name: StreamedOperationName, input: Readonly<Record<string, unknown>>): string {
  return exchangeFor(SERVER, { server: SERVER, token: null }, name, input).url
}

/** The part of the API an operation belongs to: `credentials` of `credentials.list`. */
export function topicOf(name: keyof typeof OPERATIONS): string {
  return name.split('.')[0] ?? name
}
