// The part of the conformance suite about data keys, and about the facts of the installation that are compared and listed.

import { describe, expect, it } from 'vitest'
import type { DataKeyRow } from '../store.ts'
import { bytes, type CurrentStore, credentialRow } from './rows.ts'

const OLD = '0a'.repeat(16)
const NEW = 'ff'.repeat(16)

function under(masterKey: string, last: number): Uint8Array {
  return bytes(1, ...Buffer.from(masterKey, 'hex'), 0, 255, last)
}

/** Registers the tests of `dataKeys`, and of what they need of `installation`. */
export function describeDataKeys(store: CurrentStore): void {
  const insert = async (masterKey: string, organizationId = 'org-a') => {
    const row = credentialRow({ organizationId, wrappedKey: under(masterKey, 1) })
    await store().credentials.insert(row)
    return row
  }
  const idsOf = (rows: readonly DataKeyRow[]) => rows.map((row) => row.id)

  describe('data keys', () => {
    it('are counted by the master key they name, over all organizations, whatever they look like', async () => {
      expect(await store().dataKeys.countByMasterKey()).toEqual({})
      for (const organization of ['org-a', 'org-b', 'org-b']) await insert(OLD, organization)
      await insert(NEW, 'org-c')
      await store().credentials.insert(credentialRow({ wrappedKey: bytes(1, 2, 3) }))
      await store().credentials.insert(credentialRow({ wrappedKey: bytes(1) }))
      expect(await store().dataKeys.countByMasterKey()).toEqual({ [OLD]: 3, [NEW]: 1, '0203': 1, '': 1 })
    })

    it('that are under another master key are listed by id, a page at a time, with their place', async () => {
      const rows = []
      for (const key of [OLD, NEW, OLD, OLD, NEW]) rows.push(await insert(key, `org-${rows.length}`))
      const broken = credentialRow({ wrappedKey: bytes(1, 255) })
      await store().credentials.insert(broken)
      const [first, , third, fourth] = rows
      const page = await store().dataKeys.underOther(NEW, { limit: 2 })
      expect(idsOf(page)).toEqual([first?.id, third?.id])
      const { organizationId, owner, type, name, version, wrappedKey } = first ?? broken
      expect(page[0]).toEqual({ id: first?.id, organizationId, owner, type, name, version, wrappedKey })
      const rest = await store().dataKeys.underOther(NEW, { limit: 10, after: third?.id ?? '' })
      expect(idsOf(rest)).toEqual([fourth?.id, broken.id])
      expect(await store().dataKeys.underOther(NEW, { limit: 10, after: broken.id })).toEqual([])
    })

    it('are replaced only when they are still as they were seen; nothing else of the credential changes', async () => {
      const row = await insert(OLD)
      const [seen, wrapped] = [under(OLD, 1), under(NEW, 2)]
      expect(await store().dataKeys.rewrap(row.id, under(OLD, 2), wrapped)).toBe(false)
      expect(await store().dataKeys.rewrap('nobody', seen, wrapped)).toBe(false)
      expect(await store().dataKeys.rewrap(row.id, seen, wrapped)).toBe(true)
      expect(await store().dataKeys.rewrap(row.id, seen, wrapped)).toBe(false)
      expect(await store().credentials.get('org-a', row.id)).toEqual({ ...row, wrappedKey: wrapped })
    })

    it('are not replaced by two who saw the same', async () => {
      const row = await insert(OLD)
      const racers = Array.from({ length: 20 }, (_, place) =>
        store().dataKeys.rewrap(row.id, row.wrappedKey, under(NEW, place)),
      )
      expect((await Promise.all(racers)).filter((won) => won)).toHaveLength(1)
    })

    it('that were rewrapped do not stand in the way of a change that was seen before', async () => {
      const row = await insert(OLD)
      await store().dataKeys.rewrap(row.id, row.wrappedKey, under(NEW, 2))
      const change = { description: 'later' }
      expect(await store().credentials.update('org-a', row.id, row.revision, change)).toBe(true)
      const kept = await store().credentials.get('org-a', row.id)
      expect(kept).toMatchObject({ description: 'later', wrappedKey: under(NEW, 2) })
    })
  })

  describe('facts of the installation', () => {
    it('are swapped only when they are as they were seen', async () => {
      const { installation } = store()
      expect(await installation.swap('fact', '', 'one')).toBe(false)
      await installation.put('fact', 'one')
      expect(await installation.swap('fact', 'two', 'three')).toBe(false)
      const swaps = ['two', 'three'].map((value) => installation.swap('fact', 'one', value))
      expect((await Promise.all(swaps)).filter((won) => won)).toHaveLength(1)
      expect(await installation.get('fact')).not.toBe('one')
      expect(await installation.get('other')).toBeUndefined()
    })

    it('are listed by how their names begin, byte by byte, and removed', async () => {
      const { installation } = store()
      for (const name of ['server:b', 'server:a', 'server:', 'server;', 'SERVER:c', 'serve', 'server:é'])
        await installation.put(name, `of ${name}`)
      const listed = await installation.beginningWith('server:')
      expect(Object.keys(listed).sort()).toEqual(['server:', 'server:a', 'server:b', 'server:é'])
      expect(listed['server:b']).toBe('of server:b')
      await installation.remove('server:a')
      await installation.remove('server:a')
      expect(await installation.get('server:a')).toBeUndefined()
      expect(Object.keys(await installation.beginningWith('server:'))).toHaveLength(3)
      expect(await installation.beginningWith('nothing')).toEqual({})
    })
  })
}
