// The part of the conformance suite about sign-ins under way.

import { describe, expect, it } from 'vitest'
import type { LoginAttemptRow, LoginEnd } from '../login-groups.ts'
import { type CurrentStore, loginAttemptRow } from './rows.ts'

const COMPLETE: LoginEnd = { state: 'complete', message: '', endedAt: 1500 }

/** Registers the tests of `loginAttempts`. */
export function describeLoginAttempts(store: CurrentStore): void {
  const insert = async (changed: Partial<LoginAttemptRow> = {}) => {
    const row = loginAttemptRow(changed)
    await store().loginAttempts.insert(row)
    return row
  }
  const get = ({ organizationId, id }: LoginAttemptRow) => store().loginAttempts.get(organizationId, id)
  const claim = (id: string, name: string, at = 1200, staleBefore = 1100) =>
    store().loginAttempts.claim(id, { claim: name, at, staleBefore })

  describe('login attempts', () => {
    it('give back exactly what was inserted, in their organization only', async () => {
      const row = await insert()
      const other = await insert({
        ...{ method: 'device', intervalMs: 5000, server: 'host:7', initiatorKind: 'agent' },
        request: { description: '', relogin: true, replaceAccount: false, acceptNotice: true },
      })
      expect(await get(row)).toEqual(row)
      expect(await get(other)).toEqual(other)
      expect(await store().loginAttempts.get('org-b', row.id)).toBeUndefined()
      await expect(insert({ id: row.id })).rejects.toMatchObject({ code: 'conflict' })
    })

    it('are claimed by one at a time, and again when that one has been silent for long', async () => {
      const row = await insert()
      const claims = Array.from({ length: 8 }, (_, i) =>
        store().atomically((unit) =>
          unit.loginAttempts.claim(row.id, { claim: `c${i}`, at: 1200, staleBefore: 1100 }),
        ),
      )
      expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1)
      expect(await claim(row.id, 'next', 1300, 1200)).toBe(false)
      expect(await claim(row.id, 'next', 1300, 1201)).toBe(true)
      expect(await get(row)).toEqual({ ...row, claim: 'next', claimedAt: 1300 })
    })

    it('go on when they are released by whoever holds them', async () => {
      const row = await insert()
      await claim(row.id, 'one')
      await store().loginAttempts.release(row.id, 'other')
      expect(await claim(row.id, 'two')).toBe(false)
      await store().loginAttempts.release(row.id, 'one')
      expect(await get(row)).toEqual({ ...row, claimedAt: 1200 })
      expect(await claim(row.id, 'two')).toBe(true)
    })

    it('are not claimed at their end or after it', async () => {
      const [late, over] = [await insert({ expiresAt: 1200 }), await insert()]
      await store().loginAttempts.end(over.id, null, { ...COMPLETE, state: 'cancelled' })
      expect(await claim(late.id, 'one')).toBe(false)
      expect(await claim(over.id, 'one')).toBe(false)
      expect(await claim('none', 'one')).toBe(false)
    })

    it('end once, by whoever holds them, and then hold nothing sealed', async () => {
      const row = await insert()
      await claim(row.id, 'one')
      expect(await store().loginAttempts.end(row.id, 'other', COMPLETE)).toBe(false)
      expect(await store().loginAttempts.end(row.id, 'one', COMPLETE)).toBe(true)
      expect(await store().loginAttempts.end(row.id, 'one', COMPLETE)).toBe(false)
      expect(await get(row)).toEqual({ ...row, ...COMPLETE, claimedAt: 1200, sealed: null })
      const cancelled = await insert()
      await claim(cancelled.id, 'one')
      const end: LoginEnd = { state: 'cancelled', message: 'enough', endedAt: 1300 }
      expect(await store().loginAttempts.end(cancelled.id, null, end)).toBe(true)
      expect(await store().loginAttempts.end(cancelled.id, 'one', COMPLETE)).toBe(false)
    })

    it('end at another credential than they began with', async () => {
      const row = await insert()
      await claim(row.id, 'one')
      const end = { ...COMPLETE, credentialId: 'another' }
      expect(await store().loginAttempts.end(row.id, 'one', end)).toBe(true)
      expect(await get(row)).toEqual({ ...row, ...end, claimedAt: 1200, sealed: null })
    })

    it('are forgotten when they expired before a time', async () => {
      const [old, kept] = [await insert({ expiresAt: 1999 }), await insert({ expiresAt: 2000 })]
      await store().loginAttempts.prune(2000)
      expect(await get(old)).toBeUndefined()
      expect(await get(kept)).toEqual(kept)
    })
  })
}
