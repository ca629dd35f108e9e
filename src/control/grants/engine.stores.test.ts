// The engine on every store: what happens between servers goes through the database, and nothing else.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type GrantWorld,
  grantWorld,
  journalInMemory,
  TIMINGS,
  tokenSet,
} from '../../../test/support/grants.ts'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { openSqlStore } from '../../store/sql/sql-store.ts'
import type { Store } from '../../store/store.ts'
import { replaceLogin } from './arriving.ts'
import { grantAct } from './renewing/keeping.ts'
import { upkeep } from './tools.ts'

const MINUTE = 60_000
const ORG = 'org-acme'
const SHORT = { ...TIMINGS, dead: 200, journalGrace: 300, heartbeat: 50 }

const postgres = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function opened(url: string): Promise<Store> {
  const { store, close } = await openSqlStore({ url })
  cleanups.push(close)
  return store
}

// Two of one database, as two servers have it.
const stores: Readonly<Record<string, () => Promise<[Store, Store]>>> = {
  memory: async () => {
    const store = createMemoryStore()
    return [store, store]
  },
  sqlite: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'claviger-engine-'))
    cleanups.push(() => rmSync(directory, { recursive: true }))
    const store = await opened(`sqlite:${join(directory, 'claviger.db')}`)
    return [store, store]
  },
  postgres: async () => {
    const url = await postgres.createDatabase()
    return [await opened(url), await opened(url)]
  },
}

/** A call that the provider carries out at once and answers when the test says so. */
function heldCall(world: GrantWorld): { answer: () => void } {
  const answered = Promise.withResolvers<void>()
  world.provider.instead.push(async (rotate) => {
    const said = rotate()
    await answered.promise
    return said
  })
  return { answer: answered.resolve }
}

/** A server that sleeps while it renews: nothing is heard of it. */
function sleeperOf({ store, server }: GrantWorld) {
  const silent = { ...store, attempts: { ...store.attempts, beat: async () => undefined } } as Store
  return server('sleeper', { store: silent, timings: SHORT })
}

async function attemptsOf({ store }: GrantWorld, id: string) {
  const kept = await store.attempts.kept(100)
  return kept.filter(({ credentialId }) => credentialId === id).map(({ state }) => state)
}

