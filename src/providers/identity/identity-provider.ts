// The port of identity providers: somewhere else where people show who they are. It says which account came back, and
// decides nothing about it.

import type { Secret } from '../../domain/secret.ts'

export type IdentityProviderId = 'github' | 'oidc' | 'linear'

/** One way there and back. */
export interface Trip {
  /** Where the browser is sent back to. */
  readonly redirectUri: string
  /** What only the browser that was sent has; the code is bound to it (PKCE), and the answer (nonce). */
  readonly verifier: Secret
}

/** The account that came back. */
export interface Identified {
  /** Never given to another account of this provider. */
  readonly accountId: string
  /** What people call it; may change. */
  readonly name: string
  /** Null when the provider does not vouch for it. */
  readonly verifiedEmail: string | null
}

export interface IdentityProvider {
  readonly id: IdentityProviderId
  /** What people call it. */
  readonly name: string
  /** Names this provider where accounts are kept: those of another one under the same id are others. */
  readonly accounts: string
  /** False: accounts are linked, and nobody signs in with them. */
  readonly signsIn: boolean
  /** Where the browser goes. Throws `unreachable` or `upstream`. */
  begin(trip: Trip & { readonly state: string }): Promise<string>
  /** Throws `unreachable` when there is no answer, `upstream` for one that is not right. */
  identify(trip: Trip & { readonly code: string }): Promise<Identified>
}
