// The part of the conformance suite about units that only add: all or nothing, and never on grounds that are gone.

import { describe, expect, it } from 'vitest'
import type { AddingUnit, Store, StoreGroups } from '../store.ts'
import { auditEntry, type CurrentStore, credentialRow, leaseRow, versionRow } from './rows.ts'

/** Leases whatever the organization has first, if it has anything; returns the lease. */
export async function leaseFirst(unit: AddingUnit) {
  const [row] = await unit.credentials.candidates('org-a', 'claude', ['org'])
  if (row === undefined) return undefined
  const lease = leaseRow({ credentialId: row.id, generation: row.version })
  await unit.audit.append(auditEntry())
  await unit.leases.insert(lease)
  return lease
}

/** Changes something as a use-case does: with an audit entry. */
export function audited(store: Store, change: (unit: StoreGroups) => Promise<unknown>): Promise<unknown> {
  return store.atomically(async (unit) => {
    await unit.audit.append(auditEntry())
    await change(unit)
  })
}

/** Registers the tests of `additively`. */
export function describeAdditions(store: CurrentStore): void {
  const owned = () => credentialRow({ owner: 'org' })

  describe('additively', () => {
    it('adds what the work has decided, and returns what it returns', async () => {
      const row = owned()
      await store().credentials.insert(row)
      await store().versions.insert(versionRow(row.id))
      const before = (await store().audit.list('org-a', { limit: 10 })).length
      const found = await store().additively(async (unit) => {
        const lease = await leaseFirst(unit)
        return { lease, values: await unit.versions.values(row.id, 1) }
      })
      expect(found.values).toEqual(await store().versions.values(row.id, 1))
      expect(await store().leases.get('org-a', found.lease?.id ?? '')).toEqual(found.lease)
      expect(await store().audit.list('org-a', { limit: 10 })).toHaveLength(before + 1)
    })

    it('finds the same candidates as a plain question, for many who ask at once', async () => {
      const rows = [
        owned(),
        credentialRow({ owner: 'team:a', name: 'of a team', expiresAt: 7000 }),
        credentialRow({ owner: 'org', harness: 'codex' }),
        credentialRow({ owner: 'org', harness: 'raw', type: 'raw', name: 'TOOL' }),
        credentialRow({ organizationId: 'org-b', owner: 'org' }),
      ]
      for (const row of rows) await store().credentials.insert(row)
      await store().agents.insert({
        ...{ organizationId: 'org-a', name: 'nightly', description: '', createdAt: 1, createdBy: 'ada' },
      })
      const attachment = { organizationId: 'org-a', agent: 'nightly', attachedAt: 1, attachedBy: 'ada' }
      for (const row of rows.slice(0, 4))
        await store().attachments.attach({ ...attachment, credentialId: row.id })
      const questions = [
        ['org-a', 'claude', ['org']],
        ['org-a', 'claude', ['team:a', 'org', 'org']],
        ['org-a', 'codex', ['org']],
        ['org-b', 'claude', ['org', 'team:a']],
        ['org-a', 'claude', []],
        ['org-a', 'claude', ['org']],
      ] as const
      const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
      const answers = questions.map(async ([organizationId, harness, owners]) => {
        const found = await store().additively((unit) =>
          unit.credentials.candidates(organizationId, harness, owners),
        )
        expect(found.sort(byId)).toEqual(
          (await store().credentials.candidates(organizationId, harness, owners)).sort(byId),
        )
        return found.length
      })
      expect(await Promise.all(answers)).toEqual([2, 3, 2, 1, 0, 2])
      for (const [organizationId, harness, agent] of [
        ['org-a', 'claude', 'nightly'],
        ['org-a', 'codex', 'nightly'],
        ['org-b', 'claude', 'nightly'],
      ] as const) {
        const found = await store().additively((unit) =>
          unit.attachments.candidates(organizationId, harness, agent),
        )
        expect(found.sort(byId)).toEqual(
          (await store().attachments.candidates(organizationId, harness, agent)).sort(byId),
        )
      }
    })

    it('adds nothing of work that throws, and does not disturb its neighbours', async () => {
      await store().credentials.insert(owned())
      const outcomes = await Promise.allSettled(
        Array.from({ length: 30 }, (_, place) =>
          store().additively(async (unit) => {
            const lease = await leaseFirst(unit)
            if (place % 3 === 1) throw new RangeError('no')
            return lease?.id ?? ''
          }),
        ),
      )
      const stored = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      expect(stored).toHaveLength(20)
      for (const id of stored) expect(await store().leases.get('org-a', id)).toBeDefined()
      expect(await store().audit.list('org-a', { limit: 50 })).toHaveLength(20)
    })

    it('refuses the store itself inside, and the unit after its end', async () => {
      const misuse = store().additively(() => store().installation.get('a'))
      await expect(misuse).rejects.toMatchObject({ code: 'internal' })
      let stolen: AddingUnit | undefined
      await store().additively(async (unit) => {
        stolen = unit
      })
      await expect(stolen?.audit.append(auditEntry())).rejects.toMatchObject({ code: 'internal' })
      await expect(stolen?.credentials.candidates('org-a', 'claude', ['org'])).rejects.toMatchObject({
        code: 'internal',
      })
    })

    it('sees what was answered before it was asked for, settings too', async () => {
      const setting = () => store().additively((unit) => unit.settings.get('org-a', '*', 'switch'))
      const some = () => store().additively((unit) => unit.settings.some('org-a', ['*'], ['switch', 'other']))
      expect([await setting(), await setting(), await some()]).toEqual([undefined, undefined, []])
      await store().settings.put('org-a', '*', 'switch', { on: true })
      const whole = { subject: '*', name: 'switch', value: { on: true } }
      expect([await setting(), await some(), await some()]).toEqual([{ on: true }, [whole], [whole]])
      await store().settings.remove('org-a', '*', 'switch')
      expect([await some(), await setting()]).toEqual([[], undefined])
    })

    it('refuses nobody for what was so before', async () => {
      const ask = () =>
        store().additively(async (unit) => {
          if ((await unit.settings.get('org-a', '*', 'switch')) === 'off')
            throw new RangeError('switched off')
          return 'on'
        })
      await store().settings.put('org-a', '*', 'switch', 'off')
      const outcomes = await Promise.allSettled(Array.from({ length: 40 }, ask))
      for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { message: 'switched off' } })
      await expect(ask()).rejects.toThrow('switched off')
      await store().settings.put('org-a', '*', 'switch', 'on')
      expect(await ask()).toBe('on')
    })

    it('leaves no lease of what was deleted before it, whichever of them comes first', async () => {
      for (let round = 0; round < 20; round += 1) {
        const row = owned()
        await store().credentials.insert(row)
        const leases = Array.from({ length: 4 }, () =>
          store()
            .additively(leaseFirst)
            .then((lease) => lease?.id),
        )
        const deleted = audited(store(), async (unit) => {
          await unit.leases.endAllOf(row.id, 1500, 'deleted')
          await unit.credentials.delete('org-a', row.id)
        })
        const ids = await Promise.all(leases)
        await deleted
        // Those before it were ended by it; none came after it.
        for (const id of ids) {
          if (id !== undefined) expect((await store().leases.get('org-a', id))?.endReason).toBe('deleted')
        }
        expect(await store().additively(leaseFirst)).toBeUndefined()
      }
    })

    it('is refused with `unavailable` once the store is closed', async () => {
      await store().close()
      await expect(store().additively(leaseFirst)).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}
