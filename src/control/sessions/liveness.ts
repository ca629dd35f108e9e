// How long a browser stays signed in, and whether it still is.

import type { SessionRow } from '../../store/people-groups.ts'
import type { LeaseRow, StoreGroups } from '../../store/store.ts'

/** For how long somebody stays signed in, in milliseconds. */
export interface SessionLife {
  readonly whole: number
  /** Without being used. */
  readonly idle: number
}

/** Begins the id of every session. */
export const SESSION = 'ses'

/** Why a lease is over whose browser was signed out. */
export const SIGNED_OUT = 'the browser it was taken with was signed out'

/** What is known of time where sessions are looked at. */
export interface SessionClock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly sessionLife: SessionLife
}

export function isLive(row: SessionRow, { now, sessionLife }: SessionClock): boolean {
  return endOfSession(row, sessionLife) > now()
}

/** When it ends unless it is used, in milliseconds since 1970. */
export function endOfSession({ expiresAt, lastSeenAt }: SessionRow, { idle }: SessionLife): number {
  return Math.min(expiresAt, lastSeenAt + idle)
}

/** Whether the session that a lease was taken with still is; true for one that was taken with anything else. */
export async function isSessionLive(
  { sessions }: Pick<StoreGroups, 'sessions'>,
  { tokenId, holderId }: Pick<LeaseRow, 'tokenId' | 'holderId'>,
  clock: SessionClock,
): Promise<boolean> {
  if (!tokenId?.startsWith(`${SESSION}_`)) return true
  return (await sessions.ofPerson(holderId)).some((row) => row.id === tokenId && isLive(row, clock))
}
