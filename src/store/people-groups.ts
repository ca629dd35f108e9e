// The groups of the store that are about people: how they get in, and what whoever holds something has. Part of the port,
// as store.ts is.

import type { Role } from '../domain/caller.ts'
import type { OwnerText } from '../domain/owner.ts'

/** A code that lets somebody in once: as a new member, or a member who sets a new password. */
export interface InvitationRow {
  readonly id: string
  readonly organizationId: string
  readonly kind: 'join' | 'sign-in'
  /** SHA-256 of the code, in hex. */
  readonly digest: string
  /** In lower case. */
  readonly email: string
  /** What a new member becomes. */
  readonly role: Role
  /** Slugs of the teams a new member gets into. */
  readonly teams: readonly string[]
  /** The member a sign-in link is for; null for somebody who is to join. */
  readonly personId: string | null
  /** Id of the person who made it; `serve` for the server's own. */
  readonly createdBy: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly usedAt: number | null
  readonly revokedAt: number | null
}

export interface InvitationStore {
  /** Throws `conflict` when there is one with that digest. */
  insert(row: InvitationRow): Promise<void>
  /** Whatever became of it. */
  findByDigest(digest: string): Promise<InvitationRow | undefined>
  /** Compare-and-set: false when it was used or revoked, has expired at `now`, or does not exist. */
  use(id: string, now: number): Promise<boolean>
  /** Those for somebody of this e-mail that can be used at `now`, of every organization, newest first. */
  ofEmail(email: string, now: number): Promise<InvitationRow[]>
  /** Those of an organization that can be used at `now`, oldest first. */
  list(organizationId: string, now: number): Promise<InvitationRow[]>
  /** False when it does not exist there, was used, or was revoked already. */
  revoke(organizationId: string, id: string, at: number): Promise<boolean>
}

/** A terminal that waits to be let in (RFC 8628). */
export interface DeviceLoginRow {
  readonly id: string
  /** SHA-256 of the device code, in hex. */
  readonly digest: string
  /** What a person types: eight letters, without the dash. */
  readonly userCode: string
  /** What the machine calls itself. */
  readonly clientName: string
  /** Where it asked from. */
  readonly address: string
  /** Id or name of the organization it asked for; null: any. */
  readonly wanted: string | null
  readonly createdAt: number
  readonly expiresAt: number
  readonly state: 'pending' | 'approved' | 'denied' | 'claimed'
  /** Whom it is let in as: null until it was approved. */
  readonly organizationId: string | null
  readonly personId: string | null
  readonly role: Role | null
  readonly decidedAt: number | null
}

/** What was decided about a login, by whom it will be if it was approved. */
export type DeviceDecision = Pick<DeviceLoginRow, 'organizationId' | 'personId' | 'role'> & {
  readonly state: 'approved' | 'denied'
  readonly decidedAt: number
}

export interface DeviceLoginStore {
  /** Throws `conflict` when there is one with that digest or user code. */
  insert(row: DeviceLoginRow): Promise<void>
  findByDigest(digest: string): Promise<DeviceLoginRow | undefined>
  findByUserCode(userCode: string): Promise<DeviceLoginRow | undefined>
  /** Compare-and-set: false when it is not pending any more or has expired at `decidedAt`. */
  decide(id: string, decision: DeviceDecision): Promise<boolean>
  /** Compare-and-set: false when it is not approved, was claimed already, or has expired at `now`. */
  claim(id: string, now: number): Promise<boolean>
  /** Forgets all that expired before then. */
  prune(expiredBefore: number): Promise<void>
}

/** How somebody signed in with a browser. */
export type SessionMethod = 'password' | 'invitation' | 'sign-in link' | 'github' | 'oidc'

/** A browser that a person is signed in with. */
export interface SessionRow {
  readonly id: string
  /** SHA-256 of what the cookie holds, in hex. */
  readonly digest: string
  readonly personId: string
  /** The organization it acts in; a person may belong to several. */
  readonly organizationId: string
  readonly method: SessionMethod
  /** What the browser calls itself. */
  readonly userAgent: string
  /** Where it signed in from. */
  readonly address: string
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly expiresAt: number
}

/** Sessions of one person: all, one, those of one organization, all but one. */
export interface SessionFilter {
  readonly personId: string
  readonly id?: string
  readonly organizationId?: string
  readonly except?: string
}

