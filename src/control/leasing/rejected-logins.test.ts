import { describe, expect, it } from 'vitest'
import { HOUR } from '../../../test/support/grants.ts'
import { errorOf, rowOf } from '../../../test/support/house.ts'
import { codexKey, houseWithLogins, type Lease, reject, steps } from '../../../test/support/rejections.ts'

describe('what a holder claims and nobody can check', () => {
  async function login(quotaOf: 'bob' | 'org') {
    const { house, world } = houseWithLogins()
    const id = await world.signIn(HOUR)
    await house.give('ada', 'org', 'key', codexKey('key'))
    const who = quotaOf === 'org' ? ('ada' as const) : ('bob' as const)
    const lease = await house.ask(who, 'leases.create', { harness: 'codex' })
    expect(lease.credential?.id).toBe(id)
    const say = (more: object) =>
      house.ask(who, 'leases.reject', {
        ...{ id: lease.id, generation: lease.credential?.generation ?? 0 },
        ...more,
      })
    return { house, id, say, world, lease }
  }

  it('holds others off for five minutes at most, and its own run for as long as it says', async () => {
    const { house, id, say } = await login('bob')
    const resetAt = new Date(house.clock.now + 5 * HOUR).toISOString()
    const answer = await say({ status: 429, code: 'usage_limit_reached', resetAt })
    expect(answer).toMatchObject({ verdict: 'switch', lease: { credential: { type: 'codex/api-key' } } })
    expect(await rowOf(house, id)).toMatchObject({
      state: 'cooling_down',
      stateUntil: house.clock.now + 300_000,
    })
    house.clock.now += 300_001
    const other = await house.ask('ada', 'leases.create', { harness: 'codex' })
    expect(other.credential?.id).toBe(id)
  })

  it('holds others off once in an hour, however often and by whoever it is claimed', async () => {
    const { house, id } = await login('bob')
    const claim = async (who: 'bob' | 'cyd') => {
      const lease = await house.ask(who, 'leases.create', { harness: 'codex', credential: id })
      const generation = lease.credential?.generation ?? 0
      return house.ask(who, 'leases.reject', { id: lease.id, generation, status: 429 })
    }
    const lease = await house.ask('cyd', 'leases.create', { harness: 'codex' })
    await claim('bob')
    const { stateUntil } = await rowOf(house, id)
    house.clock.now += 60_000
    // While it lasts it is not made longer either.
    await house.ask('cyd', 'leases.reject', { id: lease.id, generation: 1, status: 429 })
    expect((await rowOf(house, id)).stateUntil).toBe(stateUntil)
    for (const who of ['bob', 'cyd', 'bob'] as const) {
      house.clock.now += 600_000
      expect(await claim(who)).toMatchObject({ verdict: 'wait' })
      expect((await rowOf(house, id)).stateUntil).toBe(stateUntil)
    }
    house.clock.now += HOUR / 2
    await claim('cyd')
    expect((await rowOf(house, id)).stateUntil).toBe(house.clock.now + 300_000)
  })

  it('says less than who manages it, whenever they say it', async () => {
    const { house, id, say } = await login('bob')
    const lease = await house.ask('ada', 'leases.create', { harness: 'codex' })
    await say({ status: 429 })
    const resetAt = new Date(house.clock.now + 5 * HOUR).toISOString()
    await house.ask('ada', 'leases.reject', { id: lease.id, generation: 1, status: 429, resetAt })
    expect((await rowOf(house, id)).stateUntil).toBe(house.clock.now + 5 * HOUR)
  })

  it('counts in full when it comes from who manages the credential, and never rotates anything', async () => {
    const { house, id, say, world } = await login('org')
    const resetAt = new Date(house.clock.now + 5 * HOUR).toISOString()
    await say({ status: 429, resetAt })
    expect(await rowOf(house, id)).toMatchObject({
      state: 'cooling_down',
      stateUntil: house.clock.now + 5 * HOUR,
    })
    expect(world.provider.calls).toBe(0)
    const { decisions } = await house.ask('bob', 'explain', { harness: 'codex' })
    expect(decisions[0]?.reason).toBe(
      `cooling down after its quota was used up: its quota is used up, until ${resetAt}`,
    )
  })

  it('blocks nothing for others', async () => {
    for (const more of [{ code: 'account_on_hold' }, { status: 402 }]) {
      const { house, id, say } = await login('bob')
      expect(await say(more)).toMatchObject({ verdict: 'switch' })
      expect((await rowOf(house, id)).state).toBe('ok')
    }
  })

  it('is bounded to thirty days, whoever says it', async () => {
    const { house, id, say } = await login('org')
    await say({ status: 429, resetAt: '2099-01-01T00:00:00Z' })
    expect((await rowOf(house, id)).stateUntil).toBe(house.clock.now + 30 * 24 * HOUR)
  })
})

