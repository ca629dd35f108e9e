// Where somebody wanted to go before they had to sign in. Only ever a place of this console.

// Two slashes, or what browsers take for them or drop, would lead to another server; dots could make two slashes of it.
const PLACE = /^\/(?!\/|\.)(?:[^\\\s\p{Cc}?#/]|\/(?!\/|\.))*(?:[?#][^\\\s\p{Cc}]*)?$/u

/** The place, or the overview when it is no path of ours. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && PLACE.test(next) ? next : '/'
}

/** Text in the address, as it stands there. */
export function textIn(search: Record<string, unknown>, name: string): string | undefined {
  const value = search[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
