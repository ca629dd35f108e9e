// The port of a provider's own program that signs people in and renews their logins for us, because the provider wants
// nobody else to. It stores nothing; what it prints never leaves it, only our own sentences do.

import type { Secret } from '../domain/secret.ts'
import type { LeftRenewal } from './provider.ts'

export interface LoginProgram {
  /** Starts a sign-in. Throws `unavailable` when there is no such program here, or it is too old. */
  signIn(): Promise<ProgramSignIn>
  /**
   * Renews a login once; the refresh token is used up unless the outcome says otherwise. Takes up to
   * {@link LoginProgram.renewalLimitMs}. Never throws for an answer; nothing is tried twice. `note` lies beside what the
   * program writes, for `leftBehind`; no secret.
   */
  renew(asked: {
    readonly refresh: Secret
    readonly scopes: readonly string[]
    readonly note?: string
  }): Promise<RenewalOutcome>
  /** Renewals that an earlier process of this server began and did not end; asked before the first `renew`. */
  leftBehind(): Promise<readonly LeftRenewal[]>
  /** Milliseconds after which `renew` has an outcome, whatever happens. */
  readonly renewalLimitMs: number
  /** Reads a login file, as the program wrote it here or elsewhere. */
  read(file: Secret): LoginReading
}

/** A sign-in under way: one program that waits for what the person brings back from the browser. */
export interface ProgramSignIn {
  /** For the person's browser. Opaque: its parameters are nobody's business. */
  readonly url: string
  /** Milliseconds since 1970; nothing is taken any more after it. */
  readonly expiresAt: number
  /** Hands over what the person pasted. A second call while one is being checked gets the first one's outcome. */
  submit(pasted: Secret): Promise<SignInOutcome>
  /** Ends the program and removes what it wrote. Does nothing when it is over. */
  cancel(): Promise<void>
}

/**
 * `incomplete`: not a whole code, the sign-in goes on. All others end it; `refused`: the provider does not take the
 * code; `failed`: the provider or the way to it did not work; `expired`: too late; `cancelled`: by us. `message` is one
 * sentence of ours, `hint` what to do next.
 */
export type SignInOutcome =
  | { readonly outcome: 'signed_in'; readonly file: Secret; readonly email: string | null }
  | {
      readonly outcome: 'incomplete' | 'refused' | 'failed' | 'expired' | 'cancelled'
      readonly message: string
      readonly hint: string
    }

/**
 * `tokens`: the login file, exactly as written; escrow it before anything else, and then `remove` what the program left. `refused`: the provider does not take
 * this refresh token. `transient`: try again later with the same token; `mayBeUsedUp` when the provider may have
 * answered with a new one that is lost. `lost`: it has answered, and the program has kept nothing of it that can be
 * used. `unavailable`: there is no such program here, or it is too old; nothing was sent.
 */
export type RenewalOutcome =
  | { readonly outcome: 'tokens'; readonly file: Secret; remove(): Promise<void> }
  | { readonly outcome: 'refused'; readonly message: string }
  | { readonly outcome: 'transient'; readonly message: string; readonly mayBeUsedUp: boolean }
  | { readonly outcome: 'lost'; readonly message: string }
  | { readonly outcome: 'unavailable'; readonly message: string }

export interface ProgramLogin {
  readonly access: Secret
  readonly refresh: Secret
  /** Of the access token, milliseconds since 1970. */
  readonly expiresAt: number
  /** The end of the chain that renewing cannot extend; null when the file does not say. */
  readonly refreshExpiresAt: number | null
  readonly scopes: readonly string[]
  readonly accountId: string | null
  readonly organizationId: string | null
  readonly subscriptionType: string | null
  readonly rateLimitTier: string | null
}

/**
 * `blank`: what the program leaves behind when its login was refused, or it is not signed in. `malformed`: not such a
 * file, or one with a value that cannot be. `message` never repeats a value.
 */
export type LoginReading =
  | { readonly login: ProgramLogin }
  | { readonly login: null; readonly fault: 'blank' | 'malformed'; readonly message: string }
