// The part of the conformance suite about second factors.

import { describe, expect, it } from 'vitest'
import { type SecondFactorRow, secondFactorPlace } from '../people-groups.ts'
import { bytes, type CurrentStore, secondFactorRow } from './rows.ts'

const [OLD, NEW] = ['0a'.repeat(16), '0b'.repeat(16)]

/** Registers the tests of `secondFactors`. */
export function describeSecondFactors(store: CurrentStore): void {
  const begin = async (changed: Partial<SecondFactorRow> = {}) => {
    const row = secondFactorRow(changed)
    return { row, begun: await store().secondFactors.begin(row) }
  }
  const enabled = { recovery: ['a', 'b'], lastStep: 7, at: 1500 }

  describe('second factors', () => {
    it('are one a person: begun anew while it is not enabled', async () => {
      const [first, other] = [await begin(), await begin({ personId: 'person-2' })]
      expect(await store().secondFactors.get('person-1')).toEqual(first.row)
      const second = await begin({ secret: bytes(9, 9) })
      expect(second.begun).toBe(true)
      expect(await store().secondFactors.get('person-1')).toEqual(second.row)
      expect(await store().secondFactors.enable(first.row.id, enabled)).toBe(false)
      expect(await store().secondFactors.enable(second.row.id, enabled)).toBe(true)
      expect(await store().secondFactors.enable(second.row.id, enabled)).toBe(false)
      expect((await begin()).begun).toBe(false)
      const { at, ...rest } = enabled
      expect(await store().secondFactors.get('person-1')).toEqual({ ...second.row, ...rest, enabledAt: at })
      expect(await store().secondFactors.get('person-2')).toEqual(other.row)
      expect(await store().secondFactors.get('person-3')).toBeUndefined()
    })

    it('use up each step, and all before it, once', async () => {
      const { row } = await begin({ lastStep: 5 })
      const uses = Array.from({ length: 8 }, () =>
        store().atomically((unit) => unit.secondFactors.useStep(row.id, 7)),
      )
      expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1)
      expect(await store().secondFactors.useStep(row.id, 6)).toBe(false)
      expect(await store().secondFactors.useStep(row.id, 8)).toBe(true)
      expect(await store().secondFactors.useStep('none', 9)).toBe(false)
    })

    it('lose recovery codes by comparing', async () => {
      const { row } = await begin({ recovery: ['a', 'b', 'c'] })
      expect(await store().secondFactors.changeRecovery(row.id, ['a', 'b'], [])).toBe(false)
      expect(await store().secondFactors.changeRecovery(row.id, ['a', 'b', 'c'], ['a', 'c'])).toBe(true)
      expect((await store().secondFactors.get('person-1'))?.recovery).toEqual(['a', 'c'])
    })

    it('are removed', async () => {
      await begin()
      expect(await store().secondFactors.remove('person-1')).toBe(true)
      expect(await store().secondFactors.remove('person-1')).toBe(false)
      expect((await begin()).begun).toBe(true)
    })

    it('are re-keyed like credentials', async () => {
      const under = (key: string) => bytes(1, ...Buffer.from(key, 'hex'), 7)
      const { row } = await begin({ wrappedKey: under(OLD) })
      await begin({ personId: 'person-2', wrappedKey: under(NEW) })
      const { countByMasterKey, underOther, rewrap } = store().dataKeys
      expect(await countByMasterKey()).toEqual({ [OLD]: 1, [NEW]: 1 })
      expect(await underOther(NEW, { limit: 10 })).toEqual([
        { ...secondFactorPlace(row), wrappedKey: row.wrappedKey },
      ])
      expect(await underOther(NEW, { limit: 10, after: row.id })).toEqual([])
      expect(await rewrap(row.id, under(NEW), under(OLD))).toBe(false)
      expect(await rewrap(row.id, under(OLD), under(NEW))).toBe(true)
      expect(await store().secondFactors.get('person-1')).toEqual({ ...row, wrappedKey: under(NEW) })
    })
  })
}
