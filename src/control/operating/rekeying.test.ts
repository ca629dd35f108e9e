import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, fakeKey, type House, rowOf } from '../../../test/support/house.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { createVault } from '../../vault/envelope.ts'
import { keyContext } from '../guard.ts'

const settled = async (house: House) => {
  await expect.poll(async () => (await house.ask('ada', 'rekey.status', {})).state).toBe('settled')
  return house.ask('ada', 'rekey.status', {})
}

async function lease(house: House, who: 'ada' | 'eve', credential: string): Promise<string | undefined> {
  const { credential: leased } = await house.ask(who, 'leases.create', { harness: 'claude', credential })
  return leased?.fields['key']?.expose()
}

async function furnished(masterKey: Uint8Array = randomBytes(32)) {
  const store = createMemoryStore()
  const house = createHouse(store, masterKey)
  const ids = []
  for (let i = 0; i < 120; i += 1) ids.push(await house.give('ada', 'org', `key-${i}`))
  const foreign = await house.give('eve', 'me', 'foreign')
  return { store, house, ids, foreign }
}

describe('re-keying', () => {
  it('brings the data keys of all organizations under a new key; the old one opens nothing any more', async () => {
    const masterKey = randomBytes(32)
    const { house, ids } = await furnished(masterKey)
    const before = await house.ask('ada', 'rekey.status', {})
    expect(before).toMatchObject({ state: 'settled', left: 0, lost: 0, ours: true, servers: [] })
    expect(before.keys).toEqual([{ id: before.current, dataKeys: 121 }])
    const [row] = [await rowOf(house, ids[0] ?? '')]

    await house.ask('ada', 'rekey.start', {})
    const after = await settled(house)
    expect(after).toMatchObject({ rewrapped: 121, left: 0, lost: 0, recorded: after.current })
    expect(after.keys).toEqual([
      { id: after.current, dataKeys: 121 },
      { id: before.current, dataKeys: 0 },
    ])
    expect(after.current).not.toBe(before.current)
    expect(await house.ports.store.dataKeys.countByMasterKey()).toEqual({ [after.current]: 121 })
    expect(await lease(house, 'ada', 'key-119')).toBe(fakeKey('key-119'))
    expect(await lease(house, 'eve', 'foreign')).toBe(fakeKey('foreign'))

    const rewrapped = await rowOf(house, ids[0] ?? '')
    expect({ ...rewrapped, wrappedKey: null }).toEqual({ ...row, wrappedKey: null })
    const old = createVault(masterKey)
    expect(() => old.rewrapKey(rewrapped.wrappedKey, keyContext(rewrapped), keyContext(rewrapped))).toThrow(
      'does not open',
    )
    const audit = (await house.audit()).filter(({ action }) => action.startsWith('rekey.'))
    expect(audit.map(({ action, actorKind, outcome }) => [action, actorKind, outcome])).toEqual([
      ['rekey.start', 'person', 'allowed'],
      ['rekey.finish', 'server', 'allowed'],
    ])
    expect(audit[1]?.details).toEqual({ from: before.current, to: after.current, dataKeys: 121, left: 0 })
  })

  it('makes one new key however many ask at once', async () => {
    const { house } = await furnished()
    const asked = await Promise.all([1, 2, 3].map(() => house.ask('ada', 'rekey.start', {})))
    expect(new Set(asked.map(({ current }) => current)).size).toBe(1)
    await settled(house)
    expect((await house.audit()).filter(({ action }) => action === 'rekey.finish')).toHaveLength(1)
  })

  it.each([
    ['a credential that is created', 'credentials.create'],
    ['a value that is changed', 'credentials.update'],
  ] as const)('finds %s while it is tested at its provider, and then stored', async (_, operation) => {
    const store = createMemoryStore()
    const masterKey = randomBytes(32)
    const house = createHouse(store, masterKey)
    const id = await house.give('ada', 'org', 'main')
    const { promise, resolve } = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    house.provider.answering = () => {
      asked.resolve()
      return promise
    }
    const fields = { key: fakeKey('slow') }
    const slow =
      operation === 'credentials.create'
        ? house.ask('ada', operation, {
            type: 'claude/api-key',
            owner: 'org',
            name: 'slow',
            fields,
            test: true,
          })
        : house.ask('ada', operation, { id, fields, test: true })
    await asked.promise
    await house.ask('ada', 'rekey.start', {})
    const { current } = await settled(house)
    resolve()
    await slow
    expect(Object.keys(await store.dataKeys.countByMasterKey())).toEqual([current])
    expect(await lease(house, 'ada', operation === 'credentials.create' ? 'slow' : 'main')).toBe(
      fakeKey('slow'),
    )
  })

  it('lets a change made meanwhile win, and brings that over as well', async () => {
    const { house, ids } = await furnished()
    await house.ask('ada', 'rekey.start', {})
    const updates = ids.map(async (id, i) => {
      if (i % 3 === 0)
        await house.ask('ada', 'credentials.update', { id, fields: { key: fakeKey(`new-${i}`) } })
      else if (i % 3 === 1) await house.ask('ada', 'credentials.rename', { id, name: `renamed-${i}` })
      else await house.ask('ada', 'credentials.move', { id, owner: 'team:platform' })
    })
    await Promise.all(updates)
    const { current } = await settled(house)
    expect(await house.ports.store.dataKeys.countByMasterKey()).toEqual({ [current]: 121 })
    expect(await lease(house, 'ada', 'key-117')).toBe(fakeKey('new-117'))
    expect(await lease(house, 'ada', 'renamed-118')).toBe(fakeKey('key-118'))
    expect(await lease(house, 'ada', 'key-119')).toBe(fakeKey('key-119'))
  })

  it('leaves what is under a key that nobody has, counts it, and ends all the same', async () => {
    const { house, store, ids } = await furnished()
    const [lost] = [await rowOf(house, ids[5] ?? '')]
    const wrappedKey = Uint8Array.from(createVault(randomBytes(32)).createKey(keyContext(lost)))
    await store.dataKeys.rewrap(lost.id, lost.wrappedKey, wrappedKey)
    expect(await house.ask('ada', 'rekey.status', {})).toMatchObject({ lost: 1, left: 0 })
    await house.ask('ada', 'rekey.start', {})
    expect(await settled(house)).toMatchObject({ lost: 1, left: 0, rewrapped: 120 })
    expect((await rowOf(house, lost.id)).wrappedKey).toEqual(wrappedKey)
  })

  it('does not end, and keeps the old key, while an altered data key is under it', async () => {
    const { house, store, ids } = await furnished()
    const row = await rowOf(house, ids[7] ?? '')
    const altered = Uint8Array.from(row.wrappedKey)
    altered[60] = (altered[60] ?? 0) ^ 1
    await store.dataKeys.rewrap(row.id, row.wrappedKey, altered)
    await house.ask('ada', 'rekey.start', {})
    await expect.poll(async () => (await house.ask('ada', 'rekey.status', {})).state).toBe('waiting')
    const status = await house.ask('ada', 'rekey.status', {})
    expect(status).toMatchObject({ left: 1, lost: 0, problem: expect.stringContaining('do not open') })
    expect(status.keys).toHaveLength(2)
    expect(status.recorded).toBe(status.keys[1]?.id)
    expect((await rowOf(house, row.id)).wrappedKey).toEqual(altered)
    await house.ports.rekeying.stop()
  })
})

describe('who may re-key', () => {
  it('is the owner of the organization that operates the installation', async () => {
    const house = createHouse()
    for (const who of ['ann', 'bob', 'aud', 'eve'] as const) {
      for (const operation of ['rekey.start', 'rekey.status'] as const)
        expect(await errorOf(house.ask(who, operation, {}))).toMatchObject({ code: 'forbidden' })
    }
    expect((await house.ask('ada', 'rekey.status', {})).keys).toHaveLength(1)
    expect((await house.audit()).every(({ outcome }) => outcome === 'refused')).toBe(true)
  })
})
