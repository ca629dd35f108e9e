// Answers that are not current: orphans of a login that goes on, and leftovers of one that was replaced or deleted. No
// minted token is dropped while it may be the good one, and none is kept for ever.

import { describe, expect, it } from 'vitest'
import {
  ENGINES,
  heldCall,
  lateCall,
  ORG,
  SHORT,
  signInAgain,
  sleeperOf,
  type TwoServers,
  useTwoServers,
} from '../../../test/support/grant-stores.ts'
import { HOUR, tokenSet } from '../../../test/support/grants.ts'
import { revokeLeftovers } from './renewing/revoking.ts'

const MINUTE = 60_000

const twoServers = useTwoServers()

interface Rivals extends TwoServers {
  readonly id: string
  readonly sleeper: ReturnType<typeof sleeperOf>
  /** The sleeper's attempt. */
  readonly late: string
}

/** One sleeps with its answer, or before it sends; another sends the same token; then the first wakes. */
async function rivals(
  servers: TwoServers,
  sleeps: 'before it sends' | 'with its answer',
  says = false,
): Promise<Rivals> {
  const { world, b } = servers
  Object.assign(world.provider, { forgives: true, says })
  const id = await world.signIn(-MINUTE)
  const held = sleeps === 'with its answer' ? heldCall(world) : undefined
  const before = held === undefined ? lateCall(world) : undefined
  const sleeper = sleeperOf(world)
  const wanting = sleeper.grants.want(id, { kind: 'use' })
  await expect.poll(() => world.provider.calls).toBe(1)
  const late = (await world.store.grants.get(id))?.grant.attempt?.id ?? ''
  world.clock.now += 1_000
  expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  world.clock.now += 1_000
  held?.answer()
  before?.send()
  await wanting
  await sleeper.grants.ended()
  return { ...servers, id, sleeper, late }
}

const told = (...servers: { readonly told: readonly { readonly event: string }[] }[]) =>
  servers.flatMap((server) => server.told.map(({ event }) => event))

