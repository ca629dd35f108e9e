// Whose credential serves a run, as seen through leases and `explain`.

import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, fakeKey } from '../../test/support/house.ts'
import { makeAgent } from '../../test/support/machines.ts'

describe('a run without a choice', () => {
  it('takes the person’s own, then a team’s, then the organization’s', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'orgs')
    const leased = async () =>
      (await house.ask('bob', 'leases.create', { harness: 'claude' })).credential?.name
    expect(await leased()).toBe('orgs')
    await house.give('cyd', 'team:mobile', 'other-teams')
    await house.give('bob', 'team:platform', 'teams')
    expect(await leased()).toBe('teams')
    const own = await house.give('bob', 'me', 'own')
    expect(await leased()).toBe('own')
    house.provider.result = 'refused'
    await house.ask('bob', 'credentials.test', { id: own })
    expect(await leased()).toBe('teams')
  })

  it('considers one team only when one is named, and refuses a team that is not the person’s', async () => {
    const house = createHouse()
    await house.give('bob', 'team:platform', 'teams')
    await house.give('bob', 'me', 'codex', { type: 'codex/api-key', fields: { key: 'sk-test-1' } })
    const named = await house.ask('bob', 'leases.create', { harness: 'claude', team: 'platform' })
    expect(named.credential?.name).toBe('teams')
    for (const team of ['mobile', 'nobody']) {
      const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude', team }))
      expect([error.code, error.message]).toEqual(['not_found', expect.stringContaining(team)])
    }
  })
})

describe('an explicit credential', () => {
  it('is found by id, by name and by owner and name, and stands alone', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    await house.give('bob', 'team:platform', 'teams')
    for (const credential of [id, 'own', 'user:bob/own']) {
      const lease = await house.ask('bob', 'leases.create', { harness: 'claude', credential })
      expect(lease.credential?.id).toBe(id)
      expect(lease.reason).toContain('asked for by name')
    }
    house.provider.result = 'refused'
    await house.ask('bob', 'credentials.test', { id })
    const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude', credential: 'own' }))
    expect([error.code, error.message]).toEqual(['no_credential', expect.stringContaining('refused it')])
  })

  it('must be named so that it is one', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'main')
    await house.give('bob', 'team:platform', 'main')
    const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude', credential: 'main' }))
    expect(error.code).toBe('conflict')
    expect(error.hint).toContain('user:bob/main')
    expect(error.hint).toContain('team:platform/main')
    const lease = await house.ask('bob', 'leases.create', {
      harness: 'claude',
      credential: 'team:platform/main',
    })
    expect(lease.credential?.owner).toBe('team:platform')
  })

  it('of somebody else, of another organization or harness is none', async () => {
    const house = createHouse()
    const cyds = await house.give('cyd', 'me', 'cyds')
    const eves = await house.give('eve', 'team:platform', 'eves')
    const codex = await house.give('bob', 'me', 'codex', {
      type: 'codex/api-key',
      fields: { key: 'sk-test-1' },
    })
    for (const credential of [cyds, 'cyds', 'user:cyd/cyds', eves, codex, 'none']) {
      for (const who of ['bob', 'ada'] as const) {
        const error = await errorOf(house.ask(who, 'leases.create', { harness: 'claude', credential }))
        expect([error.code, error.message]).toEqual([
          'no_credential',
          `No Claude Code credential named ${credential} may serve this run.`,
        ])
      }
    }
    expect(house.opened()).toBe(0)
  })

  it('that is a raw secret is refused with the reason', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'RAW', { type: 'raw', fields: { value: 'x' } })
    const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude', credential: 'RAW' }))
    expect([error.code, error.message]).toEqual(['no_credential', expect.stringContaining('raw secret')])
  })
})

describe('raw secrets', () => {
  const raw = (value: string) => ({ type: 'raw', fields: { value } }) as const

  it('come along from organization, teams and person; the narrower owner wins', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'main')
    await house.give('ada', 'org', 'A', raw('org'))
    await house.give('ada', 'org', 'B', raw('org'))
    await house.give('ada', 'org', 'C', raw('org'))
    await house.give('bob', 'team:platform', 'B', raw('team'))
    await house.give('bob', 'team:platform', 'C', raw('team'))
    await house.give('bob', 'me', 'C', raw('own'))
    await house.give('cyd', 'me', 'D', raw('cyds'))
    await house.give('cyd', 'team:mobile', 'E', raw('other team'))
    const values = async (request: { raw?: boolean; team?: string }) =>
      (await house.ask('bob', 'leases.create', { harness: 'claude', ...request })).raw.map((one) => [
        one.name,
        one.value.expose(),
      ])
    expect(await values({})).toEqual([
      ['A', 'org'],
      ['B', 'team'],
      ['C', 'own'],
    ])
    expect(await values({ raw: false })).toEqual([])
  })

  it('of two teams: the first by name', async () => {
    const house = createHouse()
    const both = house.caller('bob', { teams: ['mobile', 'platform'] })
    await house.give('bob', 'me', 'main')
    await house.give('bob', 'team:platform', 'A', raw('platform'))
    await house.give('cyd', 'team:mobile', 'A', raw('mobile'))
    const lease = await house.ask(both, 'leases.create', { harness: 'claude' })
    expect(lease.raw.map((one) => one.value.expose())).toEqual(['mobile'])
  })

  it('for an agent are its own and those attached to it; its own win', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    await house.give('ada', 'org', 'A', raw('org'))
    await house.give('ann', 'agent:nightly', 'B', raw('agent'))
    await house.give('ann', 'agent:nightly', 'main')
    const attached = [
      await house.give('ada', 'org', 'B', raw('org')),
      await house.give('ada', 'org', 'C', raw('org')),
      await house.give('cyd', 'team:mobile', 'C', raw('team')),
    ]
    for (const credential of attached)
      await house.ask('ada', 'agents.attach', { agent: 'nightly', credential })
    const lease = await house.ask(agent, 'leases.create', { harness: 'claude' })
    expect(lease.credential?.fields['key']?.expose()).toBe(fakeKey('main'))
    expect(lease.raw.map((one) => [one.name, one.value.expose()])).toEqual([
      ['B', 'agent'],
      ['C', 'team'],
    ])
  })
})

