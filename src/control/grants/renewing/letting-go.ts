// What a change of a grant means for its attempts: whom nobody waits for any more, which kept answers are of no use, and
// which are to be revoked.

import { type Grant, isSame } from '../../../domain/grants/grant.ts'
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
  for (const orphan of before.orphans) {
    const isKept = now.orphans.some((one) => isSame(one, orphan))
    if (!isKept && 'attempt' in orphan)
      await attempts.end(orphan.attempt, ['orphan'], { state: 'dropped', endedAt: at })
  }
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
