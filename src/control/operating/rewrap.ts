// One walk over all data keys that are not under the current master key, in small batches, each a unit.

import { setTimeout as sleep } from 'node:timers/promises'
import { ClavigerError } from '../../domain/errors.ts'
import type { DataKeyRow, Store } from '../../store/store.ts'
import type { Vault } from '../../vault/vault.ts'
import { keyContext } from '../guard.ts'

const BATCH = 50

export interface RewrapOptions {
  readonly store: Store
  readonly vault: Vault
  /** Ends the walk after the batch under way. */
  readonly signal: AbortSignal
  /** Hears of each data key that was brought under the current master key, and which one it was under. */
  readonly done: (from: string) => void
}

/**
 * Brings every data key that opens under the current master key. One that was changed meanwhile, or does not open, stays
 * as it is.
 */
export async function rewrapAll({ store, vault, signal, done }: RewrapOptions): Promise<void> {
  let after = ''
  while (!signal.aborted) {
    const rows = await store.dataKeys.underOther(vault.keyId, { after, limit: BATCH })
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.id
    const begun = performance.now()
    for (const from of await rewrapBatch(store, vault, rows)) done(from)
    // Half of the time belongs to everybody else.
    await sleep(performance.now() - begun, undefined, { ref: false })
  }
}

// Ids of the master keys that the data keys were under which this call has brought under the current one.
async function rewrapBatch(store: Store, vault: Vault, rows: readonly DataKeyRow[]): Promise<string[]> {
  const changes = rows.flatMap((row) => {
    const wrapped = rewrapped(vault, row)
    return wrapped === null ? [] : [{ ...row, wrapped }]
  })
  if (changes.length === 0) return []
  return store.atomically(async (unit) => {
    const from: string[] = []
    for (const { id, wrappedKey, wrapped } of changes) {
      if (await unit.dataKeys.rewrap(id, wrappedKey, wrapped)) from.push(vault.keyIdOf(wrappedKey))
    }
    return from
  })
}

// Null for a data key that does not open: under a key nobody has, or altered. It stays as it is.
function rewrapped(vault: Vault, row: DataKeyRow): Uint8Array | null {
  try {
    return vault.rewrapKey(row.wrappedKey, keyContext(row), keyContext(row))
  } catch (thrown) {
    if (thrown instanceof ClavigerError && thrown.code === 'unavailable') return null
    throw thrown
  }
}
