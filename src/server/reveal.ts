// The one place of the server where plaintext becomes text: the body of an answer to an entitled holder, and its
// cookie.

import { Secret } from '../domain/secret.ts'

/** The text of a new cookie of the browser that asks. */
export function revealCookie({ value }: { readonly value: Secret }): string {
  return value.expose()
}

/** JSON with every Secret in it written out. Use it for the answer of an operation and for nothing else. */
export function reveal(answer: unknown): string {
  return JSON.stringify(plain(answer))
}

// A copy with texts in the place of Secrets: quicker than a replacer, which JSON.stringify calls for every key.
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return value.expose()
  if (Array.isArray(value)) return value.map(plain)
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    // Not an assignment: a key of this name would set the prototype instead.
    if (key === '__proto__')
      Object.defineProperty(copy, key, { value: plain((value as never)[key]), enumerable: true })
    else copy[key] = plain((value as Record<string, unknown>)[key])
  }
  return copy
}
