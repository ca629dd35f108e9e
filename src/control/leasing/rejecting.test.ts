import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type GrantWorld, grantWorld, HOUR } from '../../../test/support/grants.ts'
import { createHouse, errorOf, fakeKey, type House, rowOf } from '../../../test/support/house.ts'
import { makeAgent } from '../../../test/support/machines.ts'
import type { Result } from '../use-case.ts'

type Lease = Result<'leases.create'>

/** A house whose logins are really kept alive, by a provider that rotates. */
function houseWithLogins(): { house: House; world: GrantWorld } {
  const masterKey = randomBytes(32)
  const world = grantWorld(undefined, masterKey)
  const house = createHouse(world.store, masterKey, world.server('one').grants)
  // One time for both.
  Object.defineProperty(house.clock, 'now', {
    get: () => world.clock.now,
    set: (now: number) => {
      world.clock.now = now
    },
  })
  return { house, world }
}

const codexKey = (name: string) => ({
  type: 'codex/api-key' as const,
  fields: { key: `sk-test-${name}-0123456789` },
})

function reject(house: House, lease: Pick<Lease, 'id' | 'credential'>, more: object = { status: 401 }) {
  return house.ask('bob', 'leases.reject', {
    id: lease.id,
    generation: lease.credential?.generation ?? 0,
    ...more,
  })
}

async function steps(house: House): Promise<string[]> {
  const shown = ['lease.', 'grant.', 'credential.state']
  const rows = await house.ports.store.audit.list('org-acme', { limit: 1000 })
  return rows
    .filter(({ action }) => shown.some((one) => action.startsWith(one)))
    .map(({ action, objectName, details }) =>
      [action, objectName, details['verdict'] ?? details['to'] ?? ''].join(' ').trim(),
    )
}

