// What is attached to an agent serves it, and nothing else of the organization does.

import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, fakeKey, type House } from '../../../test/support/house.ts'
import { enrolWorker, makeAgent } from '../../../test/support/machines.ts'

const leased = async (house: House, who: Parameters<House['ask']>[0], request = {}) =>
  (await house.ask(who, 'leases.create', { harness: 'claude', ...request })).credential?.name

describe('an agent draws on', () => {
  it('what it owns, then what is attached by the order of types, and on nothing else', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    await house.give('ada', 'org', 'unattached')
    await house.give('ada', 'me', 'adas')
    const none = await errorOf(house.ask(agent, 'leases.create', { harness: 'claude' }))
    expect([none.code, none.message]).toEqual(['no_credential', 'No Claude Code credential fits.'])
    expect(none.hint).toContain('claviger admin agent attach nightly')
    const bedrock = {
      type: 'claude/bedrock-api-key',
      fields: { token: 'ABSKtest0123456789abcdef', region: 'us-east-1' },
    }
    const first = await house.give('ada', 'org', 'bedrock', bedrock as never)
    const second = await house.give('cyd', 'team:mobile', 'teams')
    const own = await house.give('ada', 'agent:nightly', 'own', bedrock as never)
    for (const credential of [first, second]) {
      expect(await house.ask('ann', 'agents.attach', { agent: 'nightly', credential })).toEqual({
        attached: true,
      })
      expect(await house.ask('ann', 'agents.attach', { agent: 'nightly', credential })).toEqual({
        attached: false,
      })
    }
    const { decisions } = await house.ask(agent, 'explain', { harness: 'claude' })
    expect(decisions.map(({ scope, credential, reason }) => [scope, credential?.name, reason])).toEqual([
      ['agent', 'own', 'it belongs to the agent'],
      ['agent', 'teams', 'it is attached to the agent'],
      ['agent', 'bedrock', 'it is attached to the agent'],
    ])
    expect(await leased(house, agent)).toBe('own')
    await house.ask('ada', 'credentials.delete', { id: own })
    expect(await leased(house, agent)).toBe('teams')
    expect(await leased(house, agent, { credential: 'org/bedrock' })).toBe('bedrock')
    for (const credential of ['unattached', 'adas', 'user:ada/adas', 'org/unattached'])
      expect((await errorOf(house.ask(agent, 'leases.create', { harness: 'claude', credential }))).code).toBe(
        'no_credential',
      )
  })

  it('nothing for a team it names', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    await house.give('ada', 'team:platform', 'teams')
    const error = await errorOf(house.ask(agent, 'leases.create', { harness: 'claude', team: 'platform' }))
    expect([error.code, error.message]).toEqual(['not_found', 'There is no team platform.'])
  })

  it('the same through a worker that runs as it, and through no other', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const credential = await house.give('ada', 'org', 'orgs')
    const unattached = await house.give('ada', 'org', 'unattached')
    const worker = (await enrolWorker(house, 'build-1', 'nightly')).caller
    expect((await errorOf(house.ask(worker, 'leases.create', { harness: 'claude' }))).code).toBe(
      'no_credential',
    )
    await house.ask('ada', 'agents.attach', { agent: 'nightly', credential })
    expect(await leased(house, worker)).toBe('orgs')
    expect(await leased(house, worker, { agent: 'nightly' })).toBe('orgs')
    const other = await errorOf(house.ask(worker, 'leases.create', { harness: 'claude', agent: 'other' }))
    expect([other.code, other.hint]).toEqual(['forbidden', expect.stringContaining('the agent nightly only')])
    const explicit = { harness: 'claude', credential: unattached } as const
    expect((await errorOf(house.ask(worker, 'leases.create', explicit))).code).toBe('no_credential')
  })
})

