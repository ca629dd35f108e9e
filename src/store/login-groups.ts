// The group of sign-ins under way: what a person has begun and not yet brought to an end. Part of the port, beside
// store.ts.

import type { OwnerText } from '../domain/owner.ts'

export type LoginState = 'pending' | 'complete' | 'failed' | 'expired' | 'cancelled'

/** What was asked for when it was begun. */
export interface LoginRequest {
  readonly description: string
  /** The credential is there already and gets a new login. */
  readonly relogin: boolean
  /** …even one of another account. */
  readonly replaceAccount: boolean
  /** Of these one of the same account gets the login, and no new credential is made. */
  readonly orInto?: readonly string[]
  readonly acceptNotice: boolean
  /** It was begun by a link that this person made. */
  readonly linkBy?: string
}

/** A sign-in at a provider, from its begin until a while after its end. */
export interface LoginAttemptRow {
  readonly id: string
  readonly organizationId: string
  /** Who began it: nobody else sees it. */
  readonly initiatorKind: 'person' | 'agent' | 'worker'
  readonly initiatorId: string
  readonly type: 'codex/oauth' | 'claude/oauth'
  readonly method: 'browser' | 'paste' | 'device'
  /** The credential it is for, which need not be there yet. */
  readonly credentialId: string
  readonly owner: OwnerText
  readonly name: string
  readonly request: LoginRequest
  /** The server that holds it and with which it ends; null: any server can bring it to its end. */
  readonly server: string | null
  /** How often the provider may be asked, in milliseconds; null: the person brings something. */
  readonly intervalMs: number | null
  /** The data key of what is sealed. */
  readonly wrappedKey: Uint8Array
  /** What the provider needs to bring it to its end; null once it has ended. */
  readonly sealed: Uint8Array | null
  readonly state: Exclude<LoginState, 'expired'>
  /** Why it has failed; else empty. */
  readonly message: string
  readonly createdAt: number
  readonly expiresAt: number
  /** Whoever asks the provider about it at this moment; null: nobody. */
  readonly claim: string | null
  /** When somebody last began to. */
  readonly claimedAt: number | null
  readonly endedAt: number | null
}

export interface LoginClaim {
  readonly claim: string
  readonly at: number
  /** A claim made before then is one of a server that has died. */
  readonly staleBefore: number
}

export interface LoginEnd {
  readonly state: 'complete' | 'failed' | 'cancelled'
  readonly message: string
  readonly endedAt: number
  /** The credential that has got the login, where it is another one than was said at the begin. */
  readonly credentialId?: string
}

export interface LoginAttemptStore {
  /** Throws `conflict` when there is one of this id. */
  insert(row: LoginAttemptRow): Promise<void>
  get(organizationId: string, id: string): Promise<LoginAttemptRow | undefined>
  /** Compare-and-set: false when it is not pending any more, has expired at that time, or another has it. */
  claim(id: string, claim: LoginClaim): Promise<boolean>
  /** It goes on. No error when the claim is not held. */
  release(id: string, claim: string): Promise<void>
  /** Compare-and-set: false when it is not pending any more, or this claim is not held; null: whoever holds it. */
  end(id: string, claim: string | null, end: LoginEnd): Promise<boolean>
  /** Forgets all that expired before then. */
  prune(expiredBefore: number): Promise<void>
}

export interface LoginGroups {
  readonly loginAttempts: LoginAttemptStore
}
