import { describe, expect, it, vi } from 'vitest'
import { grantWorld, HOUR } from '../../../test/support/grants.ts'
import { Secret } from '../../domain/secret.ts'
import type { Renewal } from '../../providers/provider.ts'

const MINUTE = 60_000

describe('a grant that is wanted', () => {
  it('is served as it is while it is good, without asking anybody', async () => {
    const world = grantWorld()
    const id = await world.signIn()
    const { grants } = world.server('a')
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 1 })
    expect(world.provider.calls).toBe(0)
  })

  it('is renewed once when it has ended, however many want it, on however many servers', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    const servers = ['a', 'b', 'c'].map((name) => world.server(name))
    world.provider.instead.push(async (rotate) => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return rotate()
    })
    const wants = servers.flatMap(({ grants }) =>
      Array.from({ length: 50 }, () => grants.want(id, { kind: 'use' })),
    )
    for (const outcome of await Promise.all(wants)) expect(outcome).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(1)
    const row = await world.store.credentials.get('org-acme', id)
    expect(row).toMatchObject({ version: 2, state: 'ok', expiresAt: world.clock.now + HOUR })
  })

  it('is not sent any more when the engine has ended, also by who was about to: its answer would have no place', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    const { grants, journal } = world.server('a')
    const about = [grants.want(id, { kind: 'ahead' }), grants.want(id, { kind: 'use' })]
    await grants.end()
    for (const outcome of await Promise.all(about)) expect(outcome).toMatchObject({ kind: 'later' })
    expect(world.provider.calls).toBe(0)
    expect(await world.server('b').grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(journal.lines.size).toBe(0)
  })

  it('is renewed by force at most once in five minutes, and not at all for an older generation', async () => {
    const world = grantWorld()
    const id = await world.signIn()
    const { grants } = world.server('a')
    expect(await grants.want(id, { kind: 'forced', seen: 1 })).toEqual({ kind: 'good', generation: 2 })
    expect(await grants.want(id, { kind: 'forced', seen: 1 })).toEqual({ kind: 'good', generation: 2 })
    expect(await grants.want(id, { kind: 'forced', seen: 2 })).toMatchObject({
      kind: 'later',
      because: 'forced_lately',
    })
    expect(world.provider.calls).toBe(1)
    world.clock.now += 5 * MINUTE
    expect(await grants.want(id, { kind: 'forced', seen: 2 })).toEqual({ kind: 'good', generation: 3 })
  })

  it('waits for its owner when the provider refuses it, and nobody asks again', async () => {
    const world = grantWorld()
    const id = await world.signIn(MINUTE)
    const { grants, told } = world.server('a')
    world.provider.instead.push(() => ({ kind: 'refused', reason: 'revoked' }))
    // Until it ends it is still good.
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 1 })
    expect(await world.store.credentials.get('org-acme', id)).toMatchObject({ state: 'expiring' })
    expect(await grants.want(id, { kind: 'forced', seen: 1 })).toEqual({ kind: 'sign-in' })
    expect(await world.store.credentials.get('org-acme', id)).toMatchObject({
      state: 'needs_login',
      stateReason: 'the login was revoked',
    })
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'sign-in' })
    expect(world.provider.calls).toBe(1)
    expect(told).toMatchObject([{ event: 'grant.login_needed', reason: 'the login was revoked' }])
  })

  it('costs one call for each time the provider fails, and is served until it ends', async () => {
    const world = grantWorld()
    const id = await world.signIn(MINUTE)
    const { grants } = world.server('a')
    const failed = () =>
      ({ kind: 'failed', doubtful: false, retryAfterMs: null, message: 'It fails.' }) as const
    world.provider.instead.push(failed, failed)
    const all = () => Promise.all(Array.from({ length: 100 }, () => grants.want(id, { kind: 'use' })))
    for (const outcome of await all()) expect(outcome).toEqual({ kind: 'good', generation: 1 })
    expect(world.provider.calls).toBe(1)
    world.clock.now += MINUTE
    for (const outcome of await all()) expect(outcome).toMatchObject({ kind: 'later', because: 'failing' })
    expect(world.provider.calls).toBe(2)
    world.clock.now += MINUTE
    for (const outcome of await all()) expect(outcome).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(3)
  })

  it('says what the last try came to, for as long as none has come to more', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    const { grants } = world.server('a')
    world.provider.instead.push(() => ({
      ...{ kind: 'failed', doubtful: false, retryAfterMs: null },
      message: 'It is out for lunch.',
    }))
    for (const wish of [{ kind: 'use' }, { kind: 'use' }] as const)
      expect(await grants.want(id, wish)).toMatchObject({ kind: 'later', why: 'It is out for lunch.' })
    world.clock.now += MINUTE
    expect(await grants.want(id, { kind: 'forced', seen: 1 })).toEqual({ kind: 'good', generation: 2 })
    expect(await grants.want(id, { kind: 'forced', seen: 2 })).not.toHaveProperty('why')
  })

  it('is counted with what its tries have come to', async () => {
    const world = grantWorld()
    const ends: string[] = []
    const { grants } = world.server('a', { counted: (...end) => ends.push(end.join(' ')) })
    const [first, second] = [await world.signIn(-MINUTE), await world.signIn(-MINUTE, 'claude/oauth')]
    world.provider.instead.push(() => ({
      kind: 'failed',
      doubtful: false,
      retryAfterMs: null,
      message: 'No.',
    }))
    await grants.want(first, { kind: 'use' })
    world.clock.now += MINUTE
    await grants.want(first, { kind: 'use' })
    world.provider.instead.push(() => ({ kind: 'refused', reason: 'revoked' }))
    await grants.want(second, { kind: 'ahead' })
    expect(ends).toEqual(['codex failed', 'codex renewed', 'claude refused'])
  })

  it('is not taken over by another account', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    world.provider.account = 'acct-2'
    expect(await world.server('a').grants.want(id, { kind: 'use' })).toEqual({ kind: 'sign-in' })
    expect(await world.store.credentials.get('org-acme', id)).toMatchObject({
      version: 1,
      state: 'needs_login',
      stateReason: 'the provider answered for another account',
    })
  })
})

