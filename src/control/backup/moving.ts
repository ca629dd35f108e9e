// Moving an installation to another database: copied, compared, and everything sealed tried with the master key before
// and after.

import type { MoveReport, Openability } from '../../domain/backup.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Move } from '../../store/transfer.ts'
import type { Vault } from '../../vault/vault.ts'
import { openability } from './openability.ts'

const NOTHING: Openability = {
  ...{ credentials: 0, closed: [], webhooks: 0, closedWebhooks: [], closedFactors: 0 },
  ...{ channels: 0, closedChannels: [] },
}

/** Carries a move out from wherever it is. Killed at any point, it can be asked for again. */
export async function carryOut(
  move: Move,
  vault: Vault,
  progress: (rows: number) => void,
): Promise<MoveReport> {
  const { state, from, to, keyId } = move
  if (state === 'done') return { state, from, to, counts: {}, ...NOTHING }
  if (keyId !== undefined && keyId !== vault.keyId) throw wrongKey(from, keyId, vault.keyId)
  const before = await openability(move.sealedInSource(), vault)
  const counts = await move.copy(progress)
  const after = await openability(move.sealedInTarget(), vault)
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    throw new ClavigerError('internal', `After copying, not everything in ${to} opens.`, {
      hint: 'The source is untouched. Type it again; if this stays, please report it.',
    })
  }
  await move.finish()
  return { state, from, to, counts, ...after }
}

function wrongKey(from: string, wanted: string, given: string): ClavigerError {
  return new ClavigerError('unavailable', `${from} was sealed with another master key.`, {
    hint: `It wants the key with id ${wanted}; this one is ${given}. Name the right one with CLAVIGER_MASTER_KEY_FILE.`,
  })
}
