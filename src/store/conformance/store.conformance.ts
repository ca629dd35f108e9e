// What every store must do, run on each engine; exported for those who write one. `open` gives a new, empty store;
// `reopen`, for stores that outlive their process, closes it and opens the same data again.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../store.ts'
import { describeAdditions } from './additions.conformance.ts'
import { describeAudit } from './audit.conformance.ts'
import { describeChannels } from './channels.conformance.ts'
import { describeCredentials } from './credentials.conformance.ts'
import { describeDataKeys } from './data-keys.conformance.ts'
import { describeGrants } from './grants.conformance.ts'
import { describeHoldings } from './holdings.conformance.ts'
import { describeLoginAttempts } from './login-attempts.conformance.ts'
import { describeMachines } from './machines.conformance.ts'
import { describeOutsideTrips } from './outside-trips.conformance.ts'
import { describeRecords } from './records.conformance.ts'
import { describeRuns } from './runs.conformance.ts'
import { describeSecondFactors } from './second-factors.conformance.ts'
import { describeSessions } from './sessions.conformance.ts'
import { describeSignals } from './signals.conformance.ts'
import { describeSigningIn } from './signing-in.conformance.ts'
import { describeTelling } from './telling.conformance.ts'
import { describeUnits } from './units.conformance.ts'
import { describeUpkeep } from './upkeep.conformance.ts'
import { describeUses } from './uses.conformance.ts'

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
    describeHoldings(current)
    describeSigningIn(current)
    describeSessions(current)
    describeSecondFactors(current)
    describeOutsideTrips(current)
    describeMachines(current)
    describeGrants(current)
    describeLoginAttempts(current)
    describeTelling(current)
    describeChannels(current)
    describeRuns(current)
    describeHoldings(current)
    describeSignals(current)
    describeAudit(current)
    describeUpkeep(current)
    describeUses(current)
    describeAdditions(current)
    describeUnits(current, async () => {
      if (opened.reopen) store = await opened.reopen()
      return opened.reopen !== undefined
    })

    describe('check and close', () => {
      it('passes the check while it is open', async () => {
        await expect(store.check()).resolves.toBeUndefined()
      })

      it('tells the time that its servers share, and what it is', async () => {
        const before = Date.now()
        const now = await store.now()
        expect(now).toBeGreaterThanOrEqual(before - 1)
        expect(now).toBeLessThanOrEqual(Date.now() + 1)
        const described = await store.describe()
        expect(described).toEqual({
          engine: expect.stringMatching(/^(memory|sqlite|postgres)$/),
          version: expect.any(String),
          address: expect.stringMatching(/^\w+:/),
          migrations: expect.any(Array),
        })
        expect(described.migrations.includes('store-0001')).toBe(described.engine !== 'memory')
        expect(JSON.stringify(described)).not.toContain('not-a-secret')
      })

      it('refuses everything with `unavailable` once it is closed', async () => {
        await store.close()
        await expect(store.check()).rejects.toMatchObject({ code: 'unavailable' })
        await expect(store.now()).rejects.toMatchObject({ code: 'unavailable' })
        await expect(store.signals.send('holders', 'a')).rejects.toMatchObject({ code: 'unavailable' })
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