describe.each(ENGINES)('on %s', (engine) => {
  describe('an orphan', () => {
    it('is kept until the winner has worked, and erased with that', async () => {
      const { world, b, id, sleeper, late } = await rivals(await twoServers(engine), 'with its answer')
      const orphan = await world.store.attempts.get(late)
      expect(orphan).toMatchObject({ state: 'orphan', endedAt: world.clock.now })
      expect(orphan?.answer?.length).toBeGreaterThan(0)
      expect(await world.store.credentials.get(ORG, id)).toMatchObject({
        state: 'ok',
        stateReason: 'its login has had two answers; one is kept until the other has worked',
      })
      // The one that was brought last is dead for this provider.
      world.provider.live = 'rt-test-2'
      expect(await b.grants.want(id, { kind: 'forced', seen: 2 })).toEqual({ kind: 'good', generation: 3 })
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'dropped', answer: null })
      expect((await world.store.grants.get(id))?.grant.orphans).toEqual([])
      expect(await world.store.credentials.get(ORG, id)).toMatchObject({ state: 'ok', stateReason: '' })
      expect(told(sleeper, b)).toEqual(['grant.orphan_found'])
      expect(world.provider.calls).toBe(3)
      expect(world.provider.revoked).toEqual([])
    })

    it('is tried before anybody has to sign in, where the winner is refused', async () => {
      const { world, b, id, sleeper, late } = await rivals(await twoServers(engine), 'before it sends')
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'orphan' })
      expect(await b.grants.want(id, { kind: 'forced', seen: 2 })).toEqual({ kind: 'good', generation: 3 })
      expect(world.provider.calls).toBe(4)
      expect(await world.store.credentials.get(ORG, id)).toMatchObject({ state: 'ok', version: 3 })
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'dropped', answer: null })
      expect((await world.store.grants.get(id))?.grant).toMatchObject({ orphans: [], refusal: null })
      expect(told(sleeper, b)).toEqual(['grant.orphan_found'])
      // And it goes on from there.
      world.clock.now += HOUR
      expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 4 })
    })

    it('is ahead of those that were issued before it, where its provider says when', async () => {
      const { world, b, id, late } = await rivals(await twoServers(engine), 'before it sends', true)
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'committed' })
      const { grant } = (await world.store.grants.get(id)) ?? {}
      expect(grant).toMatchObject({ generation: 3, orphans: [{ generation: 2 }] })
      expect(await b.grants.want(id, { kind: 'forced', seen: 3 })).toEqual({ kind: 'good', generation: 4 })
      expect(world.provider.calls).toBe(3)
      expect((await world.store.grants.get(id))?.grant.orphans).toEqual([])
    })

    it('that was current for a while is tried too', async () => {
      const { world, b, id } = await rivals(await twoServers(engine), 'before it sends', true)
      // Whatever the provider said, the other one is the good one.
      Object.assign(world.provider, { live: 'rt-test-1', forgives: false })
      expect(await b.grants.want(id, { kind: 'forced', seen: 3 })).toEqual({ kind: 'good', generation: 4 })
      expect(world.provider.calls).toBe(4)
    })

    it('that is refused too, as is what it answers, leaves it to the owner, who is told once', async () => {
      const { world, b, id, sleeper, late } = await rivals(await twoServers(engine), 'before it sends')
      Object.assign(world.provider, { live: 'rt-test-other', forgives: false })
      expect(await b.grants.want(id, { kind: 'forced', seen: 2 })).toEqual({ kind: 'sign-in' })
      expect(world.provider.calls).toBe(5)
      expect(await world.store.credentials.get(ORG, id)).toMatchObject({ state: 'needs_login' })
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'dropped', answer: null })
      expect(told(sleeper, b)).toEqual(['grant.orphan_found', 'grant.login_needed'])
      expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'sign-in' })
      expect(world.provider.calls).toBe(5)
    })

    it('is tried once more by others when the server that tried it died', async () => {
      const { world, a, b, id } = await rivals(await twoServers(engine), 'before it sends')
      const refused = () => ({ kind: 'refused', reason: 'reused' }) as const
      world.provider.instead.push(refused, () => new Promise(() => undefined))
      const sleeper = sleeperOf(world, 0, { ...SHORT, callTimeout: 5_000 })
      const dead = sleeper.grants.want(id, { kind: 'forced', seen: 2 })
      await expect.poll(() => world.provider.calls).toBe(4)
      expect((await world.store.grants.get(id))?.grant.attempt).toMatchObject({ purpose: 'orphan' })
      world.clock.now += HOUR
      const outcomes = await Promise.all([a, b].map(({ grants }) => grants.want(id, { kind: 'use' })))
      for (const outcome of outcomes) expect(outcome).toEqual({ kind: 'good', generation: 3 })
      expect(await dead).toEqual({ kind: 'good', generation: 3 })
      expect(world.provider.calls).toBe(5)
    })

    it('that nobody can read any more counts as refused', async () => {
      const { world, b, id, late } = await rivals(await twoServers(engine), 'before it sends')
      await world.store.attempts.end(late, ['orphan'], { state: 'dropped', endedAt: 1 })
      world.provider.forgives = false
      expect(await b.grants.want(id, { kind: 'forced', seen: 2 })).toEqual({ kind: 'sign-in' })
      // The current one, and what both are answers to.
      expect(world.provider.calls).toBe(4)
    })
  })

  describe('what was sent before', () => {
    it('is sent once more where the answer that was issued last is lost and the provider takes nothing else', async () => {
      const { world, b } = await twoServers(engine)
      world.provider.forgives = true
      const id = await world.signIn(-MINUTE)
      const late = lateCall(world, true)
      const sleeper = sleeperOf(world)
      const wanting = sleeper.grants.want(id, { kind: 'use' })
      await expect.poll(() => world.provider.calls).toBe(1)
      expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
      late.send()
      await wanting
      await sleeper.grants.ended()
      expect(world.provider.live).toBe('rt-test-2')
      expect((await world.store.grants.get(id))?.grant).toMatchObject({
        orphans: [],
        parent: { generation: 1 },
      })

      expect(await b.grants.want(id, { kind: 'forced', seen: 2 })).toEqual({ kind: 'good', generation: 3 })
      expect(world.provider.calls).toBe(4)
      expect(await world.store.credentials.get(ORG, id)).toMatchObject({ state: 'ok', version: 3 })
      const entries = (await world.store.audit.list(ORG, { limit: 100 })).slice(-4)
      expect(entries.map(({ action, details }) => [action, details['purpose'], details['orphan']])).toEqual([
        ['grant.renew', 'forced', undefined],
        ['grant.refused', undefined, undefined],
        ['grant.renew', 'orphan', 'generation 1'],
        ['grant.renewed', undefined, undefined],
      ])
      expect(told(sleeper, b)).toEqual([])
      // Nobody needs it any more when the next one has worked.
      world.clock.now += HOUR
      expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 4 })
      expect((await world.store.grants.get(id))?.grant).toMatchObject({ orphans: [], parent: null })
      expect(world.provider.calls).toBe(5)
    })

    it('is kept when it was an orphan itself, until its answer has worked', async () => {
      const { world, b, id, late } = await rivals(await twoServers(engine), 'before it sends')
      world.provider.instead.push((rotate) => rotate())
      const again = lateCall(world, true)
      const sleeper = sleeperOf(world)
      const wanting = sleeper.grants.want(id, { kind: 'forced', seen: 2 })
      await expect.poll(() => world.provider.calls).toBe(4)
      world.clock.now += HOUR
      expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 3 })
      again.send()
      await wanting
      await sleeper.grants.ended()
      expect(world.provider.live).toBe('rt-test-4')
      const { grant } = (await world.store.grants.get(id)) ?? {}
      expect(grant).toMatchObject({ orphans: [], parent: { attempt: late } })
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'orphan' })

      world.clock.now += HOUR
      expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 4 })
      expect(world.provider.calls).toBe(7)
      world.clock.now += HOUR
      expect(await b.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 5 })
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'dropped', answer: null })
      const renewed = (await world.store.audit.list(ORG, { limit: 100 })).at(-1)
      expect(renewed).toMatchObject({ action: 'grant.renewed', details: { erased: late } })
    })
  })

  it('what the current token has brought is current, though the clock of its server is ten minutes behind', async () => {
    const { world, a, b } = await twoServers(engine)
    const id = await world.signIn(-MINUTE)
    expect(await a.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
    world.clock.now += 5 * MINUTE
    const held = heldCall(world)
    const sleeper = sleeperOf(world, -10 * MINUTE)
    const late = sleeper.grants.want(id, { kind: 'forced', seen: 2 })
    await expect.poll(() => world.provider.calls).toBe(2)
    world.provider.instead.push(() => ({
      ...({ kind: 'failed', doubtful: false, retryAfterMs: null, message: 'It fails.' } as const),
    }))
    world.clock.now += HOUR
    expect(await b.grants.want(id, { kind: 'use' })).toMatchObject({ kind: 'later' })
    held.answer()
    await late
    expect((await world.store.grants.get(id))?.grant).toMatchObject({ generation: 3, orphans: [] })
  })

  describe('a leftover', () => {
    const again = ({ world }: TwoServers) =>
      tokenSet('at-test-again', 'rt-test-again', 'acct-1', world.clock.now + HOUR)

    async function leftOver(): Promise<Rivals> {
      const found = await rivals(await twoServers(engine), 'with its answer')
      await signInAgain(found.world, found.b, found.id, again(found))
      return found
    }

    it('is revoked an hour later and erased; what is current never is', async () => {
      const { world, b, id, late } = await leftOver()
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'leftover' })
      await revokeLeftovers(b.ports)
      world.clock.now += HOUR - 1
      await revokeLeftovers(b.ports)
      expect(world.provider.revoked).toEqual([])
      world.clock.now += 1
      await revokeLeftovers(b.ports)
      await revokeLeftovers(b.ports)
      expect(world.provider.revoked).toEqual(['rt-test-1'])
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'revoked', answer: null })
      expect((await world.store.grants.get(id))?.grant).toMatchObject({ orphans: [], generation: 3 })
    })

    it('that cannot be revoked is tried again for a day, then erased', async () => {
      const { world, b, late } = await leftOver()
      world.provider.revoke = async () => {
        world.provider.revoked.push('tried')
        if (world.provider.revoked.length % 2 === 0) throw new Error('broken')
        return false
      }
      world.clock.now += HOUR
      for (let minutes = 0; minutes < 24 * 60; minutes += 5) {
        await revokeLeftovers(b.ports)
        world.clock.now += 5 * MINUTE
      }
      expect(world.provider.revoked).toHaveLength(6)
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'dropped', answer: null })
    })

    it('is erased unasked where its provider revokes nothing, or another credential has the same login', async () => {
      const { world, b, id, late } = await leftOver()
      const { revoke } = world.provider
      world.provider.live = 'rt-test-0'
      const twin = await world.signIn()
      world.clock.now += HOUR
      await revokeLeftovers(b.ports)
      expect(await world.store.attempts.get(late)).toMatchObject({ state: 'dropped', answer: null })
      expect(twin).not.toBe(id)

      const other = await leftOver()
      Reflect.deleteProperty(other.world.provider, 'revoke')
      other.world.clock.now += HOUR
      await revokeLeftovers(other.b.ports)
      expect(await other.world.store.attempts.get(other.late)).toMatchObject({
        state: 'dropped',
        answer: null,
      })
      expect(revoke).toBeDefined()
      expect([...world.provider.revoked, ...other.world.provider.revoked]).toEqual([])
    })

    it('comes of an attempt whose owner died, which is nobody’s any more once somebody has signed in again', async () => {
      const servers = await twoServers(engine)
      const { world, a, b } = servers
      const id = await world.signIn(-MINUTE)
      const held = heldCall(world)
      const wanting = sleeperOf(world).grants.want(id, { kind: 'use' })
      await expect.poll(() => world.provider.calls).toBe(1)
      const { id: attempt = '' } = (await world.store.grants.get(id))?.grant.attempt ?? {}
      await signInAgain(world, a, id, again(servers))
      expect(await world.store.attempts.get(attempt)).toMatchObject({ state: 'given_up' })
      held.answer()
      expect(await wanting).toEqual({ kind: 'good', generation: 2 })
      await expect.poll(async () => (await world.store.attempts.get(attempt))?.state).toBe('leftover')
      world.clock.now += HOUR
      await revokeLeftovers(b.ports)
      expect(world.provider.revoked).toEqual(['rt-test-1'])
      // Known for a while, then forgotten.
      expect(await world.store.attempts.prune(world.clock.now + 1)).toBe(1)
    })

    it('of a credential that was deleted is revoked at once, because nothing can be kept', async () => {
      const { world, a } = await twoServers(engine)
      const id = await world.signIn(-MINUTE)
      const held = heldCall(world)
      const wanting = a.grants.want(id, { kind: 'use' })
      await expect.poll(() => world.provider.calls).toBe(1)
      await world.store.credentials.delete(ORG, id)
      held.answer()
      expect(await wanting).toEqual({ kind: 'gone' })
      await a.grants.ended()
      expect(world.provider.revoked).toEqual(['rt-test-1'])
      const entries = await world.store.audit.list(ORG, { limit: 10 })
      const said = entries.filter(({ action }) => action === 'grant.revoke')
      expect(said).toMatchObject([{ objectId: id, details: { state: 'revoked' } }])
    })
  })
})