describe('an agent sees', () => {
  it('what it owns, and of what is attached the name and type', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    const own = await house.give('ada', 'agent:nightly', 'own', { description: 'of its own' })
    const attached = await house.give('cyd', 'team:mobile', 'teams', { description: 'of the team' })
    const hidden = await house.give('ada', 'org', 'orgs')
    await house.ask('ada', 'agents.attach', { agent: 'nightly', credential: attached })
    for (const who of [agent, (await enrolWorker(house, 'build-1', 'nightly')).caller]) {
      const { credentials } = await house.ask(who, 'credentials.list', {})
      expect(credentials.map(({ name, description }) => [name, description])).toEqual([
        ['own', 'of its own'],
        ['teams', undefined],
      ])
      expect((await house.ask(who, 'credentials.list', { owner: 'team:mobile' })).credentials).toHaveLength(1)
      expect((await house.ask(who, 'credentials.list', { owner: 'org' })).credentials).toEqual([])
      expect((await house.ask(who, 'credentials.get', { id: own })).description).toBe('of its own')
      expect(await house.ask(who, 'credentials.get', { id: attached })).not.toHaveProperty('suffix')
      expect((await errorOf(house.ask(who, 'credentials.versions', { id: attached }))).code).toBe('forbidden')
      expect((await errorOf(house.ask(who, 'credentials.references', { id: attached }))).code).toBe(
        'forbidden',
      )
      for (const name of ['credentials.get', 'credentials.versions', 'credentials.references'] as const)
        expect((await errorOf(house.ask(who, name, { id: hidden }))).code).toBe('not_found')
    }
  })
})

describe('attaching', () => {
  it('is never of what is personal, or of an agent’s own', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    await makeAgent(house, 'review')
    const before = await contentsOf(house)
    const adas = await house.give('ada', 'me', 'adas')
    const bobs = await house.give('bob', 'me', 'bobs')
    const reviews = await house.give('ada', 'agent:review', 'reviews')
    const attach = (credential: string) =>
      errorOf(house.ask('ada', 'agents.attach', { agent: 'nightly', credential }))
    const own = await attach(adas)
    expect([own.code, own.message]).toEqual([
      'invalid',
      'adas is personal: it serves its person’s own runs and no agent.'.replace('’', "'"),
    ])
    const others = await attach(bobs)
    expect([others.code, others.message]).toEqual([
      'forbidden',
      'This credential is personal, and not yours.',
    ])
    expect((await attach(reviews)).code).toBe('invalid')
    for (const id of [adas, reviews]) await house.ask('ada', 'credentials.delete', { id })
    await house.ask('bob', 'credentials.delete', { id: bobs })
    expect(await contentsOf(house)).toBe(before)
  })

  it('is for those who manage machines, to an agent that exists', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const credential = await house.give('bob', 'team:platform', 'teams')
    for (const who of ['bob', 'cyd', 'aud'] as const)
      for (const name of ['agents.attach', 'agents.detach'] as const)
        expect((await errorOf(house.ask(who, name, { agent: 'nightly', credential }))).code).toBe('forbidden')
    const error = await errorOf(house.ask('ann', 'agents.attach', { agent: 'none', credential }))
    expect([error.code, error.message]).toEqual(['not_found', 'There is no agent none.'])
    expect((await errorOf(house.ask('ann', 'agents.detach', { agent: 'nightly', credential }))).message).toBe(
      'teams is not attached to the agent nightly.',
    )
    await house.ask('ann', 'agents.attach', { agent: 'nightly', credential })
    const rows = (await house.audit()).filter(
      ({ action, outcome }) => action === 'agent.attach' && outcome === 'allowed',
    )
    expect(rows).toMatchObject([
      { objectName: 'teams', details: { agent: 'nightly', owner: 'team:platform' } },
    ])
  })
})

