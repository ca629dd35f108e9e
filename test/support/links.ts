// Links of invitations, and with which people sign in.

/** The code in one; empty when there is none. */
export function codeIn(link = 'x:'): string {
  return new URL(link).hash.slice(1)
}
