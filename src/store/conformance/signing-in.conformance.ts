// The part of the conformance suite about invitations and terminals that wait to be let in.

import { describe, expect, it } from 'vitest'
import type { DeviceDecision, DeviceLoginRow, InvitationRow } from '../people-groups.ts'
import { type CurrentStore, deviceLoginRow, invitationRow } from './rows.ts'

/** Registers the tests of `invitations` and `deviceLogins`. */
export function describeSigningIn(store: CurrentStore): void {
  describeInvitations(store)
  describeDeviceLogins(store)
}

function describeInvitations(store: CurrentStore): void {
  const insert = async (changed: Partial<InvitationRow> = {}) => {
    const row = invitationRow(changed)
    await store().invitations.insert(row)
    return row
  }

  describe('invitations', () => {
    it('are found by the digest of their code, whatever became of them', async () => {
      const row = await insert()
      const link = await insert({ kind: 'sign-in', personId: 'person-2', role: 'owner', teams: [] })
      expect(await store().invitations.findByDigest(row.digest)).toEqual(row)
      expect(await store().invitations.findByDigest(link.digest)).toEqual(link)
      expect(await store().invitations.findByDigest('none')).toBeUndefined()
      await store().invitations.use(row.id, 1500)
      await store().invitations.revoke('org-a', link.id, 1600)
      expect(await store().invitations.findByDigest(row.digest)).toEqual({ ...row, usedAt: 1500 })
      expect(await store().invitations.findByDigest(link.digest)).toEqual({ ...link, revokedAt: 1600 })
    })

    it('refuse a digest that is there already', async () => {
      const row = await insert()
      await expect(insert({ digest: row.digest })).rejects.toMatchObject({ code: 'conflict' })
    })

    it('are used once: not again, not revoked, not at their end or after it', async () => {
      const [used, revoked, old] = [await insert(), await insert(), await insert()]
      expect(await store().invitations.use(used.id, 1999)).toBe(true)
      expect(await store().invitations.use(used.id, 1999)).toBe(false)
      expect(await store().invitations.revoke('org-a', revoked.id, 1200)).toBe(true)
      expect(await store().invitations.use(revoked.id, 1300)).toBe(false)
      expect(await store().invitations.use(old.id, 2000)).toBe(false)
      expect(await store().invitations.use('none', 1500)).toBe(false)
      expect((await store().invitations.findByDigest(used.digest))?.usedAt).toBe(1999)
    })

    it('are used once when two use them at the same time', async () => {
      const row = await insert()
      const uses = Array.from({ length: 8 }, () =>
        store().atomically((unit) => unit.invitations.use(row.id, 1500)),
      )
      expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1)
    })

    it('list those of an organization that can be used, oldest first', async () => {
      const [first, used, revoked] = [await insert(), await insert(), await insert()]
      const second = await insert({ expiresAt: 1501 })
      await insert({ expiresAt: 1500 })
      await insert({ organizationId: 'org-b' })
      await store().invitations.use(used.id, 1100)
      await store().invitations.revoke('org-a', revoked.id, 1100)
      expect(await store().invitations.list('org-a', 1500)).toEqual([first, second])
      expect(await store().invitations.list('org-c', 1500)).toEqual([])
    })

    it('are revoked once, within their organization, while they are unused', async () => {
      const [row, used] = [await insert(), await insert()]
      await store().invitations.use(used.id, 1100)
      expect(await store().invitations.revoke('org-b', row.id, 1200)).toBe(false)
      expect(await store().invitations.revoke('org-a', row.id, 1200)).toBe(true)
      expect(await store().invitations.revoke('org-a', row.id, 1300)).toBe(false)
      expect(await store().invitations.revoke('org-a', used.id, 1300)).toBe(false)
      expect((await store().invitations.findByDigest(row.digest))?.revokedAt).toBe(1200)
    })
  })
}

const APPROVED: DeviceDecision = {
  state: 'approved',
  organizationId: 'org-a',
  personId: 'person-1',
  role: 'admin',
  decidedAt: 1500,
}
const DENIED: DeviceDecision = {
  state: 'denied',
  organizationId: null,
  personId: null,
  role: null,
  decidedAt: 1500,
}

function describeDeviceLogins(store: CurrentStore): void {
  const insert = async (changed: Partial<DeviceLoginRow> = {}) => {
    const row = deviceLoginRow(changed)
    await store().deviceLogins.insert(row)
    return row
  }

  describe('device logins', () => {
    it('are found by either code', async () => {
      const row = await insert({ wanted: 'Acme "West"', clientName: '𝄞 laptop' })
      expect(await store().deviceLogins.findByDigest(row.digest)).toEqual(row)
      expect(await store().deviceLogins.findByUserCode(row.userCode)).toEqual(row)
      expect(await store().deviceLogins.findByDigest(row.userCode)).toBeUndefined()
      expect(await store().deviceLogins.findByUserCode('none')).toBeUndefined()
    })

    it('refuse either code when it is there already', async () => {
      const row = await insert()
      await expect(insert({ digest: row.digest })).rejects.toMatchObject({ code: 'conflict' })
      await expect(insert({ userCode: row.userCode })).rejects.toMatchObject({ code: 'conflict' })
    })

    it('are decided once, before they expire', async () => {
      const [row, late] = [await insert(), await insert({ expiresAt: 1500 })]
      expect(await store().deviceLogins.decide(row.id, APPROVED)).toBe(true)
      expect(await store().deviceLogins.decide(row.id, DENIED)).toBe(false)
      expect(await store().deviceLogins.decide(late.id, APPROVED)).toBe(false)
      expect(await store().deviceLogins.decide('none', APPROVED)).toBe(false)
      expect(await store().deviceLogins.findByDigest(row.digest)).toEqual({ ...row, ...APPROVED })
      expect(await store().deviceLogins.findByDigest(late.digest)).toEqual(late)
    })

    it('are claimed once, when they were approved, before they expire', async () => {
      const [pending, denied, late] = [await insert(), await insert(), await insert()]
      const row = await insert()
      await store().deviceLogins.decide(denied.id, DENIED)
      for (const { id } of [row, late]) await store().deviceLogins.decide(id, APPROVED)
      expect(await store().deviceLogins.claim(pending.id, 1600)).toBe(false)
      expect(await store().deviceLogins.claim(denied.id, 1600)).toBe(false)
      expect(await store().deviceLogins.claim(late.id, 2000)).toBe(false)
      const claims = Array.from({ length: 8 }, () =>
        store().atomically((unit) => unit.deviceLogins.claim(row.id, 1999)),
      )
      expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1)
      expect(await store().deviceLogins.findByDigest(row.digest)).toMatchObject({ state: 'claimed' })
    })

    it('are forgotten when they expired before a time', async () => {
      const [old, kept] = [await insert({ expiresAt: 1999 }), await insert({ expiresAt: 2000 })]
      await store().deviceLogins.prune(2000)
      expect(await store().deviceLogins.findByDigest(old.digest)).toBeUndefined()
      expect(await store().deviceLogins.findByDigest(kept.digest)).toEqual(kept)
      await insert({ userCode: old.userCode })
    })
  })
}