describe.each(Object.keys(stores))('on %s', (engine) => {
  async function two() {
    const [first, second] = (await stores[engine]?.()) ?? []
    if (first === undefined || second === undefined) throw new Error('There is no such store.')
    const world = grantWorld(first)
    const other = { ...(second !== first && { store: second }), timings: SHORT }
    return { world, a: world.server('a', { timings: SHORT }), b: world.server('b', other) }
  }

  it('a hundred who want it, at two servers, cost one call', async () => {
    const { world, a, b } = await two()
    const id = await world.signIn(-MINUTE)
    world.provider.instead.push(async (rotate) => {
      await sleep(100)
      return rotate()
    })
    const wants = [a, b].flatMap(({ grants }) =>
      Array.from({ length: 50 }, () => grants.want(id, { kind: 'use' })),
    )
    for (const outcome of await Promise.all(wants)) expect(outcome).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(1)
  })

  it('whoever waits elsewhere looks by themselves when no word comes', async () => {
    const { world, a } = await two()
    const id = await world.signIn(-MINUTE)
    const deaf = { ...world.store, signals: { listen: () => () => undefined } } as unknown as Store
    const b = world.server('deaf', { store: deaf })
    const held = heldCall(world)
    const first = a.grants.want(id, { kind: 'use' })
    await expect.poll(() => world.provider.calls).toBe(1)
    const second = b.grants.want(id, { kind: 'use' })
    await sleep(100)
    held.answer()
    expect(await first).toEqual({ kind: 'good', generation: 2 })
    expect(await second).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(1)
  })

  it('a silent owner is waited for, then the same token is tried once; what it brings late is kept aside', async () => {
    const { world, b } = await two()
    const id = await world.signIn(-MINUTE)
    const held = heldCall(world)
    const sleeper = sleeperOf(world)
    const late = sleeper.grants.want(id, { kind: 'use' })
    await expect.poll(() => world.provider.calls).toBe(1)
    // A provider that forgives: the old token brings other new ones.
    world.provider.instead.push((rotate) => {
      world.provider.live = 'rt-test-0'
      return rotate()
    })
    world.clock.now += 1_000
    expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(2)
    world.clock.now += 1_000
    held.answer()
    expect(await late).toEqual({ kind: 'good', generation: 2 })
    await expect.poll(() => attemptsOf(world, id)).toEqual(['orphan'])
    expect(sleeper.told.map(({ event }) => event)).toEqual(['grant.orphan_found'])
    expect((await world.store.grants.get(id))?.grant.generation).toBe(2)
  })

  it('whoever has a copy of its journal waits for an owner that lives', async () => {
    const { world, a } = await two()
    const id = await world.signIn(-MINUTE)
    const held = heldCall(world)
    const first = a.grants.want(id, { kind: 'use' })
    await expect.poll(() => world.provider.calls).toBe(1)
    const copy = world.server('copy', { formerly: ['a'], timings: SHORT })
    const second = copy.grants.want(id, { kind: 'use' })
    await sleep(1_500)
    expect(world.provider.calls).toBe(1)
    held.answer()
    expect(await first).toEqual({ kind: 'good', generation: 2 })
    expect(await second).toEqual({ kind: 'good', generation: 2 })
  })

  it('and not for long for one of which nothing is heard', async () => {
    const { world } = await two()
    const id = await world.signIn(-MINUTE)
    const dead = sleeperOf(world)
    world.provider.instead.push(() => new Promise(() => undefined))
    void dead.grants.want(id, { kind: 'use' })
    await expect.poll(() => world.provider.calls).toBe(1)
    const timings = { ...SHORT, journalGrace: 60_000 }
    const next = world.server('next', { formerly: ['sleeper'], timings })
    expect(await next.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  })

  it('a late answer wins where the one retry was refused', async () => {
    const { world, b } = await two()
    const id = await world.signIn(-MINUTE)
    const held = heldCall(world)
    const sleeper = sleeperOf(world)
    const late = sleeper.grants.want(id, { kind: 'use' })
    await expect.poll(() => world.provider.calls).toBe(1)
    expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'sign-in' })
    held.answer()
    expect(await late).toEqual({ kind: 'good', generation: 2 })
    expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(await world.store.credentials.get(ORG, id)).toMatchObject({ state: 'ok', version: 2 })
  })

  it('a new login wins over a renewal under way, whose answer is a leftover', async () => {
    const { world, a } = await two()
    const id = await world.signIn(-MINUTE)
    const held = heldCall(world)
    const wanting = a.grants.want(id, { kind: 'use' })
    await expect.poll(() => world.provider.calls).toBe(1)
    const row = await world.store.credentials.get(ORG, id)
    if (row === undefined) throw new Error('It is gone.')
    const tokens = tokenSet('at-test-again', 'rt-test-again', 'acct-1', world.clock.now + 60 * MINUTE)
    await a.ports.guard.perform(upkeep(a.ports, ORG), async (unit, authorize) => {
      await authorize(grantAct('grant.test', row))
      await replaceLogin(a.ports, unit, row, tokens, { by: 'ada', note: 'again', otherAccount: false })
    })
    world.clock.now += 1_000
    held.answer()
    expect(await wanting).toEqual({ kind: 'good', generation: 2 })
    expect(await attemptsOf(world, id)).toEqual(['leftover'])
    expect(await world.store.grants.get(id)).toMatchObject({
      digest: tokens.digest,
      grant: { generation: 2 },
    })
  })

  it('a credential that is deleted during a renewal stays deleted', async () => {
    const { world, a } = await two()
    const id = await world.signIn(-MINUTE)
    const held = heldCall(world)
    const wanting = a.grants.want(id, { kind: 'use' })
    await expect.poll(() => world.provider.calls).toBe(1)
    await world.store.credentials.delete(ORG, id)
    held.answer()
    expect(await wanting).toEqual({ kind: 'gone' })
    expect(await world.store.credentials.get(ORG, id)).toBeUndefined()
    expect(await world.store.grants.get(id)).toBeUndefined()
  })

  it('a database that has lost its last commits gets them from the journal, once', async () => {
    const { world, a } = await two()
    const id = await world.signIn(-MINUTE)
    const before = await world.store.credentials.get(ORG, id)
    const grantBefore = await world.store.grants.get(id)
    if (before === undefined || grantBefore === undefined) throw new Error('It is gone.')
    const values = await world.store.versions.values(id, 1)
    const [version] = await world.store.versions.list(id)
    await a.grants.want(id, { kind: 'use' })
    // As it was before: the credential, its version and its grant, and nothing of the attempt.
    await world.store.credentials.delete(ORG, id)
    await world.store.credentials.insert(before)
    if (version !== undefined)
      await world.store.versions.insert({ ...version, credentialId: id, values } as never)
    await world.store.grants.insert(grantBefore)
    const again = world.server('a', { journal: a.journal })
    for (let times = 0; times < 3; times += 1) await again.grants.drain()
    expect(await world.store.grants.get(id)).toMatchObject({ grant: { generation: 2, unverified: false } })
    expect(await again.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(1)
  })

  it('a database that does not know the credential makes the journal forget nothing at once', async () => {
    const { world } = await two()
    const id = await world.signIn(-MINUTE)
    const persistently = () => Promise.reject(new Error('The server died.'))
    const dead = world.server('a', { persistently })
    void dead.grants.want(id, { kind: 'use' }).catch(() => undefined)
    await expect.poll(() => dead.journal.lines.size).toBe(1)
    const forgotten: string[] = []
    const journal = { ...dead.journal, forget: (credentialId: string) => void forgotten.push(credentialId) }
    await world.server('a', { journal, store: createMemoryStore() }).grants.drain()
    expect(forgotten).toEqual([])
    await world.server('a', { journal }).grants.drain()
    expect(await world.store.grants.get(id)).toMatchObject({ grant: { generation: 2 } })
  })

  it('a grant that is behind the journal is verified by one call, and not set aside again', async () => {
    const { world } = await two()
    const id = await world.signIn()
    const grant = await world.store.grants.get(id)
    const journal = journalInMemory()
    const server = world.server('c', { journal })
    await journal.reached({ credentialId: id, login: grant?.grant.login ?? '', generation: 7 })
    await server.grants.drain()
    expect(await world.store.credentials.get(ORG, id)).toMatchObject({ state: 'quarantined' })
    expect(await server.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    await server.grants.drain()
    expect(await world.store.credentials.get(ORG, id)).toMatchObject({ state: 'ok' })
    expect(world.provider.calls).toBe(1)
    expect(server.told.map(({ event }) => event)).toEqual(['grant.quarantined'])
  })
})
