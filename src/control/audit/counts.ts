// What the metrics show of the audit.

import type { StoreGroups } from '../../store/store.ts'
import { readRollBacks } from './roll-back.ts'

/** Entries of all organizations, by the record of where their logs end. */
export async function countEntries({ audit }: Pick<StoreGroups, 'audit'>): Promise<number> {
  const heads = Object.values(await audit.heads())
  return heads.reduce((sum, { position }) => sum + position, 0)
}

/** Organizations that were put back, until that is acknowledged. */
export async function countRollBacks(store: Pick<StoreGroups, 'settings'>): Promise<number> {
  return Object.keys(await readRollBacks(store)).length
}
