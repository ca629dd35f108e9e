import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, fakeKey, rowOf } from '../../../test/support/house.ts'
import { makeAgent } from '../../../test/support/machines.ts'
import { reject, steps } from '../../../test/support/rejections.ts'

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