describe('detaching', () => {
  it('ends what runs on it, of the agent and of its workers, and nobody else’s', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    const review = await makeAgent(house, 'review')
    const worker = (await enrolWorker(house, 'build-1', 'nightly')).caller
    const credential = await house.give('ada', 'org', 'orgs')
    for (const name of ['nightly', 'review'])
      await house.ask('ada', 'agents.attach', { agent: name, credential })
    const [mine, its, others, bobs] = [
      await house.ask(agent, 'leases.create', { harness: 'claude' }),
      await house.ask(worker, 'leases.create', { harness: 'claude' }),
      await house.ask(review, 'leases.create', { harness: 'claude' }),
      await house.ask('bob', 'leases.create', { harness: 'claude' }),
    ]
    expect(await house.ask('ada', 'agents.detach', { agent: 'nightly', credential })).toEqual({ ended: 2 })
    for (const [who, lease] of [
      [agent, mine],
      [worker, its],
    ] as const)
      expect((await errorOf(house.ask(who, 'leases.read', { id: lease.id }))).message).toBe(
        'This lease is over: the credential was detached.',
      )
    expect((await house.ask(review, 'leases.read', { id: others.id })).credential?.name).toBe('orgs')
    expect((await house.ask('bob', 'leases.read', { id: bobs.id })).credential?.name).toBe('orgs')
  })

  it('holds for a lease that was missed, too: reading looks again', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    const credential = await house.give('ada', 'org', 'orgs')
    await house.ask('ada', 'agents.attach', { agent: 'nightly', credential })
    const lease = await house.ask(agent, 'leases.create', { harness: 'claude' })
    // As when another server handed it out at the same moment.
    await house.ports.store.attachments.detach('org-acme', 'nightly', credential)
    expect((await errorOf(house.ask(agent, 'leases.read', { id: lease.id }))).code).toBe('not_found')
  })
})

describe('a credential that is attached', () => {
  it('names it among what refers to it, and clears it when it is deleted', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    const id = await house.give('ada', 'org', 'orgs')
    await house.ask('ada', 'agents.attach', { agent: 'nightly', credential: id })
    const references = ['attached to the agent nightly']
    expect(await house.ask('ada', 'credentials.references', { id })).toEqual({ references })
    expect(await house.ask('ada', 'credentials.delete', { id })).toEqual({ cleared: references })
    expect((await house.ask('ada', 'agents.get', { agent: 'nightly' })).attached).toEqual([])
    expect((await errorOf(house.ask(agent, 'leases.create', { harness: 'claude' }))).code).toBe(
      'no_credential',
    )
  })

  it('stays so when it moves to a team, and is no longer when it moves to a person or an agent', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    const id = await house.give('ada', 'org', 'orgs')
    const attach = () => house.ask('ada', 'agents.attach', { agent: 'nightly', credential: id })
    const move = async (owner: string) => (await house.ask('ada', 'credentials.move', { id, owner })).cleared
    await attach()
    expect(await move('team:platform')).toEqual([])
    const lease = await house.ask(agent, 'leases.create', { harness: 'claude' })
    expect(await move('me')).toEqual(['attached to the agent nightly'])
    expect((await errorOf(house.ask(agent, 'leases.read', { id: lease.id }))).code).toBe('no_credential')
    expect((await errorOf(house.ask(agent, 'leases.create', { harness: 'claude' }))).code).toBe(
      'no_credential',
    )
    await move('org')
    await attach()
    expect(await move('agent:nightly')).toEqual(['attached to the agent nightly'])
    expect((await house.ask('ada', 'agents.get', { agent: 'nightly' })).attached).toEqual([])
    expect(await leased(house, agent)).toBe('orgs')
  })

  it('serves no agent once it is a person’s, even if the database says that it is attached', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    const credentialId = await house.give('bob', 'me', 'bobs', { fields: { key: fakeKey('bobs') } })
    const row = { organizationId: 'org-acme', agent: 'nightly', credentialId, attachedAt: 1, attachedBy: 'x' }
    await house.ports.store.attachments.attach(row)
    expect((await errorOf(house.ask(agent, 'leases.create', { harness: 'claude' }))).code).toBe(
      'no_credential',
    )
    expect((await house.ask(agent, 'credentials.list', {})).credentials).toEqual([])
    expect((await errorOf(house.ask(agent, 'credentials.get', { id: credentialId }))).code).toBe('not_found')
    expect(house.opened()).toBe(0)
  })
})

