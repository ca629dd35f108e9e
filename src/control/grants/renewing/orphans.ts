// What is kept of an orphan: an answer in its attempt, or what was current for a while in its version.

import type { Orphan } from '../../../domain/grants/grant.ts'
import type { FieldValues } from '../../../domain/values.ts'
import type { AttemptRow } from '../../../store/grant-groups.ts'
import type { CredentialRow, StoreGroups } from '../../../store/store.ts'
import { sealedVersion } from '../../credentials/sealing.ts'
import type { Sealed } from '../../guard.ts'
import type { GrantPorts } from '../tools.ts'
import { answerField } from './journal.ts'
import { tokensIn } from './reading.ts'

/** The kept answer of an attempt, to be opened under `answerField`; undefined when there is none any more. */
export function sealedAnswer(row: CredentialRow, attempt: AttemptRow | undefined): Sealed | undefined {
  if (!attempt?.answer) return undefined
  return { row, version: attempt.generation, values: { [answerField(attempt.id)]: attempt.answer } }
}

/** Which one it is, for the history. */
export function nameOf(orphan: Orphan): string {
  return 'attempt' in orphan ? orphan.attempt : `generation ${orphan.generation}`
}

/** What is kept of it, to be opened; undefined when that is gone. */
export async function sealedOrphan(
  unit: Pick<StoreGroups, 'attempts' | 'versions'>,
  row: CredentialRow,
  orphan: Orphan,
): Promise<Sealed | undefined> {
  if ('attempt' in orphan) return sealedAnswer(row, await unit.attempts.get(orphan.attempt))
  const versions = await unit.versions.list(row.id)
  const isThere = versions.some(({ version }) => version === orphan.generation)
  return isThere ? sealedVersion(unit, row, orphan.generation) : undefined
}

/** All fields of the orphan, out of what was opened; null when they cannot be read. */
export function fieldsOfOrphan(
  ports: GrantPorts,
  row: CredentialRow,
  orphan: Orphan,
  opened: FieldValues | undefined,
  before: FieldValues,
): FieldValues | null {
  if (opened === undefined) return null
  if (!('attempt' in orphan)) return opened
  const raw = opened[answerField(orphan.attempt)]
  return (raw && tokensIn(ports, row, raw, before, orphan.issuedAt)?.content.values) ?? null
}
