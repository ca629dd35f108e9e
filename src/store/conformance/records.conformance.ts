// The part of the conformance suite about leases, tokens, settings and facts about the installation.

import { describe, expect, it } from 'vitest'
import type { LeaseRow, TokenRow } from '../store.ts'
import { type CurrentStore, credentialRow, leaseRow, tokenRow } from './rows.ts'

/** Registers the tests of `leases`, `tokens`, `settings` and `installation`. */
export function describeRecords(store: CurrentStore): void {
  describeLeases(store)
  describeTokens(store)
  describeSettings(store)
}

function describeLeases(store: CurrentStore): void {
  const insert = async (changed: Partial<LeaseRow> = {}) => {
    const row = leaseRow(changed)
    await store().leases.insert(row)
    return row
  }

  describe('leases', () => {
    it('finds a lease by id within its organization, and by id alone for a handle', async () => {
      const row = await insert({ credentialId: null, expiresAt: 8_640_000_000_000_000 })
      expect(await store().leases.get('org-a', row.id)).toEqual(row)
      expect(await store().leases.get('org-b', row.id)).toBeUndefined()
      expect(await store().leases.lookUp(row.id)).toEqual(row)
      expect(await store().leases.lookUp('none')).toBeUndefined()
    })

    it('changes a running lease, not an ended one', async () => {
      const row = await insert({ expiresAt: 2000 })
      await store().leases.change(row.id, { expiresAt: 3000, choice: '{"a":1}' })
      const changed = { ...row, expiresAt: 3000, choice: '{"a":1}' }
      expect(await store().leases.get('org-a', row.id)).toEqual(changed)
      await store().leases.end(row.id, 2500, 'released')
      await store().leases.change(row.id, { expiresAt: 4000 })
      expect((await store().leases.get('org-a', row.id))?.expiresAt).toBe(3000)
      await expect(store().leases.change('id-none', { expiresAt: 4000 })).resolves.toBeUndefined()
    })

    it('ends a lease once and keeps the first reason', async () => {
      const row = await insert()
      expect(await store().leases.end(row.id, 1500, 'released')).toBe(true)
      expect(await store().leases.end(row.id, 1600, 'revoked')).toBe(false)
      expect(await store().leases.end('id-none', 1600, 'revoked')).toBe(false)
      expect(await store().leases.lookUp(row.id)).toEqual({
        ...row,
        endedAt: 1500,
        endReason: 'released',
      })
    })

    it('counts and ends what is running, of one credential', async () => {
      const first = await insert({ credentialId: 'c-1' })
      await insert({ credentialId: 'c-1', organizationId: 'org-b' })
      const expired = await insert({ credentialId: 'c-1', expiresAt: 1500 })
      const ended = await insert({ credentialId: 'c-1' })
      const other = await insert({ credentialId: 'c-2' })
      await insert({ credentialId: null })
      await store().leases.end(ended.id, 1200, 'released')
      expect(await store().leases.countRunning('c-1', 1499)).toBe(3)
      expect(await store().leases.countRunning('c-1', 1500)).toBe(2)
      expect(await store().leases.endAllOf('c-1', 1500, 'deleted')).toBe(2)
      expect(await store().leases.endAllOf('c-1', 1500, 'deleted')).toBe(0)
      expect(await store().leases.countRunning('c-1', 1500)).toBe(0)
      expect(await store().leases.get('org-a', first.id)).toEqual({
        ...first,
        endedAt: 1500,
        endReason: 'deleted',
      })
      expect(await store().leases.get('org-a', expired.id)).toEqual(expired)
      expect((await store().leases.get('org-a', ended.id))?.endReason).toBe('released')
      expect(await store().leases.get('org-a', other.id)).toEqual(other)
    })
  })
}

