// The file in which OpenClaw since 2026.4 keeps what is no secret, `auth-state.json`: read with the file of profiles, and
// written where it is.

import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { beforeEach, expect, it } from 'vitest'
import { NOW, useProfileDesk } from '../../test/support/profile-desk.ts'
import { apiKey, textOf, writeState, writtenIn } from '../../test/support/profile-files.ts'
import type { Store } from '../store/store.ts'
import { type AgentPlace, placeOf } from './place.ts'

const { change, insert, list, named, open, stateDirectory, write } = useProfileDesk()
const PROFILES = { 'anthropic:a': apiKey('1'), 'anthropic:b': apiKey('2') }

let main: AgentPlace

beforeEach(() => {
  main = placeOf(stateDirectory(), 'main')
})

const stateIn = () => JSON.parse(readFileSync(main.state, 'utf8'))
const seen = async (store: Store) =>
  (await list(store)).map(({ name, position, state }) => [name, position, state])

it('what it says comes before what the file of profiles says of the same', async () => {
  write(PROFILES, {
    order: { anthropic: ['anthropic:a'] },
    usageStats: { 'anthropic:b': { cooldownUntil: NOW + 60_000 } },
  })
  const { store } = open()
  expect(await seen(store)).toEqual([
    ['anthropic:a', 0, 'ok'],
    ['anthropic:b', null, 'cooling_down'],
  ])
  writeState(main, {
    order: { anthropic: ['anthropic:b', 'anthropic:a'] },
    usageStats: { 'anthropic:a': { cooldownUntil: NOW + 60_000 } },
  })
  const both = [
    ['anthropic:a', 1, 'cooling_down'],
    ['anthropic:b', 0, 'cooling_down'],
  ]
  expect(await seen(store)).toEqual(both)
  expect(await seen(open().store)).toEqual(both)
})

it('what is changed here is changed in it, and all that is not known of it stays', async () => {
  write(PROFILES, { later: 1 })
  writeState(main, {
    later: { nested: [1] },
    order: { anthropic: ['anthropic:a', 'anthropic:b'], other: ['x'] },
    lastGood: { anthropic: 'anthropic:b' },
    usageStats: { 'anthropic:b': { errorCount: 2, failureCounts: { rate_limit: 2 } }, gone: { odd: true } },
  })
  const { store } = open()
  const profiles = readFileSync(main.profiles, 'utf8')
  await store.atomically(async (unit) => {
    await change(unit, await named(unit, 'anthropic:a'), { position: 1 })
    await change(unit, await named(unit, 'anthropic:b'), { position: 0 })
  })
  expect(readFileSync(main.profiles, 'utf8')).toBe(profiles)
  await change(store, await named(store, 'anthropic:b'), { name: 'anthropic:c' })
  expect(writtenIn(main)).toEqual({
    ...{ version: 1, later: 1 },
    profiles: { 'anthropic:a': apiKey('1'), 'anthropic:c': apiKey('2') },
  })
  expect(stateIn()).toEqual({
    ...{ version: 1, later: { nested: [1] } },
    order: { anthropic: ['anthropic:c', 'anthropic:a'], other: ['x'] },
    lastGood: { anthropic: 'anthropic:c' },
    usageStats: { 'anthropic:c': { errorCount: 2, failureCounts: { rate_limit: 2 } }, gone: { odd: true } },
  })
})

it('what is in the file of profiles as well goes to it with the first change, so that nothing comes back', async () => {
  write(PROFILES, { order: { anthropic: ['anthropic:a'], other: ['x'] } })
  writeState(main, { order: { anthropic: ['anthropic:b'] } })
  const { store } = open()
  await change(store, await named(store, 'anthropic:b'), { position: null })
  expect(writtenIn(main)).toEqual({ version: 1, profiles: PROFILES })
  expect(stateIn()).toEqual({ version: 1, order: { other: ['x'] } })
  expect(await seen(open().store)).toEqual([
    ['anthropic:a', null, 'ok'],
    ['anthropic:b', null, 'ok'],
  ])
})

it('it is not made where it is not', async () => {
  write(PROFILES)
  const { store } = open()
  await insert(store, 'anthropic:c', 'sk-ant-test-3')
  await change(store, await named(store, 'anthropic:c'), { position: 0 })
  expect(writtenIn(main).order).toEqual({ anthropic: ['anthropic:c'] })
  expect(existsSync(main.state)).toBe(false)
})

it.each([
  ['', /auth-state\.json is empty\./],
  ['{"version":1,"order":{', /auth-state\.json is cut short, or damaged\./],
  [textOf({ version: 1, order: ['anthropic:a'] }), /auth-state\.json is no file of profiles\./],
  [textOf({ version: 2, order: {} }), /auth-state\.json is of a version later than 1\./],
])('damaged, it is not taken for one that is not there: %j', async (text, message) => {
  write(PROFILES)
  writeFileSync(main.state, text, { mode: 0o600 })
  const { store } = open()
  await expect(list(store)).rejects.toMatchObject({ message: expect.stringMatching(message) })
  expect(readFileSync(main.state, 'utf8')).toBe(text)
})

it('a link is none of ours', async () => {
  write(PROFILES)
  symlinkSync(main.profiles, main.state)
  await expect(list(open().store)).rejects.toMatchObject({
    message: expect.stringMatching(/auth-state\.json is a symbolic link\./),
  })
})
