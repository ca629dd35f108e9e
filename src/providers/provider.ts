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
  /** `stored`: call it when `raw` is in a safe place; until then what came lies where the next start finds it. */
  | { readonly kind: 'answered'; readonly raw: Secret; stored?(): Promise<void> }
  /** For good, whatever we do. */
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | RenewalFailure

export interface RenewalFailure {
  readonly kind: 'failed'
  /** The provider may have renewed it all the same: the answer did not arrive, or was none. */
  readonly doubtful: boolean
  /** How long the provider asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | null
  /** It was asked with something odd: another login may fare better at this moment. */
  readonly isOwn?: boolean
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
  /** When they were issued, by the provider's own clock; absent where it does not say. */
  readonly mintedAt?: number
}

/** As in a set of tokens. */
export type TokenEnds = Pick<TokenSet, 'expiresAt' | 'endsAt'>

export interface RenewalLimits {
  readonly timeoutMs: number
  /** What it is for, in the words of whoever asks: the note of what is left behind when this process is killed. */
  readonly note?: string
}

/** A renewal whose process was killed. */
export interface LeftRenewal {
  readonly note: string
  /** What it has brought, as soon as that is there; null when it is certain that nothing comes any more. */
  answer(): Promise<Secret | null>
  /** Ends what goes on of it, and removes all of it. Call it when the answer is in a safe place, or of no use. */
  remove(): Promise<void>
}

/** Keeps logins alive. Never throws for an answer. */
export interface Renewer {
  /** Where a renewal may take longer than a call: milliseconds. */
  readonly limitMs?: number
  /** Of how many logins it is asked at the same time at most; missing: of any number. */
  readonly atOnce?: number
  /** Types it can renew. */
  readonly renews: readonly CredentialType[]
  /** Asks once, without following or repeating anything. It reads for as long as `timeoutMs`. */
  renew(type: CredentialType, fields: FieldValues, limits: RenewalLimits): Promise<Renewal>
  /**
   * Renewals that an earlier process of this server began and did not end, and that may still be answered; missing where
   * they end with the process. Asked once, before the first `renew`.
   */
  leftBehind?(): Promise<readonly LeftRenewal[]>
  /**
   * The tokens in an answer to `renew`; what it does not bring stays as it was in `before`. Null when there are none in
   * it. `at`: when it came.
   */
  tokensIn(type: CredentialType, raw: Secret, before: FieldValues, at: number): TokenSet | null
  /**
   * The tokens of a login that somebody else has kept, in the fields of its type; missing where that cannot be. Null when
   * there are none in it.
   */
  tokensOf?(type: CredentialType, fields: FieldValues, ends: TokenEnds, at: number): TokenSet | null
  /**
   * Ends the login at the provider, as far as that can be done; missing where it cannot. False: it did not take it in, and
   * may be told again. Never throws for an answer.
   */
  revoke?(type: CredentialType, fields: FieldValues): Promise<boolean>
}

export type SignInMethod = 'browser' | 'paste' | 'device'

/** A sign-in that was begun. `kept` is what the provider needs to go on with it, and nobody else's business. */
export type StartedSignIn =
  /** The person agrees there; what the page then gives them is handed in. */
  | { readonly kind: 'link'; readonly url: string; readonly kept: Secret }
  /** The person types the code there, on any device; the provider is asked every so often whether they have. */
  | {
      readonly kind: 'device'
      readonly userCode: string
      readonly verificationUrl: string
      readonly intervalMs: number
      readonly kept: Secret
    }

/**
 * What became of it. `waiting`: the person has not decided yet. `goes-on`: what was handed in is no good, or could not be
 * checked, and something else can be; `fault` says which of the two. `over`: it has ended without a login. `message` and
 * `hint` are ours, never text of the provider.
 */
export type SignInStep =
  | { readonly kind: 'signed-in'; readonly tokens: TokenSet }
  | { readonly kind: 'waiting' }
  | {
      readonly kind: 'goes-on'
      readonly fault: 'pasted' | 'provider'
      readonly message: string
      readonly hint: string
    }
  | { readonly kind: 'over'; readonly message: string; readonly hint: string }

/** A whole credential that another program left in its own file. */
export type ForeignLogin =
  | { readonly kind: 'login'; readonly type: CredentialType; readonly tokens: TokenSet }
  | { readonly kind: 'fields'; readonly type: CredentialType; readonly content: CheckedFields }

/** Signs people in. Times are milliseconds since 1970; `at` is now. */
export interface SignIn {
  readonly signsIn: CredentialType
  readonly methods: readonly SignInMethod[]
  /** It lives in the process that began it, and ends with that. */
  readonly staysHere: boolean
  /** Throws `unavailable` or `upstream` when it cannot be begun. `port`: where the person's own machine listens. */
  start(method: SignInMethod, port: number): Promise<StartedSignIn>
  /** Hands in what the person brought from the page of a link. Never throws for an answer. */
  submit(kept: Secret, pasted: Secret, at: number): Promise<SignInStep>
  /** Asks whether the person has typed the code of a device. Never throws for an answer. */
  poll?(kept: Secret, at: number): Promise<SignInStep>
  /** Ends what lives in this process, when it does. */
  cancel?(kept: Secret): Promise<void>
  /** Ends everything that lives in this process. */
  close?(): Promise<void>
  /** The login in a file of the provider's own program. Throws `invalid`, without a value in it. */
  read(file: Secret, at: number): ForeignLogin
}

export interface Provider {
  readonly name: ProviderName
  /** Types it can probe. */
  readonly probes: readonly CredentialType[]
  /** Asks the provider with the least costly call that can tell no credit from a bad key. Never throws for an answer. */
  probe(type: CredentialType, fields: FieldValues): Promise<Probe>
  readonly renewer?: Renewer
  readonly signIn?: SignIn
}