/** What has ended is gone. */
export interface SessionStore {
  /** Throws `conflict` when there is one with that digest. */
  insert(row: SessionRow): Promise<void>
  findByDigest(digest: string): Promise<SessionRow | undefined>
  /** Newest first, those that have expired too. */
  ofPerson(personId: string): Promise<SessionRow[]>
  /** Lets it act in another organization; false when it is gone. */
  moveTo(id: string, organizationId: string): Promise<boolean>
  /** Notes that it was used, unless that was noted since then. */
  seen(id: string, at: number, unlessSince: number): Promise<void>
  /** Returns how many. */
  end(filter: SessionFilter): Promise<number>
  /** Forgets all that expired, or were used last, before these times. */
  prune(expiredBefore: number, unusedSince: number): Promise<void>
}

/** A browser that was sent to an identity provider, until it comes back. */
export interface OutsideTripRow {
  readonly id: string
  /** SHA-256, in hex, of the state that comes back. */
  readonly digest: string
  /** SHA-256, in hex, of what only this browser has. */
  readonly browserDigest: string
  readonly provider: string
  /** Whoever links an account; null: somebody signs in. */
  readonly linking: {
    readonly organizationId: string
    readonly personId: string
    readonly sessionId: string
  } | null
  /** A path of ours. */
  readonly returnTo: string
  readonly createdAt: number
  readonly expiresAt: number
}

export interface OutsideTripStore {
  insert(row: OutsideTripRow): Promise<void>
  findByDigest(digest: string): Promise<OutsideTripRow | undefined>
  /** It is over; false when it was already. */
  take(id: string): Promise<boolean>
  /** Forgets all that expired before then. */
  prune(expiredBefore: number): Promise<void>
}

/** What a person shows beside their password: an authenticator app, and codes for when it is lost. */
export interface SecondFactorRow {
  readonly id: string
  /** At most one each. */
  readonly personId: string
  /** The data key, wrapped by the master key; re-keying finds it through DataKeyStore. */
  readonly wrappedKey: Uint8Array
  /** What the app has, sealed. */
  readonly secret: Uint8Array
  /** SHA-256, in hex, of the recovery codes that were not used yet. */
  readonly recovery: readonly string[]
  /** The time step whose code was used last: it and those before are used up. */
  readonly lastStep: number
  readonly createdAt: number
  /** Null while nobody has shown that the app has it. */
  readonly enabledAt: number | null
}

/** What the data key of a second factor is bound to: a person, whatever the organization. */
export function secondFactorPlace({ id, personId }: Pick<SecondFactorRow, 'id' | 'personId'>) {
  const owner = `user:${personId}`
  return { id, organizationId: '*', owner, type: 'second-factor', name: 'app', version: 1 } as const
}

export interface SecondFactorStore {
  get(personId: string): Promise<SecondFactorRow | undefined>
  /** In the place of one that is not enabled; false when there is one that is. */
  begin(row: SecondFactorRow): Promise<boolean>
  /** Compare-and-set: false when it is not there, or enabled already. */
  enable(
    id: string,
    enabled: Pick<SecondFactorRow, 'recovery' | 'lastStep'> & { at: number },
  ): Promise<boolean>
  /** Compare-and-set: false when it is not there, or this step or a later one was used. */
  useStep(id: string, step: number): Promise<boolean>
  /** Compare-and-set of the recovery codes that are left. */
  changeRecovery(id: string, seen: readonly string[], left: readonly string[]): Promise<boolean>
  /** False when there was none. */
  remove(personId: string): Promise<boolean>
}

/** Who holds leases and tokens. */
export interface Holder {
  readonly organizationId: string
  readonly kind: 'person' | 'agent' | 'worker'
  readonly id: string
}

/** What somebody has, counted over many rows: for those who leave, and for those who may know no more than that. */
export interface HoldingStore {
  /** How many leases of this holder are running at `now`. */
  countRunning(holder: Holder, now: number): Promise<number>
  /** Ends them, or only those on one credential; returns how many. */
  endRunning(holder: Holder, at: number, reason: string, credentialId?: string): Promise<number>
  /** Owner → how many credentials they have, of all owners of this kind that have any. */
  countOwned(organizationId: string, kind: 'team' | 'user' | 'agent'): Promise<Record<OwnerText, number>>
}

export interface PeopleGroups {
  readonly holdings: HoldingStore
  readonly invitations: InvitationStore
  readonly deviceLogins: DeviceLoginStore
  readonly sessions: SessionStore
  readonly secondFactors: SecondFactorStore
  readonly outsideTrips: OutsideTripStore
}
