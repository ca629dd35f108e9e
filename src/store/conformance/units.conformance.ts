// The part of the conformance suite about units: all or nothing, alone or with neighbours in the same turn.

import { describe, expect, it } from 'vitest'
import type { StoreGroups } from '../store.ts'
import { auditEntry, bytes, type CurrentStore, credentialRow, leaseRow, versionRow } from './rows.ts'

/** Registers the tests of `atomically`. `reopened` opens the same data again; false when the engine cannot. */
export function describeUnits(store: CurrentStore, reopened: () => Promise<boolean>): void {
  const put = (name: string) => store().atomically((unit) => unit.installation.put(name, name))
  const kept = (name: string) => store().installation.get(name)
  const failing = (name: string) =>
    store().atomically(async (unit) => {
      await unit.installation.put(name, name)
      throw new RangeError(`no ${name}`)
    })

  describe('atomically', () => {
    it('returns what the work returns and sees its own changes', async () => {
      const row = credentialRow()
      const found = await store().atomically(async (unit) => {
        await unit.credentials.insert(row)
        await unit.versions.insert(versionRow(row.id))
        expect(await unit.credentials.get('org-a', row.id)).toEqual(row)
        return unit.versions.values(row.id, 1)
      })
      expect(found).toEqual({ key: bytes(1, 2, 3) })
      expect(await store().versions.values(row.id, 1)).toEqual(found)
    })

    it('takes every kind of change of a failed unit back', async () => {
      const row = credentialRow()
      const lease = leaseRow({ credentialId: row.id })
      await store().credentials.insert(row)
      await store().versions.insert(versionRow(row.id))
      await store().leases.insert(lease)
      await store().settings.put('org-a', '*', 'order', [1])
      const failed = store().atomically(async (unit) => {
        await unit.credentials.insert(credentialRow())
        await unit.credentials.update('org-a', row.id, 1, { description: 'changed' })
        await unit.versions.insert(versionRow(row.id, { version: 2 }))
        await unit.versions.prune(row.id, 2)
        await unit.leases.endAllOf(row.id, 1500, 'deleted')
        await unit.audit.append(auditEntry())
        await unit.settings.put('org-a', '*', 'order', [2])
        await unit.installation.put('a', 'b')
        await unit.credentials.delete('org-a', row.id)
        throw new RangeError('no')
      })
      await expect(failed).rejects.toThrow(RangeError)
      expect(await store().credentials.list('org-a', {}, { limit: 10 })).toEqual([row])
      expect((await store().versions.list(row.id)).map((one) => one.version)).toEqual([1])
      expect(await store().versions.values(row.id, 1)).toEqual({ key: bytes(1, 2, 3) })
      expect(await store().leases.get('org-a', lease.id)).toEqual(lease)
      expect(await store().audit.list('org-a', { limit: 10 })).toEqual([])
      expect(await store().settings.get('org-a', '*', 'order')).toEqual([1])
      expect(await kept('a')).toBeUndefined()
    })

    it('does not disturb the neighbours of a failed unit in the same turn', async () => {
      const units = Array.from({ length: 60 }, (_, place) =>
        place % 3 === 1 ? failing(`unit-${place}`) : put(`unit-${place}`),
      )
      const results = await Promise.allSettled(units)
      for (const [place, result] of results.entries()) {
        const fails = place % 3 === 1
        expect(result.status).toBe(fails ? 'rejected' : 'fulfilled')
        expect(await kept(`unit-${place}`)).toBe(fails ? undefined : `unit-${place}`)
      }
    })

    it('keeps the changes of one unit apart from the others of its turn', async () => {
      await store().installation.put('count', '0')
      const increment = (unit: StoreGroups) =>
        unit.installation
          .get('count')
          .then((count) =>
            Promise.resolve().then(() => unit.installation.put('count', String(Number(count) + 1))),
          )
      await Promise.all(Array.from({ length: 50 }, () => store().atomically(increment)))
      expect(await kept('count')).toBe('50')
    })

    it('fails a unit in which a call failed, even when its work goes on', async () => {
      const row = credentialRow()
      await store().credentials.insert(row)
      const unit = store().atomically(async (groups) => {
        await groups.installation.put('a', 'before')
        await groups.credentials.insert(row).catch(() => undefined)
        return 'went on'
      })
      const neighbour = put('neighbour')
      await expect(unit).rejects.toMatchObject({ code: 'conflict' })
      await neighbour
      expect(await kept('a')).toBeUndefined()
      expect(await kept('neighbour')).toBe('neighbour')
    })

    it('shows nobody outside what is not committed', async () => {
      const looks: Promise<string | undefined>[] = []
      const lookedOften = Promise.withResolvers<void>()
      // From outside, as another request would, while the unit is under way.
      const timer = setInterval(() => {
        looks.push(kept('a'))
        if (looks.length === 5) lookedOften.resolve()
      }, 1)
      const unit = store().atomically(async (groups) => {
        await groups.installation.put('a', 'uncommitted')
        await lookedOften.promise
        throw new RangeError('no')
      })
      await expect(unit).rejects.toThrow(RangeError)
      clearInterval(timer)
      expect(new Set(await Promise.all(looks))).toEqual(new Set([undefined]))
    })

    it('refuses the store itself inside a unit instead of waiting for ever', async () => {
      const misuse = store().atomically(() => store().installation.put('a', 'b'))
      await expect(misuse).rejects.toMatchObject({ code: 'internal' })
      const reading = store().atomically(() => store().installation.get('a'))
      await expect(reading).rejects.toMatchObject({ code: 'internal' })
      await put('after')
      expect(await kept('after')).toBe('after')
    })

    it('refuses the groups of a unit after its end', async () => {
      let stolen: StoreGroups | undefined
      await store().atomically(async (unit) => {
        stolen = unit
      })
      await expect(stolen?.installation.put('a', 'b')).rejects.toMatchObject({ code: 'internal' })
      expect(await kept('a')).toBeUndefined()
    })

    it('keeps what was answered when it is opened again', async () => {
      const row = credentialRow()
      await store().atomically(async (unit) => {
        await unit.credentials.insert(row)
        await unit.versions.insert(versionRow(row.id))
      })
      await Promise.allSettled([put('good'), failing('bad')])
      if (!(await reopened())) return
      expect(await store().credentials.get('org-a', row.id)).toEqual(row)
      expect(await store().versions.values(row.id, 1)).toEqual({ key: bytes(1, 2, 3) })
      expect(await kept('good')).toBe('good')
      expect(await kept('bad')).toBeUndefined()
    })
  })
}
