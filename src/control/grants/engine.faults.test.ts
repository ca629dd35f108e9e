// Providers that lie, fail, or answer in a way nobody has thought of, and servers that cannot write.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { grantWorld, journalInMemory, TIMINGS } from '../../../test/support/grants.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import type { Renewal } from '../../providers/provider.ts'
import { createBreakers } from './breakers.ts'
import type { Outcome } from './grants.ts'
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
    expect(await grants.want(id, { kind: 'use' })).toMatchObject({ kind: 'later', until, because: 'failing' })
    world.clock.now = until - 1
    expect(await grants.want(id, { kind: 'use' })).toMatchObject({ kind: 'later' })
    expect(world.provider.calls).toBe(1)
    world.clock.now = until
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  })

  it('that fails many is asked by one of them now and then, while what has not ended serves', async () => {
    const time = { now: 0 }
    const world = grantWorld()
    const signedIn = async (count: number, endsIn: number) => {
      const ids: string[] = []
      while (ids.length < count) ids.push(await world.signIn(endsIn))
      return ids
    }
    const ended = await signedIn(6, -MINUTE)
    const alive = await signedIn(14, 3 * MINUTE)
    const asked: string[] = []
    let heals = false
    world.provider.renew = async (_, { refresh }) => {
      asked.push(refresh?.expose() ?? '')
      const login = { access: 'at-test-new', refresh: `rt-test-new-${asked.length}`, account: 'acct-1' }
      return heals ? { kind: 'answered', raw: new Secret(JSON.stringify(login)) } : failed()
    }
    const { grants } = world.server('a', { breakers: createBreakers(() => time.now) })
    const all = [...ended, ...alive]
    const wantAll = async () => {
      const outcomes: Outcome[] = []
      for (const id of all) outcomes.push(await grants.want(id, { kind: 'use' }))
      return outcomes
    }
    const pass = (ms: number) => {
      time.now += ms
      world.clock.now += ms
    }

    const first = await wantAll()
    // Those that open it, and the one that is let through.
    const opened = asked.length
    expect(opened).toBe(6)
    expect(first.slice(0, ended.length)).toEqual(
      ended.map(() => ({
        kind: 'later',
        until: expect.any(Number),
        because: 'failing',
        why: expect.any(String),
      })),
    )
    const served = alive.map(() => ({ kind: 'good', generation: 1 }))
    expect(first.slice(ended.length)).toEqual(served)

    for (let second = 0; second < 30; second += 1) {
      pass(1_000)
      expect((await wantAll()).slice(ended.length)).toEqual(served)
    }
    expect(asked.length - opened).toBeGreaterThan(0)
    expect(asked.length - opened).toBeLessThanOrEqual(30_000 / 5_000)

    heals = true
    const failing = asked.length
    for (let waited = 0; waited < 120 && asked.length < failing + all.length; waited += 1) {
      pass(1_000)
      await wantAll()
    }
    // One call each, and no more are held back.
    expect(await wantAll()).toEqual(all.map(() => ({ kind: 'good', generation: 2 })))
    expect(asked.length - failing).toBe(all.length)
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
    const dead = world.server('a', {
      // How long whoever wants it waits, in vain.
      timings: { ...TIMINGS, callTimeout: 500 },
      persistently: () => Promise.reject(new Error('killed')),
    })
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
