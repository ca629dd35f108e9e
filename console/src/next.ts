// Where somebody wanted to go before they had to sign in. Only ever a place of this console.

/** The place, or the overview when it is no path of ours. */
export function safeNext(next: string | undefined): string {
  // Two slashes, or what browsers take for them, would lead to another server.
  return next !== undefined && /^\/(?![/\\])[^\\]*$/.test(next) ? next : '/'
}

/** Text in the address, as it stands there. */
export function textIn(search: Record<string, unknown>, name: string): string | undefined {
  const value = search[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
