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

/** A signature and the key that checks it: Ed25519, hexadecimal. */
export interface Signature {
  readonly publicKey: string
  readonly signature: string
}

/** Takes in a text piece by piece and tells whoever has the master key that it is ours and unaltered. */
export interface Authenticator {
  update(text: string): void
  /** HMAC-SHA256 in hexadecimal; call it once. */
  digest(): string
}

export interface Vault {
  /** Names the current master key, under which data keys are wrapped; part of every wrapped key and bound into it. */
  readonly keyId: string
  /** Ids of all master keys that open, the current one first. Both change while the server is re-keyed. */
  readonly keyIds: readonly string[]
  /** The id of the master key that a data key is wrapped under, whether it is known here or not. */
  keyIdOf(wrapped: Uint8Array): string
  /** A new random data key, wrapped. */
  createKey(context: KeyContext): Uint8Array
  /** The same data key, under the current master key, for a credential that changed place (or did not). */
  rewrapKey(wrapped: Uint8Array, from: KeyContext, to: KeyContext): Uint8Array
  seal(wrapped: Uint8Array, key: KeyContext, value: ValueContext, plaintext: Secret): Uint8Array
  /** The bytes of the plaintext in a sealed value, without opening it. */
  sizeOf(sealed: Uint8Array): number
  /** For what leaves the database whole. `purpose` keeps apart what must not stand for each other. */
  authenticate(purpose: string): Authenticator
  /** Throws `unavailable` when anything does not fit: key, place, version, or a flipped bit. */
  open(wrapped: Uint8Array, key: KeyContext, value: ValueContext, sealed: Uint8Array): Secret
  /** Signs a text with a key made from the master key for this purpose: the same until the master key is another. */
  sign(purpose: string, text: string): Signature
}

/** Where the master keys of this server are kept. */
export interface KeyRing {
  /** Variable or file they come from, for people. */
  readonly source: string
  /** Whether the server keeps them itself, in its state directory; otherwise its operator does. */
  readonly ours: boolean
  /**
   * Makes a new current key; it is durable, with the older ones behind it, before anything is wrapped under it. Throws
   * `unavailable`, and changes nothing, when the file cannot be written or is not as it was read.
   */
  renew(): void
  /** Keeps only the current key. What was read before may still be opened with the older ones for a few minutes. */
  forgetOlder(): void
}
