// The part of the conformance suite about browsers that people are signed in with.

import { describe, expect, it } from 'vitest'
import type { SessionRow } from '../people-groups.ts'
import { type CurrentStore, sessionRow } from './rows.ts'

/** Registers the tests of `sessions`. */
export function describeSessions(store: CurrentStore): void {
  const insert = async (changed: Partial<SessionRow> = {}) => {
    const row = sessionRow(changed)
    await store().sessions.insert(row)
    return row
  }
  const ids = async (personId = 'person-1') => (await store().sessions.ofPerson(personId)).map(({ id }) => id)

  describe('sessions', () => {
    it('are found by the digest of their cookie, and by person, newest first', async () => {
      const [first, other, second] = [await insert(), await insert({ personId: 'person-2' }), await insert()]
      expect(await store().sessions.findByDigest(first.digest)).toEqual(first)
      expect(await store().sessions.findByDigest(other.digest)).toEqual(other)
      expect(await store().sessions.findByDigest(first.id)).toBeUndefined()
      expect(await store().sessions.ofPerson('person-1')).toEqual([second, first])
      expect(await store().sessions.ofPerson('person-3')).toEqual([])
    })

    it('refuse a digest that is there already', async () => {
      const row = await insert()
      await expect(insert({ digest: row.digest })).rejects.toMatchObject({ code: 'conflict' })
    })

    it('act in another organization when they are told to', async () => {
      const [row, kept] = [await insert(), await insert()]
      expect(await store().sessions.moveTo(row.id, 'org-b')).toBe(true)
      expect(await store().sessions.moveTo('none', 'org-b')).toBe(false)
      expect(await store().sessions.findByDigest(row.digest)).toEqual({ ...row, organizationId: 'org-b' })
      expect(await store().sessions.findByDigest(kept.digest)).toEqual(kept)
    })

    it('note when they were used, not more often than asked', async () => {
      const row = await insert()
      await store().sessions.seen(row.id, 1500, 1000)
      expect((await store().sessions.findByDigest(row.digest))?.lastSeenAt).toBe(1000)
      await store().sessions.seen(row.id, 1500, 1001)
      expect((await store().sessions.findByDigest(row.digest))?.lastSeenAt).toBe(1500)
    })

    it('end one, those of an organization, all but one, or all, of one person only', async () => {
      const theirs = await insert({ personId: 'person-2' })
      const [one, two, three] = [await insert(), await insert({ organizationId: 'org-b' }), await insert()]
      const [four, five] = [await insert(), await insert()]
      const of = { personId: 'person-1' }
      expect(await store().sessions.end({ ...of, id: theirs.id })).toBe(0)
      expect(await store().sessions.end({ ...of, id: one.id })).toBe(1)
      expect(await store().sessions.end({ ...of, id: one.id })).toBe(0)
      expect(await store().sessions.end({ ...of, organizationId: 'org-b' })).toBe(1)
      expect(await ids()).toEqual([five.id, four.id, three.id])
      expect(await store().sessions.findByDigest(two.digest)).toBeUndefined()
      expect(await store().sessions.end({ ...of, except: four.id })).toBe(2)
      expect(await ids()).toEqual([four.id])
      expect(await store().sessions.end(of)).toBe(1)
      expect(await ids('person-2')).toEqual([theirs.id])
    })

    it('are forgotten when they expired, or were used last, before a time', async () => {
      await insert({ expiresAt: 1999, lastSeenAt: 1500 })
      await insert({ expiresAt: 3000, lastSeenAt: 1499 })
      const kept = await insert({ expiresAt: 2000, lastSeenAt: 1500 })
      await store().sessions.prune(2000, 1500)
      expect(await ids()).toEqual([kept.id])
    })
  })
}
