// How long a browser stays signed in, and whether it still is.

import type { SessionRow } from '../../store/people-groups.ts'
import type { LeaseRow, StoreGroups } from '../../store/store.ts'

const DAY = 86_400_000

/** At most, in milliseconds. */
export const LIFE_MS = 30 * DAY

/** Without being used, in milliseconds. */
export const IDLE_MS = 7 * DAY

/** Begins the id of every session. */
export const SESSION = 'ses'

/** Why a lease is over whose browser was signed out. */
export const SIGNED_OUT = 'the browser it was taken with was signed out'

export function isLive({ expiresAt, lastSeenAt }: SessionRow, now: number): boolean {
  return expiresAt > now && lastSeenAt + IDLE_MS > now
}

/** Whether the session that a lease was taken with still is; true for one that was taken with anything else. */
export async function isSessionLive(
  { sessions }: Pick<StoreGroups, 'sessions'>,
  { tokenId, holderId }: Pick<LeaseRow, 'tokenId' | 'holderId'>,
  now: number,
): Promise<boolean> {
  if (!tokenId?.startsWith(`${SESSION}_`)) return true
  return (await sessions.ofPerson(holderId)).some((row) => row.id === tokenId && isLive(row, now))
}
