// What a change of a grant means for its attempts: whom nobody waits for any more, which kept answers are of no use, and
// which are to be revoked.

import { type Grant, isSame, keptBeside } from '../../../domain/grants/grant.ts'
import type { AttemptEnd } from '../../../store/grant-groups.ts'
import type { StoreGroups } from '../../../store/store.ts'

// Milliseconds. A database that loses its last commits may have the old login again, and a journal keeps what it needs
// for it for as long (server/renewal-journal.ts).
const REVOKE_AFTER = 60 * 60_000

// Of one credential; there is hardly ever one.
const MOST_KEPT = 1_000

/** Brings the attempts in line with the grant, in the unit in which it changes from `before` to `now`. */
export async function letGo(
  { attempts }: Pick<StoreGroups, 'attempts'>,
  credentialId: string,
  { before, now }: { readonly before: Grant; readonly now: Grant },
  at: number,
): Promise<void> {
  // It may still be answered, and then finds its place; but nobody waits.
  if (before.attempt !== null && before.attempt.id !== now.attempt?.id)
    await attempts.end(before.attempt.id, ['sent'], { state: 'given_up', endedAt: at })
  if (before.login !== now.login) return leaveBehind(attempts, credentialId, at)
  for (const id of notNeeded(before, now))
    await attempts.end(id, ['orphan'], { state: 'dropped', endedAt: at })
}

/** What is erased when the grant changes so, for the history. */
export function erased(before: Grant, now: Grant): { readonly erased?: string } {
  const ids = notNeeded(before, now)
  return ids.length === 0 ? {} : { erased: ids.join(', ') }
}

// The attempts whose answers it does not name any more.
function notNeeded(before: Grant, now: Grant): string[] {
  const gone = keptBeside(before).filter((one) => !keptBeside(now).some((other) => isSame(other, one)))
  return gone.flatMap((one) => ('attempt' in one ? [one.attempt] : []))
}

// Whatever the old login had brought, for its account or another.
async function leaveBehind(attempts: StoreGroups['attempts'], credentialId: string, at: number) {
  for (const row of await attempts.kept(MOST_KEPT, credentialId)) {
    if (row.answer === null || row.state === 'leftover') continue
    await attempts.end(row.id, [row.state], leftover(row.answer, at))
  }
}

/** The end of an attempt whose answer is left over. */
export function leftover(answer: Uint8Array, at: number): AttemptEnd {
  return { state: 'leftover', endedAt: at, answer, revokeAt: at + REVOKE_AFTER }
}