describe('explain', () => {
  it('lists every candidate in order with its reason, and of oneself is no entry of the audit log', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'orgs')
    const own = await house.give('bob', 'me', 'own')
    house.provider.result = 'refused'
    await house.ask('bob', 'credentials.test', { id: own })
    house.steps.length = 0
    const { decisions, for: who } = await house.ask('bob', 'explain', { harness: 'claude', ambient: 'login' })
    expect(who).toBe('bob@example.test')
    expect(decisions.map(({ scope, verdict, credential }) => [scope, credential?.name, verdict])).toEqual([
      ['user', 'own', 'skipped'],
      ['organization', 'orgs', 'chosen'],
      ['ambient', undefined, 'fallback'],
    ])
    expect(house.opened()).toBe(0)
    expect((await house.audit()).map(({ action }) => action)).not.toContain('explain')
  })

  it('of others is an entry of the audit log, each time', async () => {
    const house = createHouse()
    await house.ask('ada', 'agents.create', { name: 'nightly' })
    const asked = [
      [{ user: 'bob@example.test' }, 'bob@example.test'],
      [{ user: 'bob@example.test' }, 'bob@example.test'],
      [{ team: 'mobile' }, 'nobody in the team mobile'],
      [{ agent: 'nightly' }, 'the agent nightly'],
      [{ user: 'me', agent: 'nightly' }, 'ada@example.test as the agent nightly'],
    ] as const
    for (const [whose] of asked) await house.ask('ada', 'explain', { harness: 'claude', ...whose })
    const entries = (await house.audit()).filter(({ action }) => action === 'explain')
    expect(entries.map(({ details }) => details['for'])).toEqual(asked.map(([, name]) => name))
  })

  it('of another person is for those who manage or audit, and hides what is personal', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'bobs-secret-project')
    await house.give('bob', 'team:platform', 'teams')
    for (const who of ['ada', 'ann', 'aud'] as const) {
      const answer = await house.ask(who, 'explain', { harness: 'claude', user: 'bob@example.test' })
      expect(answer.for).toBe('bob@example.test')
      expect(answer.decisions.map((one) => one.credential?.name)).toEqual(['(personal)', 'teams'])
      expect(JSON.stringify(answer)).not.toMatch(new RegExp(`${id}|bobs-secret`))
    }
    expect((await errorOf(house.ask('cyd', 'explain', { harness: 'claude', user: 'bob' }))).code).toBe(
      'forbidden',
    )
    expect((await errorOf(house.ask('ada', 'explain', { harness: 'claude', user: 'eve' }))).code).toBe(
      'not_found',
    )
    expect(
      (await errorOf(house.ask('ada', 'explain', { harness: 'claude', user: 'eve@example.test' }))).code,
    ).toBe('not_found')
    expect((await house.ask('bob', 'explain', { harness: 'claude', user: 'bob' })).decisions).toHaveLength(2)
  })

  it('does not tell a member what an agent has', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const id = await house.give('ann', 'agent:nightly', 'release-signing')
    const shown = await house.ask('ann', 'explain', { harness: 'claude', agent: 'nightly' })
    expect(shown.decisions[0]?.credential?.name).toBe('release-signing')
    const error = await errorOf(house.ask('bob', 'explain', { harness: 'claude', agent: 'nightly' }))
    const absent = await errorOf(house.ask('bob', 'explain', { harness: 'claude', agent: 'none' }))
    expect(absent.message.replace('none', 'nightly')).toBe(error.message)
    expect(error.code).toBe('forbidden')
    expect(`${error.message} ${error.hint}`).not.toMatch(new RegExp(`${id}|release-signing`))
  })
})

describe('the same credentials for three runs', () => {
  const worker = {
    kind: 'worker',
    id: 'worker-1',
    name: 'worker-1',
    role: 'worker',
    teams: [],
    agent: null,
  } as const

  it('serve each from the narrowest owner, and the explanation says the same as the lease', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'orgs')
    await house.give('bob', 'team:platform', 'teams')
    await house.give('ada', 'me', 'adas')
    const own = 'it belongs to the person the run is for'
    const team = 'it belongs to a team of the run'
    const organization = 'it belongs to the organization'
    const runs = [
      [
        house.caller('ada'),
        [
          ['adas', own],
          ['teams', team],
          ['orgs', organization],
        ],
      ],
      [
        house.caller('bob'),
        [
          ['teams', team],
          ['orgs', organization],
        ],
      ],
      [house.caller('cyd'), [['orgs', organization]]],
      [house.caller('ada', worker), [['orgs', organization]]],
    ] as const
    for (const [caller, expected] of runs) {
      const { decisions } = await house.ask(caller, 'explain', { harness: 'claude' })
      expect(decisions.map(({ credential, reason }) => [credential?.name, reason])).toEqual(expected)
      expect(decisions.map(({ verdict }) => verdict)).toEqual(
        expected.map((_, i) => (i ? 'fallback' : 'chosen')),
      )
      const lease = await house.ask(caller, 'leases.create', { harness: 'claude' })
      expect([lease.credential?.name, lease.reason]).toEqual(expected[0])
    }
  })
})
