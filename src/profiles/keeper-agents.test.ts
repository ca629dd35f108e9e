// Agents beside the main one: they read its profiles through, and nothing is copied.

import { chmodSync, readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { grantWorld } from '../../test/support/grants.ts'
import { ORG } from '../../test/support/profile-credentials.ts'
import { NOW, useProfileDesk } from '../../test/support/profile-desk.ts'
import {
  apiKey,
  codexLogin,
  editFile,
  placeWith,
  textOf,
  writtenIn,
} from '../../test/support/profile-files.ts'
import type { CredentialRow, Store } from '../store/store.ts'
import { type AgentPlace, placeOf } from './place.ts'

const {
  change,
  fresh,
  insert,
  list,
  masterKey,
  named,
  namesIn,
  open,
  rotate,
  stateDirectory,
  values,
  write,
} = useProfileDesk()

let main: AgentPlace

beforeEach(() => {
  main = placeOf(stateDirectory(), 'main')
})

describe('an agent beside the main one', () => {
  let work: AgentPlace
  beforeEach(() => {
    write({ 'anthropic:shared': apiKey('main'), 'openai-codex:ada': codexLogin('0', { expires: NOW - 1 }) })
    work = placeOf(stateDirectory(), 'work')
  })

  it('reads through, and nothing is copied', async () => {
    const { store, keeper } = open('work', 'main')
    expect(await namesIn(store)).toEqual(['anthropic:shared', 'openai-codex:ada'])
    const { id } = await named(store, 'openai-codex:ada')
    expect(keeper.whereIs(id)).toEqual({ place: main, profile: 'openai-codex:ada' })
    expect(keeper.whereIs('none')).toBeNull()
    await insert(store, 'own', 'sk-ant-test-own')
    expect(Object.keys(writtenIn(work).profiles)).toEqual(['anthropic:own'])
    expect(await namesIn(open().store)).toEqual(['anthropic:shared', 'openai-codex:ada'])
    expect(readFileSync(work.profiles, 'utf8') + readFileSync(work.ledger, 'utf8')).not.toMatch(
      /rt-test|at-test/,
    )
  })

  it('renews a login where it came from, for all who read it', async () => {
    const { store } = open('work', 'main')
    const world = grantWorld(store, masterKey)
    world.clock.now = NOW
    const row = await named(store, 'openai-codex:ada')
    await world.server('a').grants.want(row.id, { kind: 'use' })
    expect(world.provider.calls).toBe(1)
    expect(writtenIn(main).profiles['openai-codex:ada']).toMatchObject({
      ...{ type: 'oauth', access: 'at-test-1', refresh: 'rt-test-1' },
    })
    expect(writtenIn(work).profiles).toEqual({})
    expect(readFileSync(work.ledger, 'utf8')).not.toContain(row.id)
    expect(await fresh('openai-codex:ada')).toEqual(await named(store, 'openai-codex:ada'))
  })

  it('has its own profile of a name, which hides the other until it is gone', async () => {
    const { store } = open('work', 'main')
    const inherited = await named(store, 'anthropic:shared')
    placeWith(
      stateDirectory(),
      textOf({ version: 1, profiles: { 'anthropic:shared': apiKey('own') } }),
      'work',
    )
    const own = await named(store, 'anthropic:shared')
    expect(await values(store, own)).toEqual({ key: 'sk-ant-test-own' })
    expect(own.id).not.toBe(inherited.id)
    const ledger = readFileSync(main.ledger, 'utf8')
    expect(ledger).toContain(inherited.id)
    await rotate(store, own, 'sk-ant-test-own2')
    await list(open('work', 'main').store)
    expect(readFileSync(main.ledger, 'utf8')).toBe(ledger)
    const kept = JSON.parse(ledger).entries.find(({ row }: { row: CredentialRow }) => row.id === inherited.id)
    expect(kept.versions).toMatchObject([{ version: 1, values: {} }])
    expect(await named(open().store, 'anthropic:shared')).toEqual(inherited)
    await store.credentials.delete(ORG, (await named(store, 'anthropic:shared')).id)
    expect(await named(store, 'anthropic:shared')).toEqual(inherited)
  })

  it('is not told of one that has the name of its own', async () => {
    const one = open('work', 'main')
    await insert(one.store, 'team', 'sk-ant-test-own')
    await insert(open().store, 'team', 'sk-ant-test-main')
    expect(await namesIn(one.store)).toEqual(['anthropic:shared', 'openai-codex:ada', 'team'])
    expect(await values(one.store, await named(one.store, 'team'))).toEqual({ key: 'sk-ant-test-own' })
    expect(await values(open().store, await fresh('team'))).toEqual({ key: 'sk-ant-test-main' })
  })

  it('sees nothing while either file cannot be read, and afterwards what there is', async () => {
    const { store } = open('work', 'main')
    await insert(store, 'own', 'sk-ant-test-own')
    const good = readFileSync(main.profiles, 'utf8')
    editFile(work, ({ profiles }) => {
      delete profiles['anthropic:own']
    })
    placeWith(stateDirectory(), good.slice(0, -9))
    await expect(list(store)).rejects.toMatchObject({ message: expect.stringMatching(/main.* is cut short/) })
    placeWith(stateDirectory(), good)
    expect(await namesIn(store)).toEqual(['anthropic:shared', 'openai-codex:ada'])
    expect(writtenIn(work).profiles).toEqual({})
  })

  it('changes both files or none', async () => {
    const { store } = open('work', 'main')
    await insert(store, 'own', 'sk-ant-test-own')
    const own = await named(store, 'own')
    const shared = await named(store, 'anthropic:shared')
    chmodSync(main.profiles, 0o400)
    const both = (stateUntil: number) =>
      store.atomically(async (unit) => {
        const held = { state: 'cooling_down', stateUntil } as const
        await change(unit, await named(unit, 'own'), held)
        await change(unit, await named(unit, 'anthropic:shared'), held)
      })
    await expect(both(NOW + 1_000)).rejects.toMatchObject({ message: `${main.profiles} is read-only.` })
    expect([await named(store, 'own'), await named(store, 'anthropic:shared')]).toEqual([own, shared])
    expect(writtenIn(work)).not.toHaveProperty('usageStats')
    chmodSync(main.profiles, 0o600)
    await both(NOW + 1_000)
    expect([writtenIn(work).usageStats, writtenIn(main).usageStats]).toEqual([
      { 'anthropic:own': { cooldownUntil: NOW + 1_000 } },
      { 'anthropic:shared': { cooldownUntil: NOW + 1_000 } },
    ])
  })
})

describe('the order of an agent beside the main one', () => {
  const [A, B, C] = ['anthropic:a', 'anthropic:b', 'anthropic:c'] as const
  const profiles = { [A]: apiKey('a'), [B]: apiKey('b') }
  const inPlace = async (store: Store) => {
    const placed = (await list(store)).filter(({ position }) => position !== null)
    return placed.toSorted((a, b) => Number(a.position) - Number(b.position)).map(({ name }) => name)
  }
  const put = (store: Store, names: readonly string[]) =>
    store.atomically(async (unit) => {
      for (const row of await list(unit)) {
        const place = names.indexOf(row.name)
        await change(unit, row, { position: place === -1 ? null : place })
      }
    })

  it('places profiles that it reads through, and is nobody else’s', async () => {
    write(profiles, { order: { anthropic: [A, B] } })
    const work = placeWith(stateDirectory(), textOf({ version: 1, profiles: { [C]: apiKey('c') } }), 'work')
    const { store } = open('work', 'main')
    const before = readFileSync(main.profiles, 'utf8')
    await list(open().store)
    await put(store, [B, C, A])
    expect(writtenIn(work).order).toEqual({ anthropic: [B, C, A] })
    const ledger = readFileSync(main.ledger, 'utf8')
    expect(readFileSync(main.profiles, 'utf8')).toBe(before)
    expect(await inPlace(open('work', 'main').store)).toEqual([B, C, A])
    expect(await inPlace(open().store)).toEqual([A, B])
    expect(readFileSync(main.ledger, 'utf8')).toBe(ledger)
    await put(store, [])
    expect(writtenIn(work)).not.toMatchObject({ order: { anthropic: expect.anything() } })
    expect(await inPlace(open().store)).toEqual([A, B])
  })

  it('is the main agent’s until it has one, or a profile of that provider', async () => {
    write(profiles, { order: { anthropic: [B, A] } })
    const { store } = open('work', 'main')
    expect(await inPlace(store)).toEqual([B, A])
    const work = placeOf(stateDirectory(), 'work')
    expect(writtenIn(work)).not.toHaveProperty('order')
    await insert(store, C, 'sk-ant-test-own')
    expect(await inPlace(store)).toEqual([])
    expect([writtenIn(work).order, writtenIn(main).order]).toEqual([undefined, { anthropic: [B, A] }])
  })

  it('goes on without profiles that are gone', async () => {
    write(profiles)
    placeWith(
      stateDirectory(),
      textOf({ version: 1, profiles: {}, order: { anthropic: ['anthropic:gone', B, A] } }),
      'work',
    )
    expect(await inPlace(open('work', 'main').store)).toEqual([B, A])
  })
})

describe('a profile of which nobody pays', () => {
  it.each([
    ['blocked', 'nothing is left to pay with, as the run says', 'billing'],
    ['rejected', 'it was refused again when it was tested', 'auth'],
  ] as const)('and one that is refused are left alone by others: %s', async (state, stateReason, reason) => {
    write({ 'anthropic:a': apiKey('a') })
    const { store } = open()
    await change(store, await named(store, 'anthropic:a'), { state, stateReason, updatedAt: NOW })
    const disabledUntil = NOW + 24 * 3_600_000
    expect(writtenIn(main).usageStats).toEqual({ 'anthropic:a': { disabledUntil, disabledReason: reason } })
    expect(await fresh('anthropic:a')).toMatchObject({ state, stateReason, stateUntil: null })
    await change(store, await named(store, 'anthropic:a'), { state: 'ok', stateReason: '' })
    expect(writtenIn(main).usageStats).toEqual({ 'anthropic:a': {} })
    expect(await fresh('anthropic:a')).toMatchObject({ state: 'ok', stateUntil: null })
  })
})

it('settings and what is known of the installation are the agent’s own', async () => {
  const { store } = open('work', 'main')
  await store.settings.put(ORG, 'subject', 'policy', { a: 1 })
  await store.installation.put('fact', 'value')
  const again = open('work', 'main').store
  expect(await again.settings.get(ORG, 'subject', 'policy')).toEqual({ a: 1 })
  expect(await again.installation.get('fact')).toBe('value')
  expect(await open().store.installation.get('fact')).toBeUndefined()
  await again.installation.remove('fact')
  expect(await store.installation.get('fact')).toBeUndefined()
})
