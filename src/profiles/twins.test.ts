// One login in two places: an older copy of a file that is put back, a second profile, a file that another program has copied for an
// agent. A refresh token that was used already is never sent again.

import { readFileSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { grantWorld } from '../../test/support/grants.ts'
import { NOW, useProfileDesk } from '../../test/support/profile-desk.ts'
import { codexLogin, editFile, placeWith, textOf, writtenIn } from '../../test/support/profile-files.ts'
import type { Store } from '../store/store.ts'
import { type AgentPlace, placeOf } from './place.ts'

const { masterKey, named, namesIn, open, stateDirectory, values, write } = useProfileDesk()

const LOGIN = 'openai-codex:ada'
const ENDED = { expires: NOW - 1 }

let main: AgentPlace

beforeEach(() => {
  main = placeOf(stateDirectory(), 'main')
})

async function renew(store: Store, name: string, calls = 1): Promise<void> {
  const world = grantWorld(store, masterKey)
  world.clock.now = NOW
  const { id } = await named(store, name)
  await world.server('a').grants.want(id, { kind: 'use' })
  expect(world.provider.calls).toBe(calls)
}

describe('an older copy of the file that somebody puts back', () => {
  it('is not believed of a login: what it has now is in the file again', async () => {
    write({ [LOGIN]: codexLogin('0', ENDED) })
    const before = readFileSync(main.profiles, 'utf8')
    await renew(open().store, LOGIN)
    writeFileSync(main.profiles, before)
    const { store } = open()
    const row = await named(store, LOGIN)
    expect(row.version).toBe(2)
    expect(await values(store, row)).toMatchObject({ access: 'at-test-1', refresh: 'rt-test-1' })
    expect(writtenIn(main).profiles[LOGIN]).toMatchObject({ access: 'at-test-1', refresh: 'rt-test-1' })
  })

  it('is not believed either by a process that has seen the newer one', async () => {
    write({ [LOGIN]: codexLogin('0', ENDED) })
    const before = readFileSync(main.profiles, 'utf8')
    const { store } = open()
    await renew(store, LOGIN)
    writeFileSync(main.profiles, before)
    expect(await values(store, await named(store, LOGIN))).toMatchObject({ refresh: 'rt-test-1' })
    await renew(store, LOGIN, 0)
    expect(writtenIn(main).profiles[LOGIN]).toMatchObject({ refresh: 'rt-test-1' })
  })

  it('keeps what is new in it', async () => {
    write({ [LOGIN]: codexLogin('0', ENDED) })
    const before = readFileSync(main.profiles, 'utf8')
    await renew(open().store, LOGIN)
    writeFileSync(main.profiles, before)
    editFile(main, ({ profiles }) => {
      profiles['openai-codex:bob'] = codexLogin('b')
    })
    expect(await namesIn(open().store)).toEqual([LOGIN, 'openai-codex:bob'])
    expect(writtenIn(main).profiles).toMatchObject({
      [LOGIN]: { refresh: 'rt-test-1' },
      'openai-codex:bob': { refresh: 'rt-test-b' },
    })
  })

  it('is another matter than a new sign-in, which counts', async () => {
    write({ [LOGIN]: codexLogin('0', ENDED) })
    await renew(open().store, LOGIN)
    write({ [LOGIN]: codexLogin('new') })
    const { store } = open()
    expect(await values(store, await named(store, LOGIN))).toMatchObject({ refresh: 'rt-test-new' })
  })
})

describe('a login that is in two profiles', () => {
  it('serves by the first of them, and the other says so', async () => {
    write({ [LOGIN]: codexLogin('0', ENDED), 'openai-codex:copy': codexLogin('0', ENDED) })
    const { store, keeper } = open()
    expect(await namesIn(store)).toEqual([LOGIN])
    expect(keeper.unusable()).toMatchObject([
      { profile: 'openai-codex:copy', why: expect.stringContaining(`the same login as ${LOGIN}`) },
    ])
    await renew(store, LOGIN)
    const later = open()
    expect(await namesIn(later.store)).toEqual([LOGIN])
    expect(writtenIn(main).profiles['openai-codex:copy']).toMatchObject({ refresh: 'rt-test-0' })
  })

  it('serves by the other when the first is gone', async () => {
    write({ [LOGIN]: codexLogin('0'), 'openai-codex:copy': codexLogin('0') })
    expect(await namesIn(open().store)).toEqual([LOGIN])
    editFile(main, ({ profiles }) => delete profiles[LOGIN])
    expect(await namesIn(open().store)).toEqual(['openai-codex:copy'])
  })
})

describe('a file that another program has copied for an agent', () => {
  const copied = () =>
    placeWith(stateDirectory(), textOf({ version: 1, profiles: { [LOGIN]: codexLogin('0', ENDED) } }), 'work')

  it('is read through: the login is renewed where it was, once', async () => {
    write({ [LOGIN]: codexLogin('0', ENDED) })
    const work = copied()
    const { store, keeper } = open('work', 'main')
    const row = await named(store, LOGIN)
    expect(keeper.whereIs(row.id)).toEqual({ place: main, profile: LOGIN })
    expect(keeper.unusable()).toMatchObject([{ agent: 'work', profile: LOGIN }])
    await renew(store, LOGIN)
    expect(writtenIn(main).profiles[LOGIN]).toMatchObject({ refresh: 'rt-test-1' })
    expect(writtenIn(work).profiles[LOGIN]).toMatchObject({ refresh: 'rt-test-0' })
    expect(await values(store, await named(store, LOGIN))).toMatchObject({ refresh: 'rt-test-1' })
  })

  it('is known for a copy when the login was renewed before', async () => {
    write({ [LOGIN]: codexLogin('0', ENDED) })
    await renew(open().store, LOGIN)
    copied()
    const { store } = open('work', 'main')
    expect(await values(store, await named(store, LOGIN))).toMatchObject({ refresh: 'rt-test-1' })
    await renew(store, LOGIN, 0)
  })
})
