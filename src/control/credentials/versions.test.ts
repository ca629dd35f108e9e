import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, fakeKey, type House, rowOf } from '../../../test/support/house.ts'

async function withVersions(count: number): Promise<{ house: House; id: string }> {
  const house = createHouse()
  const id = await house.give('bob', 'me', 'v1')
  for (let version = 2; version <= count; version += 1)
    await house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey(`v${version}`) } })
  return { house, id }
}

async function numbersOf(house: House, id: string): Promise<number[]> {
  return (await house.ask('bob', 'credentials.versions', { id })).versions.map((one) => one.version)
}

describe('credentials.versions', () => {
  it('keeps the last ten', async () => {
    const { house, id } = await withVersions(10)
    expect(await numbersOf(house, id)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    await house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey('v11') } })
    expect(await numbersOf(house, id)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
    expect(await house.ports.store.versions.values(id, 1)).toEqual({})
  })

  it('holds no value', async () => {
    const { house, id } = await withVersions(2)
    const { versions } = await house.ask('bob', 'credentials.versions', { id })
    expect(JSON.stringify(versions)).not.toContain('sk-ant-test')
    expect(versions[0]).toMatchObject({ current: true, createdBy: 'bob@example.test', suffix: '6789' })
  })
})

describe('credentials.rollback', () => {
  it('makes an older value current again, as a new version', async () => {
    const { house, id } = await withVersions(3)
    const restored = await house.ask('bob', 'credentials.rollback', { id, version: 1 })
    expect(restored).toMatchObject({ version: 4, state: 'ok' })
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(lease.credential?.fields['key']?.expose()).toBe(fakeKey('v1'))
    const { versions } = await house.ask('bob', 'credentials.versions', { id })
    expect(versions[0]).toMatchObject({ version: 4, note: 'rolled back to 1', current: true })
  })

  it('brings back the fields that are shown, too', async () => {
    const house = createHouse()
    const fields = { key: 'sk-test-0123456789abc', baseUrl: 'https://one.example.test/v1' }
    const id = await house.give('bob', 'me', 'main', { type: 'codex/api-key', fields })
    await house.ask('bob', 'credentials.update', { id, fields: { baseUrl: 'https://two.example.test/v1' } })
    const restored = await house.ask('bob', 'credentials.rollback', { id, version: 1 })
    expect(restored.fields).toEqual({ baseUrl: 'https://one.example.test/v1' })
  })

  it('prunes as an update does', async () => {
    const { house, id } = await withVersions(10)
    await house.ask('bob', 'credentials.rollback', { id, version: 1 })
    expect(await numbersOf(house, id)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
  })

  it('refuses the current version and one that is not there, and opens nothing', async () => {
    const { house, id } = await withVersions(2)
    const before = await contentsOf(house)
    const current = await errorOf(house.ask('bob', 'credentials.rollback', { id, version: 2 }))
    expect([current.code, current.message]).toEqual(['invalid', 'Version 2 of v1 is the current one.'])
    const none = await errorOf(house.ask('bob', 'credentials.rollback', { id, version: 9 }))
    expect([none.code, none.message]).toEqual(['invalid', 'v1 has no version 9.'])
    expect(house.opened()).toBe(0)
    expect(await contentsOf(house)).toBe(before)
  })

  it('lets one of two at the same time win', async () => {
    const { house, id } = await withVersions(3)
    const outcomes = await Promise.allSettled([
      house.ask('bob', 'credentials.rollback', { id, version: 1 }),
      house.ask('bob', 'credentials.rollback', { id, version: 2 }),
    ])
    expect(outcomes.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await rowOf(house, id)).version).toBe(4)
  })
})
