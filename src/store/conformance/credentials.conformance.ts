// The part of the conformance suite about credentials and their versions.

import { describe, expect, it } from 'vitest'
import type { CredentialFilter, CredentialRow } from '../store.ts'
import { bytes, type CurrentStore, credentialRow, versionRow } from './rows.ts'

const ALL = { limit: 100 }

/** Registers the tests of `credentials` and `versions`. */
export function describeCredentials(store: CurrentStore): void {
  const insert = async (changed: Partial<CredentialRow> = {}) => {
    const row = credentialRow(changed)
    await store().credentials.insert(row)
    return row
  }
  const idsOf = (rows: readonly Pick<CredentialRow, 'id'>[]) => rows.map((row) => row.id)

  describe('credentials', () => {
    it('gives back exactly what was inserted', async () => {
      const wrappedKey = Uint8Array.from({ length: 256 }, (_, value) => value)
      const row = await insert({
        description: 'Zeilen\nund "Zeichen" 𝄞 end',
        shown: { region: 'us-east-1', baseUrl: 'https://example.test/?a="b"' },
        stateUntil: 8_640_000_000_000_000,
        expiresAt: 8_640_000_000_000_000,
        position: 0,
        wrappedKey,
      })
      const found = await store().credentials.get('org-a', row.id)
      expect(found).toEqual(row)
      expect(found?.wrappedKey).toBeInstanceOf(Uint8Array)
      expect(Object.keys(found ?? {}).sort()).toEqual(Object.keys(row).sort())
    })

    it('hides a credential from other organizations', async () => {
      const row = await insert()
      expect(await store().credentials.get('org-b', row.id)).toBeUndefined()
      expect(await store().credentials.list('org-b', {}, ALL)).toEqual([])
      expect(await store().credentials.candidates('org-b', 'claude', [row.owner])).toEqual([])
      expect(await store().credentials.update('org-b', row.id, 1, { description: 'taken over' })).toBe(false)
      expect(await store().credentials.delete('org-b', row.id)).toBe(false)
      expect(await store().credentials.get('org-a', row.id)).toEqual(row)
    })

    it('refuses a second credential of the same owner and name with `conflict`', async () => {
      const row = await insert({ name: 'main' })
      await expect(insert({ name: 'main' })).rejects.toMatchObject({
        code: 'conflict',
        message: 'team:platform already has a credential named main.',
      })
      expect(await store().credentials.list('org-a', {}, ALL)).toEqual([row])
    })

    it('lets other owners, other organizations and other cases have the same name', async () => {
      await insert({ name: 'main' })
      await insert({ name: 'main', owner: 'org' })
      await insert({ name: 'main', organizationId: 'org-b' })
      await insert({ name: 'MAIN' })
      expect(await store().credentials.list('org-a', {}, ALL)).toHaveLength(3)
    })

    it('lists by id, page after page, each row once', async () => {
      const rows: CredentialRow[] = []
      for (let i = 0; i < 7; i += 1) rows.push(await insert())
      await insert({ organizationId: 'org-b' })
      const seen: string[] = []
      for (;;) {
        const after = seen.at(-1)
        const page = await store().credentials.list(
          'org-a',
          {},
          after === undefined ? { limit: 3 } : { limit: 3, after },
        )
        seen.push(...idsOf(page))
        if (page.length < 3) break
      }
      expect(seen).toEqual(idsOf(rows))
    })

    it('filters by each property and by several at once', async () => {
      const a = await insert({ owner: 'org', name: 'a' })
      const b = await insert({ owner: 'user:ada', name: 'b', type: 'codex/api-key', harness: 'codex' })
      const c = await insert({
        owner: 'user:ada',
        name: 'c',
        state: 'rejected',
        description: '50% for Ünal_x',
      })
      const cases: [CredentialFilter, readonly CredentialRow[]][] = [
        [{}, [a, b, c]],
        [{ owners: ['user:ada'] }, [b, c]],
        [{ owners: ['user:ada', 'org'] }, [a, b, c]],
        [{ owners: [] }, []],
        [{ harness: 'codex' }, [b]],
        [{ type: 'claude/api-key' }, [a, c]],
        [{ state: 'rejected' }, [c]],
        [{ name: 'b' }, [b]],
        [{ owners: ['user:ada'], harness: 'claude', state: 'rejected', name: 'c' }, [c]],
        [{ owners: ['org'], name: 'c' }, []],
        [{ search: 'B' }, [b]],
        [{ search: '50%' }, [c]],
        [{ search: 'l_X' }, [c]],
        [{ search: '%' }, [c]],
        [{ search: '\\' }, []],
        [{ owners: ['org'], search: 'a' }, [a]],
      ]
      for (const [filter, expected] of cases) {
        expect(await store().credentials.list('org-a', filter, ALL), JSON.stringify(filter)).toEqual(expected)
      }
    })

    it('finds as candidates all of a harness and all raw secrets of the owners, whatever their state', async () => {
      const a = await insert({ owner: 'org', expiresAt: 7000 })
      const b = await insert({ owner: 'user:ada', state: 'needs_login' })
      const raw = await insert({ owner: 'user:ada', type: 'raw', harness: 'raw' })
      await insert({ owner: 'user:ada', type: 'codex/api-key', harness: 'codex' })
      await insert({ owner: 'user:bob' })
      const candidates = async (owners: readonly string[]) =>
        idsOf(await store().credentials.candidates('org-a', 'claude', owners)).sort()
      expect(await candidates(['org', 'user:ada'])).toEqual(idsOf([a, b, raw]))
      expect(await candidates(['org', 'user:ada', 'team:a', 'team:b', 'org'])).toEqual(idsOf([a, b, raw]))
      expect(await candidates(['org'])).toEqual(idsOf([a]))
      expect(await candidates([])).toEqual([])
      const { harness, description, shown, createdAt, createdBy, updatedAt, ...candidate } = a
      expect(await store().credentials.candidates('org-a', 'claude', ['org'])).toEqual([candidate])
    })

    it('changes what is given, keeps the rest and counts the revision up', async () => {
      const row = await insert({ revision: 4 })
      const change = {
        owner: 'org',
        name: 'renamed',
        description: '',
        version: 2,
        state: 'cooling_down',
        stateReason: 'quota',
        stateUntil: 5000,
        expiresAt: 7000,
        suffix: '',
        shown: {},
        position: 3,
        wrappedKey: bytes(9),
        updatedAt: 6000,
      } as const
      expect(await store().credentials.update('org-a', row.id, 4, change)).toBe(true)
      const changed = { ...row, ...change, revision: 5 }
      expect(await store().credentials.get('org-a', row.id)).toEqual(changed)
      expect(
        await store().credentials.update('org-a', row.id, 5, {
          stateUntil: null,
          expiresAt: null,
          position: null,
        }),
      ).toBe(true)
      expect(await store().credentials.get('org-a', row.id)).toEqual({
        ...changed,
        stateUntil: null,
        expiresAt: null,
        position: null,
        revision: 6,
      })
      expect(await store().credentials.update('org-a', row.id, 6, {})).toBe(true)
      expect((await store().credentials.get('org-a', row.id))?.revision).toBe(7)
    })

    it('changes nothing when the revision is another one or the row is gone', async () => {
      const row = await insert({ revision: 4 })
      expect(await store().credentials.update('org-a', row.id, 3, { description: 'x' })).toBe(false)
      expect(await store().credentials.update('org-a', row.id, 5, { description: 'x' })).toBe(false)
      expect(await store().credentials.update('org-a', 'id-none', 4, { description: 'x' })).toBe(false)
      expect(await store().credentials.get('org-a', row.id)).toEqual(row)
    })

    it('refuses a rename to a taken name with `conflict`', async () => {
      await insert({ name: 'taken' })
      const row = await insert({ name: 'free' })
      await expect(store().credentials.update('org-a', row.id, 1, { name: 'taken' })).rejects.toMatchObject({
        code: 'conflict',
      })
      expect(await store().credentials.get('org-a', row.id)).toEqual(row)
      expect(await store().credentials.update('org-a', row.id, 1, { name: 'free' })).toBe(true)
    })

    it('lets exactly one of a hundred updaters with the same revision win', async () => {
      const row = await insert()
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, updater) =>
          store().credentials.update('org-a', row.id, row.revision, { description: `updater ${updater}` }),
        ),
      )
      expect(answers.filter((won) => won)).toHaveLength(1)
      expect(await store().credentials.get('org-a', row.id)).toEqual({
        ...row,
        description: `updater ${answers.indexOf(true)}`,
        revision: row.revision + 1,
      })
    })

    it('deletes a credential with its versions and values, once, and no other', async () => {
      const kept = await insert()
      const row = await insert()
      await store().versions.insert(versionRow(kept.id))
      await store().versions.insert(versionRow(row.id))
      expect(await store().credentials.delete('org-a', row.id)).toBe(true)
      expect(await store().credentials.delete('org-a', row.id)).toBe(false)
      expect(await store().credentials.get('org-a', row.id)).toBeUndefined()
      expect(await store().versions.list(row.id)).toEqual([])
      expect(await store().versions.values(row.id, 1)).toEqual({})
      expect(await store().versions.values(kept.id, 1)).toEqual({ key: bytes(1, 2, 3) })
    })

    it('knows whether there is any, in whichever organization', async () => {
      expect(await store().credentials.any()).toBe(false)
      const row = await insert({ organizationId: 'org-z' })
      expect(await store().credentials.any()).toBe(true)
      await store().credentials.delete('org-z', row.id)
      expect(await store().credentials.any()).toBe(false)
    })
  })

  describe('versions', () => {
    it('gives back the sealed values of one version, byte by byte', async () => {
      const { id } = await insert()
      const all = Uint8Array.from({ length: 256 }, (_, value) => value)
      await store().versions.insert(
        versionRow(id, { version: 1, values: { accessKeyId: all, secret: bytes(0) } }),
      )
      await store().versions.insert(versionRow(id, { version: 2, values: {} }))
      const found = await store().versions.values(id, 1)
      expect(found).toEqual({ accessKeyId: all, secret: bytes(0) })
      expect(found['accessKeyId']).toBeInstanceOf(Uint8Array)
      expect(await store().versions.values(id, 2)).toEqual({})
      expect(await store().versions.values(id, 3)).toEqual({})
    })

    it('keeps a sealed value of 256 KiB', async () => {
      const { id } = await insert()
      const large = new Uint8Array(256 * 1024).map((_, place) => place % 251)
      await store().versions.insert(versionRow(id, { values: { value: large } }))
      expect((await store().versions.values(id, 1))['value']).toEqual(large)
    })

    it('lists newest first, without values', async () => {
      const { id } = await insert()
      const rows = [1, 2, 10].map((version) =>
        versionRow(id, { version, note: `note ${version}`, shown: {} }),
      )
      for (const row of rows) await store().versions.insert(row)
      const summaries = rows.toReversed().map(({ values: _, ...summary }) => summary)
      expect(await store().versions.list(id)).toEqual(summaries)
    })

    it('refuses the same version twice and keeps the first', async () => {
      const { id } = await insert()
      await store().versions.insert(versionRow(id))
      await expect(
        store().versions.insert(versionRow(id, { values: { key: bytes(9) } })),
      ).rejects.toMatchObject({
        code: 'conflict',
      })
      expect(await store().versions.values(id, 1)).toEqual({ key: bytes(1, 2, 3) })
    })

    it('refuses a version of a credential that is gone with `not_found`', async () => {
      const { id } = await insert()
      await store().credentials.delete('org-a', id)
      await expect(store().versions.insert(versionRow(id))).rejects.toMatchObject({ code: 'not_found' })
    })

    it('forgets the versions below the oldest kept, of this credential only', async () => {
      const { id } = await insert()
      const { id: other } = await insert()
      for (const version of [1, 2, 3]) await store().versions.insert(versionRow(id, { version }))
      await store().versions.insert(versionRow(other))
      await store().versions.prune(id, 3)
      expect((await store().versions.list(id)).map((row) => row.version)).toEqual([3])
      expect(await store().versions.values(id, 2)).toEqual({})
      expect(await store().versions.values(id, 3)).toEqual({ key: bytes(1, 2, 3) })
      expect(await store().versions.list(other)).toHaveLength(1)
    })
  })
}
