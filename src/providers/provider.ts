// The port of whoever issued a credential: can it be used, can it be renewed? One file a provider. It stores nothing and
// decides nothing; a missing ability is a missing method. Upstream bodies never leave a provider but as a Secret.

import type { CredentialType, ProviderName } from '../domain/credential-types.ts'
import type { RefusalReason } from '../domain/grants/grant.ts'
import type { Secret } from '../domain/secret.ts'
import type { CheckedFields, FieldValues } from '../domain/values.ts'

/**
 * `works`: accepted. `refused`: the key is wrong, expired or revoked. `no_credit`: right key, nothing left to spend.
 * `limited`: right key, asked too often now. `forbidden`: right key that lacks a right we need. `unknown`: no answer to
 * rely on (network, outage); says nothing about the key.
 */
export type ProbeResult = 'works' | 'refused' | 'no_credit' | 'limited' | 'forbidden' | 'unknown'

export interface Probe {
  readonly result: ProbeResult
  /** One sentence for people, ours; never text of the provider. */
  readonly message: string
}

/** What asking for new tokens came to. */
export type Renewal =
  /** The answer as it came: it is put in a safe place before anybody looks into it. */
  | { readonly kind: 'answered'; readonly raw: Secret }
  /** For good, whatever we do. */
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | RenewalFailure

export interface RenewalFailure {
  readonly kind: 'failed'
  /** The provider may have renewed it all the same: the answer did not arrive, or was none. */
  readonly doubtful: boolean
  /** How long the provider asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | null
  /** One sentence for people, ours; never text of the provider. */
  readonly message: string
}

/** Whose login it is; empty where the provider has not said. */
export interface Account {
  readonly id: string
  readonly email: string
  readonly plan: string
}

/** A whole set of tokens. Times are milliseconds since 1970. */
export interface TokenSet {
  /** All fields of the type, checked. */
  readonly content: CheckedFields
  readonly renewable: boolean
  /** SHA-256 of the refresh token, in hex; empty when there is none. */
  readonly digest: string
  /** When the access token ends; null: nobody has said. */
  readonly expiresAt: number | null
  /** When no renewing helps any more; null: nobody knows of such an end. */
  readonly endsAt: number | null
  readonly account: Account
}

/** Keeps logins alive. Never throws for an answer. */
export interface Renewer {
  /** Where a renewal may take longer than a call: milliseconds. */
  readonly limitMs?: number
  /** Types it can renew. */
  readonly renews: readonly CredentialType[]
  /** Asks once, without following or repeating anything. It reads for as long as `timeoutMs`. */
  renew(type: CredentialType, fields: FieldValues, limits: { readonly timeoutMs: number }): Promise<Renewal>
  /**
   * The tokens in an answer to `renew`; what it does not bring stays as it was in `before`. Null when there are none in
   * it. `at`: when it came.
   */
  tokensIn(type: CredentialType, raw: Secret, before: FieldValues, at: number): TokenSet | null
  /** Ends the login at the provider, as far as that can be done; missing where it cannot. */
  revoke?(type: CredentialType, fields: FieldValues): Promise<void>
}

export interface Provider {
  readonly name: ProviderName
  /** Types it can probe. */
  readonly probes: readonly CredentialType[]
  /** Asks the provider with the least costly call that can tell no credit from a bad key. Never throws for an answer. */
  probe(type: CredentialType, fields: FieldValues): Promise<Probe>
  readonly renewer?: Renewer
}
