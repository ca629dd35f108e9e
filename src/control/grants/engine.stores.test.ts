// The engine on every store: what happens between servers goes through the database, and nothing else.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  ENGINES,
  heldCall,
  ORG,
  SHORT,
  signInAgain,
  sleeperOf,
  useTwoServers,
} from '../../../test/support/grant-stores.ts'
import { type GrantWorld, journalInMemory, tokenSet } from '../../../test/support/grants.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'

const MINUTE = 60_000

const twoServers = useTwoServers()

async function attemptsOf({ store }: GrantWorld, id: string) {
  const kept = await store.attempts.kept(100)
  return kept.filter(({ credentialId }) => credentialId === id).map(({ state }) => state)
}

describe.each(ENGINES)('on %s', (engine) => {
  const two = () => twoServers(engine)

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

  it('of all who wait for a silent owner one tries again', async () => {
    const { world, a, b } = await two()
    const id = await world.signIn(-MINUTE)
    world.provider.forgives = true
    const held = heldCall(world)
    const late = sleeperOf(world).grants.want(id, { kind: 'use' })
    await expect.poll(() => world.provider.calls).toBe(1)
    const wants = [a, b].map(({ grants }) => grants.want(id, { kind: 'use' }))
    for (const outcome of await Promise.all(wants)) expect(outcome).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(2)
    world.clock.now += 1_000
    held.answer()
    expect(await late).toMatchObject({ kind: 'good' })
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
    void dead.grants.want(id, { kind: 'use' }).catch(() => undefined)
    await expect.poll(() => world.provider.calls).toBe(1)
    const timings = { ...SHORT, journalGrace: 60_000 }
    const next = world.server('next', { formerly: ['sleeper'], timings })
    expect(await next.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  })

  it('nor for one that has ended for certain, whose answer is taken over', async () => {
    const { world } = await two()
    const id = await world.signIn(-MINUTE)
    const dead = sleeperOf(world)
    world.provider.instead.push(() => new Promise(() => undefined))
    void dead.grants.want(id, { kind: 'use' }).catch(() => undefined)
    await expect.poll(() => world.provider.calls).toBe(1)
    const asked: string[] = []
    const timings = { ...SHORT, journalGrace: 60_000 }
    const next = (ended: boolean) =>
      world.server('next', {
        timings,
        hasEnded: async (replica) => {
          asked.push(replica)
          return ended
        },
      })
    const waiting = await Promise.race([next(false).grants.want(id, { kind: 'use' }), sleep(1_500)])
    expect([waiting, world.provider.calls]).toEqual([undefined, 1])
    expect(new Set(asked)).toEqual(new Set(['sleeper']))
    expect(await next(true).grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(2)
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
    const tokens = tokenSet('at-test-again', 'rt-test-again', 'acct-1', world.clock.now + 60 * MINUTE)
    await signInAgain(world, a, id, tokens)
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
    await world.store.atomically(async (unit) => {
      await unit.credentials.delete(ORG, id)
      await unit.credentials.insert(before)
      if (version !== undefined) await unit.versions.insert({ ...version, credentialId: id, values } as never)
      await unit.grants.insert(grantBefore)
    })
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
