// What a file says of its profiles beside their values, both ways: their order, when they were used, what holds them off.

import { beforeEach, describe, expect, it } from 'vitest'
import { ORG } from '../../test/support/profile-credentials.ts'
import { NOW, useProfileDesk } from '../../test/support/profile-desk.ts'
import { apiKey, codexLogin, editFile, writtenIn } from '../../test/support/profile-files.ts'
import type { CredentialRow, Store } from '../store/store.ts'
import { type AgentPlace, placeOf } from './place.ts'

const { change, fresh, list, named, open, stateDirectory, write } = useProfileDesk()

let main: AgentPlace

beforeEach(() => {
  main = placeOf(stateDirectory(), 'main')
})

describe('the order', () => {
  it('of the file is that of the credentials, and theirs that of the file', async () => {
    const ids = ['anthropic:a', 'anthropic:b', 'anthropic:c']
    write(Object.fromEntries(ids.map((id, i) => [id, apiKey(`${i}`)])), {
      order: { anthropic: ['anthropic:c', 'not:ours', 'anthropic:a'], elsewhere: ['anthropic:b'] },
    })
    const { store } = open()
    const positions = async (one: Store) => (await list(one)).map(({ name, position }) => [name, position])
    expect(await positions(store)).toEqual([
      ['anthropic:a', 2],
      ['anthropic:b', null],
      ['anthropic:c', 0],
    ])
    await store.atomically(async (unit) => {
      for (const [position, id] of ['anthropic:b', 'anthropic:a', 'anthropic:c'].entries())
        await change(unit, await named(unit, id), { position })
    })
    expect(writtenIn(main).order).toEqual({
      anthropic: ['anthropic:b', 'anthropic:a', 'anthropic:c', 'not:ours'],
      elsewhere: ['anthropic:b'],
    })
    expect(await positions(open().store)).toEqual(await positions(store))
    await store.atomically(async (unit) => {
      for (const row of await list(unit)) await change(unit, row, { position: null })
    })
    expect(writtenIn(main).order).toEqual({ anthropic: ['not:ours'], elsewhere: ['anthropic:b'] })
    editFile(main, (document) => {
      delete document.order
    })
    expect((await positions(store)).every(([, position]) => position === null)).toBe(true)
  })
})

describe('what is said of a profile', () => {
  const usedAt = async (store: Store, { id }: CredentialRow) =>
    (await store.uses.of(ORG, [id], NOW))[id]?.lastUsedAt

  it('is when it was used last, by whomever', async () => {
    write(
      { 'anthropic:a': apiKey('1') },
      { usageStats: { 'anthropic:a': { lastUsed: 1000, errorCount: 1 } } },
    )
    const { store } = open()
    const row = await named(store, 'anthropic:a')
    expect(await usedAt(store, row)).toBe(1000)
    await store.uses.note(row.id, 2000)
    expect(writtenIn(main).usageStats).toEqual({ 'anthropic:a': { lastUsed: 2000, errorCount: 1 } })
    editFile(main, ({ usageStats = {} }) => {
      usageStats['anthropic:a'] = { lastUsed: 3000 }
    })
    expect(await usedAt(store, row)).toBe(3000)
    editFile(main, (document) => {
      delete document.usageStats
    })
    expect(await usedAt(store, row)).toBeNull()
    expect(await usedAt(open().store, row)).toBeNull()
    expect(writtenIn(main)).not.toHaveProperty('usageStats')
  })

  it.each([
    ['cooldownUntil', { cooldownUntil: NOW + 50, errorCount: 2 }, 'held off for a while'],
    ['disabledUntil', { disabledUntil: NOW + 50, disabledReason: 'billing' }, 'held off: billing'],
  ])('holds it off (%s) for as long as the file says', async (_, stats, stateReason) => {
    write({ 'anthropic:a': apiKey('1') }, { usageStats: { 'anthropic:a': stats } })
    const { store } = open()
    const held = { state: 'cooling_down', stateReason, stateUntil: NOW + 50 }
    expect(await named(store, 'anthropic:a')).toMatchObject(held)
    await store.settings.put(ORG, 'subject', 'name', 1)
    expect(await fresh('anthropic:a')).toMatchObject(held)
    expect(writtenIn(main).usageStats).toEqual({ 'anthropic:a': stats })
    editFile(main, ({ usageStats = {} }) => {
      usageStats['anthropic:a'] = { errorCount: 0 }
    })
    expect(await named(store, 'anthropic:a')).toMatchObject({
      state: 'ok',
      stateReason: '',
      stateUntil: null,
    })
    expect(writtenIn(main).usageStats).toEqual({ 'anthropic:a': { errorCount: 0 } })
  })

  it('holds it off for others too when it is held off here, and no longer than here', async () => {
    const stats = { disabledUntil: NOW + 50, disabledReason: 'billing', errorCount: 2, later: [1] }
    write({ 'anthropic:a': apiKey('1') }, { usageStats: { 'anthropic:a': stats } })
    const { store } = open()
    const held = { state: 'cooling_down', stateReason: 'rate limit', stateUntil: NOW + 90 } as const
    await change(store, await named(store, 'anthropic:a'), held)
    const left = { errorCount: 2, later: [1] }
    expect(writtenIn(main).usageStats).toEqual({ 'anthropic:a': { ...left, cooldownUntil: NOW + 90 } })
    expect(await fresh('anthropic:a')).toMatchObject(held)
    await change(store, await named(store, 'anthropic:a'), { state: 'ok', stateReason: '', stateUntil: null })
    expect(writtenIn(main).usageStats).toEqual({ 'anthropic:a': left })
    expect(await fresh('anthropic:a')).toMatchObject({ state: 'ok', stateUntil: null })
  })

  it('does not hide that its owner is needed', async () => {
    write({ 'openai-codex:a': codexLogin('1') })
    const { store } = open()
    const dead = { state: 'needs_login', stateReason: 'reused', stateUntil: null } as const
    await change(store, await named(store, 'openai-codex:a'), dead)
    editFile(main, (document) => {
      document.usageStats = { 'openai-codex:a': { cooldownUntil: NOW + 50 } }
    })
    expect(await named(store, 'openai-codex:a')).toMatchObject(dead)
    expect(await fresh('openai-codex:a')).toMatchObject(dead)
    expect(writtenIn(main).usageStats).toEqual({ 'openai-codex:a': { cooldownUntil: NOW + 50 } })
  })
})
