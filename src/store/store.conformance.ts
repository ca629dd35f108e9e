// What every store must do, run on each engine; exported for those who write one. `open` gives a new, empty store;
// `reopen`, for stores that outlive their process, closes it and opens the same data again.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeCredentials } from './credentials.conformance.ts'
import { describeDataKeys } from './data-keys.conformance.ts'
import { describeRecords } from './records.conformance.ts'
import type { Store } from './store.ts'
import { describeUnits } from './units.conformance.ts'
import { describeUpkeep } from './upkeep.conformance.ts'

export interface OpenedStore {
  readonly store: Store
  readonly reopen?: () => Promise<Store>
}

/** Registers the suite for one engine. */
export function describeStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`store: ${name}`, () => {
    let opened: OpenedStore
    let store: Store
    beforeEach(async () => {
      opened = await open()
      store = opened.store
    })
    afterEach(async () => {
      await store.close()
    })
    const current = () => store

    describeCredentials(current)
    describeDataKeys(current)
    describeRecords(current)
    describeUpkeep(current)
    describeUnits(current, async () => {
      if (opened.reopen) store = await opened.reopen()
      return opened.reopen !== undefined
    })

    describe('check and close', () => {
      it('passes the check while it is open', async () => {
        await expect(store.check()).resolves.toBeUndefined()
      })

      it('refuses everything with `unavailable` once it is closed', async () => {
        await store.close()
        await expect(store.check()).rejects.toMatchObject({ code: 'unavailable' })
        await expect(store.installation.put('a', 'b')).rejects.toMatchObject({ code: 'unavailable' })
        await expect(store.atomically(async () => 1)).rejects.toMatchObject({ code: 'unavailable' })
      })

      it('answers what was asked before it was closed', async () => {
        const asked = store.atomically(async (unit) => {
          await unit.installation.put('a', 'b')
          return 'stored'
        })
        await store.close()
        await expect(asked).resolves.toBe('stored')
      })

      it('may be closed twice', async () => {
        await store.close()
        await expect(store.close()).resolves.toBeUndefined()
      })
    })
  })
}