describe('a static credential that is refused', () => {
  it('and refused by a test too is of no use to anybody, and the next takes its place', async () => {
    const house = createHouse()
    const own = await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'shared')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    house.provider.result = 'refused'
    const answer = await reject(house, lease, { status: 401, code: 'authentication_failed' })
    expect(answer).toMatchObject({
      verdict: 'switch',
      reason: 'it was refused again when it was tested',
      tried: [{ id: own, name: 'own', type: 'claude/api-key', generation: 1 }],
      lease: { credential: { name: 'shared', generation: 1 } },
    })
    expect(answer.lease?.credential?.fields['key']?.expose()).toBe(fakeKey('shared'))
    expect((await rowOf(house, own)).state).toBe('rejected')
    const over = await errorOf(house.ask('bob', 'leases.read', { id: lease.id }))
    expect(over.message).toContain('another lease took its place')
    const read = await house.ask('bob', 'leases.read', { id: answer.lease?.id ?? '' })
    expect(read.credential?.name).toBe('shared')
    expect(await steps(house)).toEqual([
      'lease.create own',
      'lease.reject own',
      'credential.state own rejected',
      'lease.verdict own switch',
      'lease.create shared',
      'lease.read shared',
    ])
    const { decisions } = await house.ask('bob', 'explain', { harness: 'claude' })
    expect(decisions[0]).toMatchObject({
      verdict: 'skipped',
      reason: 'the provider refused it: it was refused again when it was tested',
    })
  })

  it('and works when it is tested is tried once more, and then left alone by this run', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'shared')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(await reject(house, lease)).toMatchObject({ verdict: 'retry', generation: 1, lease: null })
    // Another process of the same run.
    expect(await reject(house, lease)).toMatchObject({ verdict: 'retry' })
    expect(house.provider.asked).toBe(1)
    house.clock.now += 6_000
    expect(await reject(house, lease)).toMatchObject({
      verdict: 'switch',
      lease: { credential: { name: 'shared' } },
    })
    expect((await rowOf(house, id)).state).toBe('ok')
    const another = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(another.credential?.name).toBe('own')
  })

  it('stays as it is when nobody can tell; the run goes on with another', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'shared')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    house.provider.result = 'unknown'
    const answer = await reject(house, lease)
    expect(answer).toMatchObject({ verdict: 'switch', lease: { credential: { name: 'shared' } } })
    expect((await rowOf(house, id)).state).toBe('ok')
  })

  it.each([
    ['no_credit', 'blocked', null],
    ['forbidden', 'blocked', null],
    ['limited', 'cooling_down', 300_000],
  ] as const)('of which the provider says %s is %s', async (result, state, forMs) => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    house.provider.result = result
    const answer = await reject(house, lease, { status: 429 })
    expect(answer.verdict).toBe(forMs === null ? 'fail' : 'wait')
    const until = forMs === null ? null : house.clock.now + forMs
    expect(await rowOf(house, id)).toMatchObject({ state, stateUntil: until })
    expect(answer.until).toBe(until === null ? null : new Date(until).toISOString())
    // A test that passes lifts it.
    house.provider.result = 'works'
    expect(await house.ask('bob', 'credentials.test', { id })).toMatchObject({ state: 'ok' })
  })

  it('is not touched by what was not about it', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    for (const more of [{ status: 529 }, { status: 500 }, { code: 'overloaded' }]) {
      expect(await reject(house, lease, more)).toMatchObject({ verdict: 'retry', tried: [] })
    }
    expect(house.provider.asked).toBe(0)
    expect((await rowOf(house, id)).state).toBe('ok')
  })

  it('is another one after its value was changed', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    await house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey('new') } })
    expect(await reject(house, lease)).toMatchObject({ verdict: 'retry', generation: 2 })
    expect(house.provider.asked).toBe(0)
    const never = await errorOf(reject(house, lease, { generation: 7 }))
    expect([never.code, never.message]).toEqual([
      'invalid',
      'There is no generation 7 of this credential yet.',
    ])
  })

  it('that was asked for by name has nobody in its place', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'shared')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude', credential: 'own' })
    house.provider.result = 'refused'
    const answer = await reject(house, lease)
    expect(answer).toMatchObject({ verdict: 'fail', lease: null })
    expect(answer.reason).toContain('it was asked for by name, so nothing else serves')
  })

  it('and nothing else serves: says so in the words of R9, with what was tried', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    house.provider.result = 'refused'
    expect(await reject(house, lease)).toMatchObject({
      verdict: 'fail',
      reason:
        "Couldn't authenticate with Claude after multiple attempts. Check your credentials in Coding agents settings and try again.",
      tried: [{ name: 'own' }],
    })
  })
})

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
    await house.ask('ada', 'policy.set', { harness: 'claude', policy: 'shared' })
    const id = await world.signIn(HOUR, 'claude/oauth')
    const key = await house.give('ada', 'org', 'key')
    const bedrock = await house.give('ada', 'org', 'bedrock', {
      type: 'claude/bedrock-api-key',
      fields: { token: 'bedrock-test-0123456789', region: 'eu-west-1' },
    })
    const first = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(first.credential?.id).toBe(id)

    expect(await reject(house, first)).toMatchObject({ verdict: 'retry', generation: 2 })
    // The provider takes neither the new one nor its renewal.
    world.clock.now += 300_001
    world.provider.instead.push(() => ({ kind: 'refused', reason: 'revoked' }))
    const second = await reject(house, first, { generation: 2, status: 401 })
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
    expect(last.signInHint).toContain('claviger credential create claude oauth --org')
    expect(last.tried).toHaveLength(3)

    const login = (await rowOf(house, id)).name
    expect((await steps(house)).slice(1)).toEqual([
      `lease.create ${login}`,
      `lease.reject ${login}`,
      `grant.renew ${login}`,
      `grant.renewed ${login}`,
      `lease.verdict ${login} retry`,
      `lease.reject ${login}`,
      `grant.renew ${login}`,
      `grant.refused ${login}`,
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
    expect(state).toBe('needs_login')
    expect(answer).toMatchObject({
      verdict: 'wait',
      until: null,
      signInHint: `Whoever looks after the Codex login ${name} signs in again: claviger credential create codex oauth --org ${name}`,
    })
    // The lease is kept to wait on.
    expect((await house.ports.store.leases.get('org-acme', lease.id))?.endedAt).toBeNull()
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

describe('who may report', () => {
  it('the handle of the lease, which is not believed more than others and gets another handle', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'shared')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const handle = house.caller('bob', { leaseId: lease.id, tokenId: null })
    house.provider.result = 'refused'
    const answer = await house.ask(handle, 'leases.reject', { id: lease.id, generation: 1, status: 401 })
    expect(answer).toMatchObject({ verdict: 'switch', lease: { credential: { name: 'shared' } } })
    const kept = await house.ports.store.leases.get('org-acme', answer.lease?.id ?? '')
    expect(kept).toMatchObject({ holderId: 'bob', holderKind: 'person' })
    const elsewhere = house.caller('bob', { leaseId: 'lease_other', tokenId: null })
    const error = await errorOf(
      house.ask(elsewhere, 'leases.reject', { id: answer.lease?.id ?? '', generation: 1 }),
    )
    expect(error.code).toBe('not_found')
  })

  it('nobody else, and nobody about a lease that is over', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    for (const who of ['ada', 'cyd', 'eve'] as const) {
      const error = await errorOf(house.ask(who, 'leases.reject', { id: lease.id, generation: 1 }))
      expect(error.code).toBe('not_found')
    }
    await house.ask('bob', 'leases.end', { id: lease.id })
    expect((await errorOf(reject(house, lease))).code).toBe('no_credential')
    expect(house.provider.asked).toBe(0)
  })

  it('an agent stays with what is its own or attached', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    await house.give('ann', 'agent:nightly', 'its-own')
    await house.give('ada', 'org', 'shared')
    const lease = await house.ask(agent, 'leases.create', { harness: 'claude' })
    house.provider.result = 'refused'
    const answer = await house.ask(agent, 'leases.reject', { id: lease.id, generation: 1, status: 401 })
    expect(answer).toMatchObject({ verdict: 'fail', lease: null })
  })
})

it('writes down only words that it knows', async () => {
  const house = createHouse()
  await house.give('bob', 'me', 'own')
  const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
  await reject(house, lease, { code: 'sk-ant-test-canary' })
  await reject(house, lease, { code: 'authentication_failed' })
  const rows = (await house.audit()).filter(({ action }) => action === 'lease.reject')
  expect(rows.map(({ details }) => details['code'])).toEqual([undefined, 'authentication_failed'])
  expect(JSON.stringify(await house.audit())).not.toContain('canary')
})