function describeTokens(store: CurrentStore): void {
  const insert = async (changed: Partial<TokenRow> = {}) => {
    const row = tokenRow(changed)
    await store().tokens.insert(row)
    return row
  }

  describe('tokens', () => {
    it('finds a token by its digest, also when it has expired or is revoked', async () => {
      const row = await insert({ role: 'agent', holderKind: 'agent', expiresAt: 5 })
      expect(await store().tokens.findByDigest(row.digest)).toEqual(row)
      await store().tokens.revoke('org-a', row.name, 7)
      expect(await store().tokens.findByDigest(row.digest)).toEqual({ ...row, revokedAt: 7 })
      expect(await store().tokens.findByDigest('none')).toBeUndefined()
      expect(await store().tokens.get(row.id)).toEqual({ ...row, revokedAt: 7 })
      expect(await store().tokens.get('none')).toBeUndefined()
    })

    it('notes when a token was used, and not again so soon', async () => {
      const [row, other] = [await insert(), await insert()]
      const usedAt = async () => (await store().tokens.get(row.id))?.lastUsedAt
      await store().tokens.used(row.id, 1000, 0)
      expect(await usedAt()).toBe(1000)
      await store().tokens.used(row.id, 1500, 1000)
      expect(await usedAt()).toBe(1000)
      await store().tokens.used(row.id, 1600, 1001)
      expect(await usedAt()).toBe(1600)
      expect(await store().tokens.get(other.id)).toEqual(other)
      await store().tokens.used('none', 1700, 1700)
      expect(await store().tokens.list('org-a')).toEqual([{ ...row, lastUsedAt: 1600 }, other])
    })

    it('lists the tokens of an organization, oldest first', async () => {
      const first = await insert()
      const second = await insert()
      await insert({ organizationId: 'org-b' })
      expect(await store().tokens.list('org-a')).toEqual([first, second])
      expect(await store().tokens.list('org-c')).toEqual([])
    })

    it('refuses the name of a live token with `conflict`, and the digest of any', async () => {
      const row = await insert({ name: 'laptop' })
      await expect(insert({ name: 'laptop' })).rejects.toMatchObject({
        code: 'conflict',
        message: 'There already is a token named laptop.',
      })
      await insert({ name: 'laptop', organizationId: 'org-b' })
      await expect(insert({ digest: row.digest })).rejects.toMatchObject({ code: 'conflict' })
    })

    it('revokes by name, once, within its organization; the name is free again', async () => {
      const row = await insert({ name: 'laptop' })
      expect(await store().tokens.revoke('org-b', 'laptop', 10)).toBe(false)
      expect(await store().tokens.revoke('org-a', 'laptop', 10)).toBe(true)
      expect(await store().tokens.revoke('org-a', 'laptop', 11)).toBe(false)
      const again = await insert({ name: 'laptop' })
      expect(await store().tokens.revoke('org-a', 'laptop', 12)).toBe(true)
      expect(await store().tokens.list('org-a')).toEqual([
        { ...row, revokedAt: 10 },
        { ...again, revokedAt: 12 },
      ])
    })

    it('revokes all of one holder that are live', async () => {
      const held = { holderKind: 'worker', holderId: 'w-1', role: 'worker' } as const
      const rows = [await insert(held), await insert(held)]
      const before = await insert({ ...held, revokedAt: 5 })
      const others = [
        await insert({ ...held, holderKind: 'agent' }),
        await insert({ ...held, holderId: 'w-2' }),
        await insert({ ...held, organizationId: 'org-b' }),
      ]
      const holder = { organizationId: 'org-a', kind: 'worker', id: 'w-1' } as const
      expect(await store().tokens.revokeAllOf(holder, 10)).toBe(2)
      expect(await store().tokens.revokeAllOf(holder, 11)).toBe(0)
      for (const row of rows) expect((await store().tokens.get(row.id))?.revokedAt).toBe(10)
      for (const row of [before, ...others]) expect(await store().tokens.get(row.id)).toEqual(row)
    })
  })
}