describe('a login that is refused', () => {
  it('is renewed once; the holder that was refused with an older one reads its lease again', async () => {
    const { house, world } = houseWithLogins()
    await world.signIn(HOUR)
    const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
    expect(await reject(house, lease)).toMatchObject({ verdict: 'retry', generation: 2, tried: [] })
    const again = await reject(house, lease)
    expect(again).toMatchObject({ verdict: 'retry', reason: 'it has been renewed since', generation: 2 })
    expect(world.provider.calls).toBe(1)
    const read = await house.ask('bob', 'leases.read', { id: lease.id })
    expect(read.credential?.generation).toBe(2)
  })

  it('OAuth, one rotation, refused, API key, Bedrock: each step in audit and explain', async () => {
    const { house, world } = houseWithLogins()
    await house.ask('ada', 'policy.set', { harness: 'claude', policy: 'shared', acceptTerms: true })
    const id = await world.signIn(HOUR, 'claude/oauth')
    const key = await house.give('ada', 'org', 'key')
    const bedrock = await house.give('ada', 'org', 'bedrock', {
      type: 'claude/bedrock-api-key',
      fields: { token: 'bedrock-test-0123456789', region: 'eu-west-1' },
    })
    const first = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(first.credential?.id).toBe(id)

    world.provider.instead.push(() => ({ kind: 'refused', reason: 'revoked' }))
    const second = await reject(house, first)
    expect(second).toMatchObject({
      verdict: 'switch',
      reason: 'it was refused, and its provider does not renew it',
      lease: { credential: { id: key } },
    })

    house.provider.result = 'refused'
    const third = await reject(house, second.lease as Lease)
    expect(third).toMatchObject({ verdict: 'switch', lease: { credential: { id: bedrock } } })
    expect(third.tried.map((one) => one.id)).toEqual([id, key])
    house.provider.result = 'forbidden'
    // Its owner may sign in again: that is waited for.
    const last = await reject(house, third.lease as Lease)
    expect(last).toMatchObject({ verdict: 'wait', until: null })
    expect(last.signInHint).toContain('claviger credential login --org')
    expect(last.tried).toHaveLength(3)

    const login = (await rowOf(house, id)).name
    expect((await steps(house)).slice(1)).toEqual([
      `lease.create ${login}`,
      `lease.reject ${login}`,
      `grant.renew ${login}`,
      `grant.refused ${login}`,
      `grant.rejected ${login}`,
      `lease.verdict ${login} switch`,
      'lease.create key',
      'lease.reject key',
      'credential.state key rejected',
      'lease.verdict key switch',
      'lease.create bedrock',
      'lease.reject bedrock',
      'credential.state bedrock blocked',
      'lease.verdict bedrock wait',
    ])
    const { decisions } = await house.ask('bob', 'explain', { harness: 'claude' })
    expect(decisions.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['skipped', 'its owner must sign in again: the login was revoked'],
      ['skipped', 'the provider refused it: it was refused again when it was tested'],
      [
        'skipped',
        'blocked by policy or by the provider: the provider says that it lacks a right or its organization is blocked',
      ],
    ])
  })

  it('just after it was renewed is left alone, and nobody makes us renew it twice', async () => {
    const { house, world } = houseWithLogins()
    await world.signIn(HOUR)
    await house.give('ada', 'org', 'key', codexKey('key'))
    const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
    await reject(house, lease)
    const answer = await reject(house, lease, { generation: 2, status: 401 })
    expect(answer).toMatchObject({
      verdict: 'switch',
      reason: 'it was refused though it had just been renewed',
      lease: { credential: { type: 'codex/api-key' } },
    })
    expect(world.provider.calls).toBe(1)
    // Of another holder it is still good.
    const other = await house.ask('ada', 'leases.create', { harness: 'codex' })
    expect(other.credential?.type).toBe('codex/oauth')
  })

  it('and not renewed any more waits for its owner when nothing else serves, and says what they type', async () => {
    const { house, world } = houseWithLogins()
    const id = await world.signIn(HOUR)
    world.provider.live = 'somebody-else-was-here'
    const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
    const answer = await reject(house, lease)
    const { name, state } = await rowOf(house, id)
    expect(state).toBe('expiring')
    expect(answer).toMatchObject({
      verdict: 'wait',
      until: null,
      signInHint: `Whoever looks after the Codex login ${name} signs in again: claviger credential login --org ${name}`,
    })
    // The lease is kept to wait on.
    expect((await house.ports.store.leases.get('org-acme', lease.id))?.endedAt).toBeNull()
  })

  // Its provider does not renew it, and has not said that the login itself is over.
  async function expiring() {
    const { house, world } = houseWithLogins()
    const id = await world.signIn(HOUR)
    await house.give('ada', 'org', 'key', codexKey('key'))
    world.provider.live = 'somebody-else-was-here'
    const report = async (who: 'ada' | 'bob' | 'cyd', by?: Lease) => {
      const lease = by ?? (await house.ask(who, 'leases.create', { harness: 'codex' }))
      expect(lease.credential?.id).toBe(id)
      const answer = await house.ask(who, 'leases.reject', { id: lease.id, generation: 1, status: 401 })
      return { answer, state: (await rowOf(house, id)).state }
    }
    return { house, id, report }
  }

  it('and still good serves others until two of them were refused with it', async () => {
    const { report, house } = await expiring()
    const codex = (await house.ask('cyd', 'leases.create', { harness: 'codex' })) as Lease
    for (let times = 0; times < 3; times += 1) {
      const { answer, state } = await report('bob')
      expect(answer).toMatchObject({ verdict: 'switch', lease: { credential: { type: 'codex/api-key' } } })
      expect(state).toBe('expiring')
    }
    expect((await report('cyd', codex)).state).toBe('needs_login')
    const rows = await house.audit()
    expect(rows.map(({ action }) => action).filter((one) => /^grant.re(ported|jected)$/.test(one))).toEqual([
      'grant.reported',
      'grant.rejected',
    ])
  })

  it('and still good is taken away at once by whoever manages it, but not by the handle of a lease of theirs', async () => {
    const { report, house, id } = await expiring()
    const lease = await house.ask('ada', 'leases.create', { harness: 'codex' })
    const handle = house.caller('ada', { leaseId: lease.id, tokenId: null })
    await house.ask(handle, 'leases.reject', { id: lease.id, generation: 1, status: 401 })
    expect((await rowOf(house, id)).state).toBe('expiring')
    expect((await report('ada')).state).toBe('needs_login')
  })

  it('is switched from while its provider does not answer, and waited for when it is the only one', async () => {
    const { house, world } = houseWithLogins()
    await world.signIn(HOUR)
    const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
    world.provider.instead.push(() => ({
      ...{ kind: 'failed', doubtful: false, retryAfterMs: null, message: 'no' },
    }))
    const answer = await reject(house, lease)
    expect(answer).toMatchObject({ verdict: 'wait', signInHint: null })
    expect(Date.parse(answer.until ?? '')).toBeGreaterThan(house.clock.now)
    await house.give('ada', 'org', 'key', codexKey('key'))
    expect(await reject(house, lease)).toMatchObject({ verdict: 'switch' })
  })
})

it('a generation that never was makes nobody renew', async () => {
  const { house, world } = houseWithLogins()
  await world.signIn(HOUR)
  const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
  const error = await errorOf(reject(house, lease, { status: 401, generation: 9 }))
  expect([error.code, error.message]).toEqual(['invalid', 'There is no generation 9 of this credential yet.'])
  expect(world.provider.calls).toBe(0)
  expect(await reject(house, lease)).toMatchObject({ verdict: 'retry', generation: 2 })
})