describe('explain', () => {
  it('of an agent’s own run lists for admins what is not attached, and to the agent nothing of it', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    const attached = await house.give('ada', 'org', 'attached')
    await house.give('ada', 'org', 'orgs')
    await house.give('cyd', 'team:mobile', 'teams')
    await house.give('ada', 'me', 'adas')
    await house.ask('ada', 'agents.attach', { agent: 'nightly', credential: attached })
    for (const who of ['ada', 'ann', 'aud'] as const) {
      const answer = await house.ask(who, 'explain', { harness: 'claude', agent: 'nightly' })
      expect(answer.for).toBe('the agent nightly')
      expect(answer.decisions.map((one) => [one.credential?.name, one.verdict, one.reason])).toEqual([
        ['attached', 'chosen', 'it is attached to the agent'],
        ['teams', 'skipped', 'it is not attached to the agent nightly'],
        ['orgs', 'skipped', 'it is not attached to the agent nightly'],
      ])
    }
    const own = await house.ask(agent, 'explain', { harness: 'claude', agent: 'nightly' })
    expect(own.decisions.map((one) => one.credential?.name)).toEqual(['attached'])
    expect(await house.ask(agent, 'explain', { harness: 'claude' })).toEqual(own)
    expect((await errorOf(house.ask('ada', 'explain', { harness: 'claude', agent: 'none' }))).message).toBe(
      'There is no agent none.',
    )
  })

  it('of a person’s run as an agent lists both, and the teams’ and the organization’s', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const attached = await house.give('cyd', 'team:mobile', 'attached')
    await house.give('ada', 'agent:nightly', 'own')
    await house.give('bob', 'me', 'bobs')
    await house.give('bob', 'team:platform', 'teams')
    await house.give('ada', 'org', 'orgs')
    await house.ask('ada', 'agents.attach', { agent: 'nightly', credential: attached })
    const request = { harness: 'claude', user: 'bob@example.test', agent: 'nightly' } as const
    const answer = await house.ask('ada', 'explain', request)
    expect(answer.for).toBe('bob@example.test as the agent nightly')
    expect(answer.decisions.map(({ scope, credential }) => [scope, credential?.name])).toEqual([
      ['agent', 'own'],
      ['agent', 'attached'],
      ['user', '(personal)'],
      ['team', 'teams'],
      ['organization', 'orgs'],
    ])
    expect((await errorOf(house.ask('bob', 'explain', { ...request, user: 'me' }))).code).toBe('forbidden')
  })

  it('of a team is nobody’s run in it, for those who manage or audit', async () => {
    const house = createHouse()
    await house.give('ada', 'me', 'adas')
    await house.give('cyd', 'team:mobile', 'mobiles')
    await house.give('ada', 'team:platform', 'platforms')
    await house.give('ada', 'org', 'orgs')
    const names = async (who: 'ada' | 'ann' | 'aud' | 'bob', request: object) =>
      (await house.ask(who, 'explain', { harness: 'claude', ...request })).decisions.map(
        (one) => one.credential?.name,
      )
    for (const who of ['ada', 'ann', 'aud'] as const) {
      expect(await names(who, { team: 'mobile' })).toEqual(['mobiles', 'orgs'])
      expect((await house.ask(who, 'explain', { harness: 'claude', team: 'mobile' })).for).toBe(
        'nobody in the team mobile',
      )
      expect((await errorOf(house.ask(who, 'explain', { harness: 'claude', team: 'none' }))).message).toBe(
        'There is no team none.',
      )
    }
    expect(await names('ada', { team: 'platform', user: 'me' })).toEqual(['adas', 'platforms', 'orgs'])
    expect(await names('bob', { team: 'platform' })).toEqual(['platforms', 'orgs'])
    expect((await errorOf(house.ask('bob', 'explain', { harness: 'claude', team: 'mobile' }))).code).toBe(
      'not_found',
    )
  })
})
