import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, fakeKey, rowOf } from '../../../test/support/house.ts'
import { MAX_ENVIRONMENT_STRING } from '../../domain/values.ts'
import { keyContext } from '../guard.ts'

describe('credentials.rename', () => {
  it('gives another name and keeps the value', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    expect(await house.ask('bob', 'credentials.rename', { id, name: 'second' })).toMatchObject({
      name: 'second',
    })
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude', credential: 'second' })
    expect(lease.credential?.fields['key']?.expose()).toBe(fakeKey('main'))
    await house.give('bob', 'me', 'main')
  })

  it('refuses a taken, a bad and, for a raw secret, an unusable name', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    await house.give('bob', 'me', 'taken')
    const raw = await house.give('bob', 'me', 'RAW', { type: 'raw', fields: { value: 'x' } })
    const before = await contentsOf(house)
    const taken = await errorOf(house.ask('bob', 'credentials.rename', { id, name: 'taken' }))
    expect([taken.code, taken.message]).toEqual(['conflict', expect.stringContaining('named taken')])
    for (const [which, name] of [
      [id, 'a b'],
      [id, ''],
      [raw, 'a-b'],
      [raw, 'PATH'],
    ] as const)
      expect((await errorOf(house.ask('bob', 'credentials.rename', { id: which, name }))).code).toBe(
        'invalid',
      )
    expect(await contentsOf(house)).toBe(before)
  })
})

describe('renaming a raw secret', () => {
  const long = (name: string) => 'x'.repeat(MAX_ENVIRONMENT_STRING - name.length - 1)

  it('refuses a name with which a value, or an older one, would not fit into an environment', async () => {
    const house = createHouse()
    const raw = { type: 'raw', fields: { value: long('RAW') } } as const
    const id = await house.give('bob', 'me', 'RAW', raw)
    const opened = house.opened()
    const refused = await errorOf(house.ask('bob', 'credentials.rename', { id, name: 'LONGER' }))
    expect([refused.code, refused.hint]).toEqual(['too_large', expect.stringContaining('this has 131074')])
    await house.ask('bob', 'credentials.rename', { id, name: 'NEW' })
    await house.ask('bob', 'credentials.update', { id, fields: { value: 'short' } })
    const again = await errorOf(house.ask('bob', 'credentials.rename', { id, name: 'LONGER' }))
    expect([again.code, house.opened()]).toEqual(['too_large', opened])
    await house.ask('bob', 'credentials.rename', { id, name: 'ME' })
  })
})

describe('credentials.move', () => {
  it('binds the credential to its new owner: with the old one it opens no more', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    await house.ask('bob', 'credentials.setOrder', { owner: 'me', harness: 'claude', credentials: [id] })
    const old = await rowOf(house, id)
    const moved = await house.ask('bob', 'credentials.move', { id, owner: 'team:platform' })
    expect(moved.owner).toBe('team:platform')
    const row = await rowOf(house, id)
    expect(row.position).toBeNull()

    const { vault, store } = house.ports
    const sealed = (await store.versions.values(id, 1))['key']
    if (!sealed) throw new Error('no value')
    const place = {
      organizationId: row.organizationId,
      credentialId: id,
      field: 'key',
      version: 1,
      fields: ['key'],
    }
    expect(vault.open(row.wrappedKey, keyContext(row), place, sealed).expose()).toBe(fakeKey('main'))
    expect(() => vault.open(row.wrappedKey, keyContext(old), place, sealed)).toThrow('does not open')
    expect(() => vault.open(old.wrappedKey, keyContext(row), place, sealed)).toThrow('does not open')

    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(lease.credential).toMatchObject({ id, owner: 'team:platform' })
  })

  it('ends what the old owner’s leases could read', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    house.people.change('bob', { role: 'admin' })
    await house.ask(house.caller('bob', { role: 'admin', teams: ['mobile'] }), 'credentials.move', {
      id,
      owner: 'team:mobile',
    })
    expect((await errorOf(house.ask('bob', 'leases.read', { id: lease.id }))).code).toBe('not_found')
  })

  it('needs the right over both owners, and says which one is missing', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const before = await contentsOf(house)
    for (const owner of ['team:mobile', 'org', 'user:cyd', 'agent:nightly']) {
      const error = await errorOf(house.ask('bob', 'credentials.move', { id, owner }))
      expect([owner, error.code]).toEqual([owner, 'forbidden'])
      expect(error.message).toContain(owner)
    }
    // Who may not know which teams and members there are is told the same of those that are not there.
    for (const owner of ['team:nobody', 'user:eve']) {
      expect((await errorOf(house.ask('bob', 'credentials.move', { id, owner }))).code).toBe('forbidden')
      expect((await errorOf(house.ask('ada', 'credentials.move', { id, owner }))).code).toBe('not_found')
    }
    expect((await errorOf(house.ask('bob', 'credentials.move', { id, owner: 'nonsense' }))).code).toBe(
      'invalid',
    )
    expect(await contentsOf(house)).toBe(before)
  })

  it('refuses a name the new owner uses, and a subscription where the policy forbids it', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    await house.give('bob', 'team:platform', 'main')
    expect((await errorOf(house.ask('bob', 'credentials.move', { id, owner: 'team:platform' }))).code).toBe(
      'conflict',
    )
    const token = {
      type: 'claude/setup-token',
      fields: { token: 'sk-ant-oat01-test' },
      acceptNotice: true,
    } as const
    const mine = await house.give('bob', 'me', 'mine', token)
    const error = await errorOf(house.ask('bob', 'credentials.move', { id: mine, owner: 'team:platform' }))
    expect([error.code, error.message]).toEqual([
      'forbidden',
      expect.stringContaining('subscriptions policy'),
    ])
    expect((await rowOf(house, mine)).owner).toBe('user:bob')
  })
})
