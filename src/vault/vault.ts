// The port of sealing. Each credential has a data key of its own, wrapped by the master key; each value is sealed with
// that data key. Both are bound to where they belong, so a row that was moved, swapped or aged does not open.
// The vault does not know who may open what: control/guard.ts is the only caller of `open`.

import type { Secret } from '../domain/secret.ts'

/** What a data key is bound to. */
export interface KeyContext {
  readonly organizationId: string
  readonly credentialId: string
  readonly owner: string
  readonly type: string
  /** A raw secret is handed over under its name. */
  readonly name: string
  /** The current version: pointing back at an older one makes the credential unreadable, not old. */
  readonly version: number
}

/** What one sealed value is bound to. */
export interface ValueContext {
  readonly organizationId: string
  readonly credentialId: string
  readonly field: string
  readonly version: number
  /** Names of all fields of this version, sorted: a field that was taken away makes the others unreadable. */
  readonly fields: readonly string[]
}

/** Takes in a text piece by piece and tells whoever has the master key that it is ours and unaltered. */
export interface Authenticator {
  update(text: string): void
  /** HMAC-SHA256 in hexadecimal; call it once. */
  digest(): string
}

export interface Vault {
  /** Names the master key in use; part of every wrapped key and bound into it. */
  readonly keyId: string
  /** A new random data key, wrapped. */
  createKey(context: KeyContext): Uint8Array
  /** The same data key for a credential that changed place: owner, name or current version. */
  rewrapKey(wrapped: Uint8Array, from: KeyContext, to: KeyContext): Uint8Array
  seal(wrapped: Uint8Array, key: KeyContext, value: ValueContext, plaintext: Secret): Uint8Array
  /** The bytes of the plaintext in a sealed value, without opening it. */
  sizeOf(sealed: Uint8Array): number
  /** For what leaves the database whole. `purpose` keeps apart what must not stand for each other. */
  authenticate(purpose: string): Authenticator
  /** Throws `unavailable` when anything does not fit: key, place, version, or a flipped bit. */
  open(wrapped: Uint8Array, key: KeyContext, value: ValueContext, sealed: Uint8Array): Secret
}
