// The one place of the server where plaintext becomes text: the body of an answer to an entitled holder, and its
// cookie.

import { type Secret, secretJson } from '../domain/secret.ts'

/** The text of a new cookie of the browser that asks. */
export function revealCookie({ value }: { readonly value: Secret }): string {
  return value.expose()
}

/** JSON with every Secret in it written out. Use it for the answer of an operation and for nothing else. */
export function reveal(answer: unknown): string {
  return secretJson(answer).expose()
}
