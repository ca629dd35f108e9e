// What one writer knows to be stored: the model that the server is held against after it was killed. Each writer has
// credentials, leases and tokens of its own, so what it knows is exact.

import type { CredentialType } from '../../../src/domain/credential-types.ts'

/** Older versions than this many are forgotten by the server. */
const VERSIONS_KEPT = 10

export interface KnownCredential {
  readonly id: string
  readonly type: CredentialType
  owner: string
  name: string
  description: string
  version: number
  /** Version → field → value; of the versions the server still has. */
  readonly values: Map<number, Readonly<Record<string, string>>>
}

export interface KnownLease {
  readonly id: string
  /** Null when the answer with it never came. */
  readonly handle: string | null
  readonly credentialId: string
  running: boolean
}

export interface KnownToken {
  readonly name: string
  /** Null when the answer with it never came. */
  readonly token: string | null
  revoked: boolean
}

export interface Known {
  /** Id → credential. */
  readonly credentials: Map<string, KnownCredential>
  readonly leases: Map<string, KnownLease>
  /** Name → token. */
  readonly tokens: Map<string, KnownToken>
  /** The order of the organization's credentials of this writer's harness; null for a writer that sets none. */
  order: { readonly harness: 'claude' | 'codex'; ids: string[] } | null
}

export function nothingKnown(order: Known['order']): Known {
  return { credentials: new Map(), leases: new Map(), tokens: new Map(), order }
}

/** The values of the credential's current version. */
export function currentValues({ values, version }: KnownCredential): Readonly<Record<string, string>> {
  return values.get(version) ?? {}
}

/** Makes these values the next version. */
export function addVersion(credential: KnownCredential, values: Readonly<Record<string, string>>): void {
  credential.version += 1
  credential.values.set(credential.version, values)
  credential.values.delete(credential.version - VERSIONS_KEPT)
}

/** Forgets a deleted credential; its leases are over. */
export function forgetCredential(known: Known, id: string): void {
  known.credentials.delete(id)
  leaveOrder(known, id)
  for (const lease of known.leases.values()) if (lease.credentialId === id) lease.running = false
}

/** A credential that is moved or deleted has no place in the order any more. */
export function leaveOrder({ order }: Known, id: string): void {
  if (order !== null) order.ids = order.ids.filter((one) => one !== id)
}
