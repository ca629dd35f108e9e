// How long a lease lives. Most are read again and again. A program that renews its login with us says nothing until its
// token is about to end, so its lease must not be over by then.

import type { CandidateRow } from '../../store/store.ts'
import type { Ports } from '../use-case.ts'

// Of a token that does not say when it ends, Codex thinks that it does after so long.
const SUPPOSED_TOKEN_LIFE = 8 * 24 * 3_600_000

/** When a lease of this credential ends that is heard of now; null: the machine's own login. */
export function leaseEnd(
  { now, leaseLife }: Pick<Ports, 'now' | 'leaseLife'>,
  row: Pick<CandidateRow, 'type' | 'expiresAt'> | null,
): number {
  const at = now()
  if (row?.type !== 'codex/oauth') return at + leaseLife
  return Math.max(at, row.expiresAt ?? at + SUPPOSED_TOKEN_LIFE) + leaseLife
}
