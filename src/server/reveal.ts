// The one place of the server where plaintext becomes text: the body of an answer to an entitled holder.

import { Secret } from '../domain/secret.ts'

/** JSON with every Secret in it written out. Use it for the answer of an operation and for nothing else. */
export function reveal(answer: unknown): string {
  return JSON.stringify(answer, function (this: Record<string, unknown>, key, value: unknown) {
    // JSON.stringify has asked the Secret for its toJSON already; the holder still has the Secret itself.
    const original = this[key]
    return original instanceof Secret ? original.expose() : value
  })
}
