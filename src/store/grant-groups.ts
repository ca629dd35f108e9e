// The groups of grants: logins that are kept alive, and the tries to renew them. Part of the port, beside store.ts.

import type { Attempt, Grant } from '../domain/grants/grant.ts'

/** A grant and what is known of it beside its bookkeeping. Gone with its credential. */
export interface GrantRow {
  readonly credentialId: string
  readonly organizationId: string
  /** Counts every change of this row, for compare-and-set. */
  readonly revision: number
  /** Its generation is the version of the credential. */
  readonly grant: Grant
  /** When somebody should look at it unasked; null: never. */
  readonly dueAt: number | null
  /** The provider's own id of the account; empty when nobody has said. */
  readonly account: string
  /** SHA-256 of the current refresh token, in hex; empty when there is none. */
  readonly digest: string
}

export type GrantChange = Pick<GrantRow, 'grant' | 'dueAt'> & Partial<Pick<GrantRow, 'account' | 'digest'>>

/** Another credential with the same login. */
export interface GrantTwin {
  readonly credentialId: string
  readonly organizationId: string
  /** The very same token: whoever renews first ends the other. Otherwise only the same account. */
  readonly sameToken: boolean
}

export interface GrantStore {
  /** Throws `conflict` when the credential has one, `not_found` when there is no such credential. */
  insert(row: GrantRow): Promise<void>
  get(credentialId: string): Promise<GrantRow | undefined>
  /** Compare-and-set: false when the row is gone or its revision is not `seen`. */
  update(credentialId: string, seen: number, change: GrantChange): Promise<boolean>
  /** Those that should be looked at by now, over all organizations, the longest due first. */
  due(now: number, limit: number): Promise<GrantRow[]>
  /** All of the organization, by id of the credential; of these credentials only, when some are named. */
  list(organizationId: string, credentialIds?: readonly string[]): Promise<GrantRow[]>
  /** Others with this token, wherever they are, and those of the organization with this account, by id. Empty ones match nothing. */
  twins(row: Pick<GrantRow, 'credentialId' | 'organizationId' | 'account' | 'digest'>): Promise<GrantTwin[]>
}

/**
 * `sent`: nobody knows yet what came of it. `given_up`: nor is anybody waiting for it, but it may still be answered.
 * `unsent`: it is certain that nothing left this house. `failed`: no answer to rely on. `orphan`, `leftover`: what it
 * brought is not current and is kept (domain/grants/grant.ts, Belonging). `dropped`: what was kept is of no use any more and
 * was erased. `revoked`: its provider was told first.
 */
export type AttemptState =
  | 'sent'
  | 'given_up'
  | 'unsent'
  | 'committed'
  | 'refused'
  | 'failed'
  | 'orphan'
  | 'leftover'
  | 'dropped'
  | 'revoked'

export interface AttemptRow extends Omit<Attempt, 'orphan'> {
  readonly credentialId: string
  readonly organizationId: string
  readonly login: string
  /** SHA-256 of the refresh token it sends, in hex. */
  readonly digest: string
  readonly state: AttemptState
  /** Counted up while its owner lives. */
  readonly beat: number
  readonly endedAt: number | null
  /** What it brought, sealed, where that is not the current generation. */
  readonly answer: Uint8Array | null
  /** When its provider is to be told that what it brought is over; null: it is not. */
  readonly revokeAt: number | null
  /** How often that has failed. */
  readonly revokeTries: number
  /** For people: the wish that it was begun for, then whoever was refused, where one was. Empty: nobody knows. */
  readonly asked: string
}

/** What is not given is none. */
export interface AttemptEnd {
  readonly state: Exclude<AttemptState, 'sent'>
  readonly endedAt: number
  readonly answer?: Uint8Array
  readonly revokeAt?: number
  readonly revokeTries?: number
}

/** Tries to renew grants. Gone with their credential. */
export interface AttemptStore {
  /** Throws `conflict` when there is one of this id, `not_found` when there is no such credential. */
  insert(row: AttemptRow): Promise<void>
  get(id: string): Promise<AttemptRow | undefined>
  /** Its owner lives. No error when it is gone. */
  beat(id: string): Promise<void>
  /** It is as `end` says, and nothing else of that is kept. False when it is gone, or not in one of the states `from`. */
  end(id: string, from: readonly AttemptState[], end: AttemptEnd): Promise<boolean>
  /** Those that hold an answer which is not current, oldest first; of all credentials, or of one. */
  kept(limit: number, credentialId?: string): Promise<AttemptRow[]>
  /** Those that are to be revoked by now, the longest due first; of all credentials. */
  leftovers(now: number, limit: number): Promise<AttemptRow[]>
  /** Forgets those that ended before this time and hold no answer. Returns how many. */
  prune(endedBefore: number): Promise<number>
}

export interface GrantGroups {
  readonly grants: GrantStore
  readonly attempts: AttemptStore
}