describe('a provider that takes few at a time', () => {
  // What it is asked waits until it is let go.
  async function crowd(atOnce: number) {
    const world = grantWorld()
    const under: (() => void)[] = []
    const provider = Object.assign(world.provider, { atOnce })
    const answer = () =>
      new Promise<Renewal>((resolve) => {
        const message = 'It fails.'
        under.push(() => resolve({ kind: 'failed', doubtful: false, retryAfterMs: null, message }))
      })
    provider.instead.push(...Array.from({ length: 9 }, () => answer))
    const ids: string[] = []
    for (let index = 0; index < 4; index += 1) ids.push(await world.signIn(-MINUTE))
    const claimed = async () => {
      const rows = await Promise.all(ids.map((id) => world.store.grants.get(id)))
      return rows.map((row) => row?.grant.attempt !== null)
    }
    return { ...world.server('a'), under, ids, claimed, provider }
  }

  it('is asked by no more, and the others have claimed nothing: those in a hurry are first', async () => {
    const { grants, under, ids, claimed, provider } = await crowd(2)
    const wishes = ['ahead', 'ahead', 'ahead', 'use'] as const
    const wants = ids.map((id, index) => grants.want(id, { kind: wishes[index] ?? 'use' }))
    await vi.waitFor(() => expect(under).toHaveLength(2))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([under.length, await claimed()]).toEqual([2, [true, true, false, false]])
    under[0]?.()
    await vi.waitFor(() => expect(under).toHaveLength(3))
    expect(await claimed()).toEqual([false, true, false, true])
    under[1]?.()
    await vi.waitFor(() => expect(under).toHaveLength(4))
    for (const go of under.slice(2)) go()
    for (const outcome of await Promise.all(wants)) expect(outcome).toMatchObject({ kind: 'later' })
    expect(provider.calls).toBe(4)
  })

  it('is asked by none of those in line when the engine ends', async () => {
    const { grants, under, ids, provider } = await crowd(1)
    const wants = ids.map((id) => grants.want(id, { kind: 'use' }))
    await vi.waitFor(() => expect(under).toHaveLength(1))
    const ended = grants.end()
    under[0]?.()
    await ended
    for (const outcome of await Promise.all(wants)) expect(outcome).toMatchObject({ kind: 'later' })
    expect(provider.calls).toBe(1)
  })
})

describe('an answer', () => {
  it('that is no set of tokens is tried again soon', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    const { grants } = world.server('a')
    world.provider.instead.push(() => ({ kind: 'answered', raw: new Secret('{"refresh":null}') }))
    world.provider.tokensIn = (
      (read) => (type, raw, before, at) =>
        raw.expose().includes('null') ? null : read(type, raw, before, at)
    )(world.provider.tokensIn)
    expect(await grants.want(id, { kind: 'use' })).toMatchObject({ kind: 'later', because: 'failing' })
    world.clock.now += MINUTE
    expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  })

  it('in the journal of a server that died gets its place when the server starts, and is not asked for again', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    const dead = world.server('a', { persistently: () => Promise.reject(new Error('killed')) })
    void dead.grants.want(id, { kind: 'use' })
    await expect.poll(() => dead.journal.lines.size).toBe(1)
    const again = world.server('a', { journal: dead.journal })
    await again.grants.drain()
    await again.grants.drain()
    expect(await again.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(1)
  })

  it('that a server never got is asked for once more at once, when that server is back without it', async () => {
    const world = grantWorld()
    const id = await world.signIn(-MINUTE)
    world.provider.instead.push(() => new Promise(() => undefined))
    void world.server('a').grants.want(id, { kind: 'use' })
    await expect.poll(() => world.provider.calls).toBe(1)
    expect(await world.server('a').grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    expect(world.provider.calls).toBe(2)
  })
})
