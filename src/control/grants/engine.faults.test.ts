// Providers that lie, fail, or answer in a way nobody has thought of, and servers that cannot write.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { grantWorld, journalInMemory, TIMINGS } from '../../../test/support/grants.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Renewal } from '../../providers/provider.ts'
import { createBreakers } from './breakers.ts'
import { persistently } from './renewing/persistently.ts'

const MINUTE = 60_000
const away = () => new ClavigerError('unavailable', 'The database is away.')
const failed = (retryAfterMs: number | null = null): Renewal => ({
  ...{ kind: 'failed', doubtful: false, retryAfterMs, message: 'It fails.' },
})

it('a claim that took too long to send anything is not made again at once', async () => {
  const world = grantWorld()
  const id = await world.signIn(-MINUTE)
  const { grants } = world.server('a', { timings: { ...TIMINGS, lease: 5_000, callTimeout: 6_000 } })
  const wanted = grants.want(id, { kind: 'use' })
  await sleep(1_000)
  const rows = await world.store.audit.list('org-acme', { limit: 1_000 })
  expect(rows.filter(({ action }) => action === 'grant.unsent').length).toBeLessThan(6)
  expect(world.provider.calls).toBe(0)
  await grants.ended()
  void wanted
})

describe('a provider', () => {
  it('whose tokens live shorter than the margin is not asked without end', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    world.provider.tokensIn = (
      (read) =>
      (...asked) => {
        const tokens = read(...asked)
        return tokens && { ...tokens, expiresAt: world.clock.now + MINUTE }
      }
    )(world.provider.tokensIn)
    const { grants } = world.server('a')
    for (let times = 0; times < 3; times += 1)
      expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(1)
    world.clock.now += 55_000
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 3 })
  })

  it('that asks to be left in peace is', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    const { grants } = world.server('a')
    world.provider.instead.push(() => failed(120_000))
    const until = world.clock.now + 120_000
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'later', until, because: 'failing' })
    world.clock.now = until - 1
    expect(await grants.want(id, { kind: 'use' })).toMatchObject({ kind: 'later' })
    expect(world.provider.calls).toBe(1)
    world.clock.now = until
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  })

  it('that fails many is asked by one of them now and then', async () => {
    const time = { now: 0 }
    const world = grantWorld()
    const ids = await Promise.all(Array.from({ length: 12 }, () => world.signIn(-MINUTE)))
    world.provider.instead.push(...Array.from({ length: 5 }, () => () => failed()))
    const { grants } = world.server('a', { breakers: createBreakers(() => time.now) })
    for (const id of ids) await grants.want(id, { kind: 'use' })
    // Five have failed, one was let through and answered.
    expect(world.provider.calls).toBeLessThanOrEqual(12)
    const failures = await Promise.all(
      ids.map(async (id) => (await world.store.grants.get(id))?.grant.failures),
    )
    expect(failures.slice(0, 5)).toEqual([1, 1, 1, 1, 1])
  })

  it.each([
    ['throws', 'renew'],
    ['answers what cannot be stored', 'tokensIn'],
  ] as const)('that %s is tried again soon, and not at once', async (_, what) => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    const whole = world.provider[what]
    world.provider[what] = (() => {
      if (what === 'renew') {
        world.provider.calls += 1
        return Promise.reject(new Error('broken'))
      }
      throw new Error('broken')
    }) as never
    const { grants } = world.server('a')
    expect(await grants.want(id, { kind: 'use' })).toMatchObject({ kind: 'later', because: 'failing' })
    expect(world.provider.calls).toBe(1)
    world.provider[what] = whole as never
    // What the credential still holds, whatever the answer that nobody could read was.
    world.provider.live = 'rt-test-0'
    world.clock.now += MINUTE
    expect(await grants.want(id, { kind: 'use' })).toMatchObject({ kind: 'good' })
  })

  it('that takes its time holds up nobody who has a good one', async () => {
    const world = grantWorld()
    const id = await world.signIn(MINUTE)
    world.provider.instead.push(async (rotate) => {
      await sleep(3_000)
      return rotate()
    })
    const { grants } = world.server('a')
    const started = performance.now()
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 1 })
    expect(performance.now() - started).toBeLessThan(2_500)
    await grants.ended()
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  })
})

describe('a server', () => {
  it('whose database is away between answer and commit commits when it is back', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    const { atomically } = world.store
    let isAway = false
    const store = {
      ...world.store,
      atomically: (work: never) => (isAway ? Promise.reject(away()) : atomically(work)),
    } as never
    world.provider.instead.push((rotate) => {
      isAway = true
      setTimeout(() => {
        isAway = false
      }, 400)
      return rotate()
    })
    const ending = new AbortController()
    const { grants } = world.server('a', { store, persistently: (work) => persistently(work, ending.signal) })
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(1)
  })

  it('whose journal cannot be written stores what came all the same', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    const full = () => Promise.reject(new Error('ENOSPC'))
    const { grants } = world.server('a', { journal: { ...journalInMemory(), append: full, reached: full } })
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  })

  it('starts with an answer in its journal that nobody can read or open', async () => {
    const world = grantWorld()
    const [torn, closed] = [await world.signIn(-MINUTE), await world.signIn(-MINUTE)]
    const dead = world.server('a', { persistently: () => Promise.reject(new Error('killed')) })
    world.provider.instead.push(() => failed())
    await dead.grants.want(closed, { kind: 'use' }).catch(() => undefined)
    const first = dead.grants.want(torn, { kind: 'use' })
    await expect.poll(() => dead.journal.lines.size).toBe(1)
    const [answer] = dead.journal.lines.values()
    if (answer === undefined) throw new Error('There is no answer.')
    dead.journal.lines.set(answer.attempt, { ...answer, sealed: Buffer.from('nonsense') })
    const again = world.server('a', { journal: dead.journal })
    await again.grants.drain()
    void first
  })

  it('gives an answer that it could not store its place before it sends the same token again', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    let broken = true
    const { grants } = world.server('a', {
      timings: { ...TIMINGS, dead: 100, journalGrace: 100 },
      persistently: (work) => {
        if (!broken) return work()
        broken = false
        return Promise.reject(new Error('overtaken too often'))
      },
    })
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(1)
  })
})