function describeSettings(store: CurrentStore): void {
  describe('settings', () => {
    it('gives back any JSON value, and undefined when there is none', async () => {
      const values = [null, true, 0, 'text "quoted" 𝄞', ['a', 1], { nested: { list: [null, {}] } }]
      for (const value of values) {
        await store().settings.put('org-a', '*', 'name', value)
        expect(await store().settings.get('org-a', '*', 'name')).toEqual(value)
      }
      expect(await store().settings.get('org-a', '*', 'other')).toBeUndefined()
    })

    it('does not share what it keeps with who gave it', async () => {
      const order = ['a']
      await store().settings.put('org-a', '*', 'order', order)
      order.push('b')
      expect(await store().settings.get('org-a', '*', 'order')).toEqual(['a'])
    })

    it('keeps organizations, subjects and names apart', async () => {
      await store().settings.put('org-a', 'user:ada', 'order', ['x'])
      await store().settings.put('org-a', '*', 'order', ['y'])
      await store().settings.put('org-a', '*', 'notice', 1)
      await store().settings.put('org-b', '*', 'order', ['z'])
      expect(await store().settings.all('org-a', 'order')).toEqual({ 'user:ada': ['x'], '*': ['y'] })
      expect(await store().settings.all('org-b', 'order')).toEqual({ '*': ['z'] })
      expect(await store().settings.all('org-c', 'order')).toEqual({})
    })

    it('finds some by subjects and names at once', async () => {
      await store().settings.put('org-a', 'user:ada', 'notice', { at: 1 })
      await store().settings.put('org-a', 'user:bob', 'notice', { at: 2 })
      await store().settings.put('org-a', '*', 'policy', 'owner')
      await store().settings.put('org-a', '*', 'other', 'no')
      await store().settings.put('org-b', '*', 'policy', 'shared')
      const found = await store().settings.some('org-a', ['*', 'user:ada'], ['policy', 'notice', 'none'])
      expect(found.sort((a, b) => (a.subject < b.subject ? -1 : 1))).toEqual([
        { subject: '*', name: 'policy', value: 'owner' },
        { subject: 'user:ada', name: 'notice', value: { at: 1 } },
      ])
      expect(await store().settings.some('org-a', ['*'], ['policy'])).toHaveLength(1)
      expect(await store().settings.some('org-a', [], ['policy'])).toEqual([])
      expect(await store().settings.some('org-a', ['*'], [])).toEqual([])
    })

    it('removes one setting; removing none is no error', async () => {
      await store().settings.put('org-a', 'user:ada', 'notice', 1)
      await store().settings.put('org-a', 'user:bob', 'notice', 2)
      await store().settings.remove('org-a', 'user:ada', 'notice')
      await store().settings.remove('org-a', 'user:ada', 'notice')
      expect(await store().settings.all('org-a', 'notice')).toEqual({ 'user:bob': 2 })
    })
  })

  describe('counts', () => {
    it('are over all organizations, of what is live', async () => {
      expect(await store().counts.credentials()).toEqual({})
      const rows = [
        credentialRow(),
        credentialRow({ organizationId: 'org-b' }),
        credentialRow({ state: 'rejected' }),
      ]
      for (const row of rows) await store().credentials.insert(row)
      expect(await store().counts.credentials()).toEqual({ ok: 2, rejected: 1 })
      const ended = leaseRow({ expiresAt: 2000 })
      for (const row of [
        ended,
        leaseRow({ expiresAt: 2000, organizationId: 'org-b' }),
        leaseRow({ expiresAt: 1500 }),
      ])
        await store().leases.insert(row)
      expect(await store().counts.runningLeases(1400)).toBe(3)
      await store().leases.end(ended.id, 1450, 'released')
      expect(await store().counts.runningLeases(1500)).toBe(1)
      expect(await store().counts.runningLeases(2000)).toBe(0)
      for (const row of [
        tokenRow({ name: 'never', expiresAt: null }),
        tokenRow({ name: 'later', expiresAt: 2000, organizationId: 'org-b' }),
        tokenRow({ name: 'revoked', expiresAt: null, revokedAt: 1000 }),
      ])
        await store().tokens.insert(row)
      expect(await store().counts.liveTokens(1999)).toBe(2)
      expect(await store().counts.liveTokens(2000)).toBe(1)
    })
  })

  describe('installation', () => {
    it('keeps one text a name', async () => {
      expect(await store().installation.get('key-check')).toBeUndefined()
      await store().installation.put('key-check', 'one')
      await store().installation.put('key-check', 'two')
      await store().installation.put('other', '')
      expect(await store().installation.get('key-check')).toBe('two')
      expect(await store().installation.get('other')).toBe('')
    })

    it('lets one of many win who put what is not there, and tells all of them which', async () => {
      const put = (value: string) => store().installation.putIfAbsent('key', value)
      const values = Array.from({ length: 20 }, (_, place) => `value-${place}`)
      const answers = await Promise.all(values.map(put))
      expect(new Set(answers).size).toBe(1)
      expect(values).toContain(answers[0])
      expect(await store().installation.get('key')).toBe(answers[0])
      expect(await put('later')).toBe(answers[0])
      const inUnit = store().atomically(async ({ installation }) => [
        await installation.putIfAbsent('key', 'in a unit'),
        await installation.putIfAbsent('new', 'in a unit'),
        await installation.putIfAbsent('new', 'again'),
      ])
      expect(await inUnit).toEqual([answers[0], 'in a unit', 'in a unit'])
    })
  })
}
