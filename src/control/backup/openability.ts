// Whether what is stored opens with a master key, asked of everything at once.

import type { Openability } from '../../domain/backup.ts'
import type { SealedVersion } from '../../store/transfer.ts'
import type { Vault } from '../../vault/vault.ts'
import { opens } from '../guard.ts'

/** Tries every version of every credential; those of one credential must follow each other. */
export async function openability(all: AsyncIterable<SealedVersion>, vault: Vault): Promise<Openability> {
  const closed = new Map<string, string>() // id → name
  let credentials = 0
  let last = ''
  for await (const sealed of all) {
    const { id, name } = sealed.row
    if (id !== last) credentials += 1
    last = id
    if (!opens(vault, sealed)) closed.set(id, name)
  }
  return { credentials, closed: [...closed.values()] }
}
