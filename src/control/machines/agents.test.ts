// Agents: making one, its tokens, what it owns, and that nothing of it is left when it is deleted.

import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, fakeKey } from '../../../test/support/house.ts'
import { agentToken, callerOf, enrolWorker, makeAgent } from '../../../test/support/machines.ts'
import { createAuthenticator } from '../authenticate.ts'

describe('an agent', () => {
  it('is made once by those who manage machines, and found by those who may read of them', async () => {
    const house = createHouse()
    const made = await house.ask('ann', 'agents.create', { name: 'nightly', description: 'at night' })
    expect(made).toMatchObject({ name: 'nightly', description: 'at night', createdBy: 'ann@example.test' })
    expect((await errorOf(house.ask('ada', 'agents.create', { name: 'nightly' }))).code).toBe('conflict')
    for (const who of ['ada', 'ann', 'aud'] as const) {
      expect((await house.ask(who, 'agents.list', {})).agents).toEqual([made])
      expect(await house.ask(who, 'agents.get', { agent: 'nightly' })).toMatchObject({
        owns: 0,
        attached: [],
      })
    }
    expect((await errorOf(house.ask('bob', 'agents.list', {}))).code).toBe('forbidden')
    expect((await house.audit()).find((entry) => entry.action === 'agent.create')).toMatchObject({
      ...{ actorName: 'ann@example.test', objectKind: 'agent', objectName: 'nightly', outcome: 'allowed' },
    })
  })

  it.each(['', 'a b', '../x', 'sk-ant-test-0123456789abcdef', 'x'.repeat(65)])(
    'cannot be named %j',
    async (name) => {
      const house = createHouse()
      expect((await errorOf(house.ask('ada', 'agents.create', { name }))).code).toBe('invalid')
      expect((await house.ask('ada', 'agents.list', {})).agents).toEqual([])
    },
  )

  it('of another organization is none', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const id = await house.give('ada', 'org', 'orgs')
    const eves = await house.give('eve', 'org', 'eves')
    const before = await contentsOf(house)
    expect((await house.ask('eve', 'agents.list', {})).agents).toEqual([])
    const agent = 'nightly'
    const calls = [
      house.ask('eve', 'agents.get', { agent }),
      house.ask('eve', 'agents.delete', { agent }),
      house.ask('eve', 'agents.token', { agent, name: 'x', expiresInSeconds: null }),
      house.ask('eve', 'agents.attach', { agent, credential: eves }),
      house.ask('eve', 'agents.detach', { agent, credential: eves }),
      house.ask('eve', 'workers.enrol', { name: 'w', agent }),
      house.ask('eve', 'explain', { harness: 'claude', agent }),
      house.give('eve', 'agent:nightly', 'x'),
      house.ask('eve', 'credentials.move', { id: eves, owner: 'agent:nightly' }),
    ]
    for (const call of calls) {
      const error = await errorOf(call)
      expect([error.code, error.message]).toEqual(['not_found', 'There is no agent nightly.'])
    }
    await house.ask('eve', 'agents.create', { name: 'nightly' })
    for (const credential of [id, 'cred_none']) {
      const error = await errorOf(house.ask('eve', 'agents.attach', { agent, credential }))
      expect([error.code, error.message]).toEqual(['not_found', `There is no credential ${credential}.`])
    }
    expect(await contentsOf(house)).toBe(before)
  })
})

describe('the token of an agent', () => {
  it('makes the agent a caller, shows nothing of itself again, and lives as long as was said', async () => {
    const house = createHouse()
    await house.ask('ada', 'agents.create', { name: 'nightly' })
    const made = await house.ask('ada', 'agents.token', {
      agent: 'nightly',
      name: 'ci',
      expiresInSeconds: 60,
    })
    const token = made.token.expose()
    const authenticate = createAuthenticator(house.ports)
    expect(await authenticate(token, 'r')).toMatchObject({
      ...{ kind: 'agent', id: 'nightly', name: 'nightly', role: 'agent', agent: 'nightly', teams: [] },
    })
    expect(
      JSON.stringify([await house.audit(), await house.ports.store.tokens.list('org-acme')]),
    ).not.toContain(token)
    expect((await house.ask('ada', 'agents.get', { agent: 'nightly' })).tokens).toEqual([
      { name: 'ci', expiresAt: made.expiresAt },
    ])
    house.clock.now += 60_000
    expect((await errorOf(authenticate(token, 'r'))).message).toBe('The token ci has expired.')
  })

  it('is for an agent that exists, from those who manage machines', async () => {
    const house = createHouse()
    await house.ask('ada', 'agents.create', { name: 'nightly' })
    const ask = (who: 'ann' | 'bob' | 'aud', agent: string) =>
      house.ask(who, 'agents.token', { agent, name: 'x', expiresInSeconds: null })
    expect((await errorOf(ask('ann', 'none'))).code).toBe('not_found')
    for (const who of ['bob', 'aud'] as const)
      expect((await errorOf(ask(who, 'nightly'))).code).toBe('forbidden')
    expect(await house.ports.store.tokens.list('org-acme')).toEqual([])
  })

  it('may lease and explain, and manage nothing', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'nightly')
    const id = await house.give('ada', 'agent:nightly', 'own')
    const refused = [
      house.ask(agent, 'credentials.update', { id, description: 'mine' }),
      house.ask(agent, 'credentials.delete', { id }),
      house.ask(agent, 'credentials.create', {
        ...{ type: 'claude/api-key', owner: 'me', name: 'x', fields: { key: fakeKey('x') } },
      }),
      house.ask(agent, 'tokens.create', { name: 'x', role: 'member', expiresInSeconds: null }),
      house.ask(agent, 'tokens.revoke', { name: 'x' }),
      house.ask(agent, 'agents.list', {}),
      house.ask(agent, 'agents.attach', { agent: 'nightly', credential: id }),
      house.ask(agent, 'workers.enrol', { name: 'x' }),
      house.ask(agent, 'audit.list', {}),
      house.ask(agent, 'leases.create', { harness: 'claude', agent: 'other' }),
      house.ask(agent, 'explain', { harness: 'claude', agent: 'other' }),
    ]
    for (const call of refused) expect((await errorOf(call)).code).toBe('forbidden')
    expect((await house.ask(agent, 'leases.create', { harness: 'claude' })).credential?.id).toBe(id)
    expect((await house.ask(agent, 'leases.create', { harness: 'claude', agent: 'nightly' })).reason).toBe(
      'it belongs to the agent',
    )
  })

  it('of an agent with the id of a person as its name is not that person', async () => {
    const house = createHouse()
    const agent = await makeAgent(house, 'bob')
    const bobs = await house.give('bob', 'me', 'bobs')
    await house.ask('bob', 'tokens.create', { name: 'laptop', role: 'member', expiresInSeconds: null })
    expect((await errorOf(house.ask(agent, 'explain', { harness: 'claude', user: 'bob' }))).code).toBe(
      'forbidden',
    )
    expect((await errorOf(house.ask(agent, 'credentials.get', { id: bobs }))).code).toBe('not_found')
    expect((await errorOf(house.ask(agent, 'leases.create', { harness: 'claude' }))).code).toBe(
      'no_credential',
    )
    const names = (await house.ask(agent, 'tokens.list', {})).tokens.map((token) => token.name)
    expect(names).not.toContain('laptop')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect((await errorOf(house.ask(agent, 'leases.read', { id: lease.id }))).code).toBe('not_found')
  })
})

describe('deleting an agent', () => {
  it('is refused while it owns credentials, and says how many and what to type', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const id = await house.give('ada', 'agent:nightly', 'one')
    await house.give('ada', 'agent:nightly', 'two')
    const error = await errorOf(house.ask('ada', 'agents.delete', { agent: 'nightly' }))
    expect([error.code, error.message]).toEqual(['conflict', 'The agent nightly owns 2 credentials.'])
    expect(error.hint).toContain('claviger credential list --agent nightly')
    await house.ask('ada', 'credentials.move', { id, owner: 'org' })
    expect((await errorOf(house.ask('ada', 'agents.delete', { agent: 'nightly' }))).message).toContain(
      'owns 1 credential.',
    )
    expect((await house.ask('ada', 'agents.list', {})).agents).toHaveLength(1)
  })

  it('ends its tokens, leases, attachments and workers; a later one of the name inherits nothing', async () => {
    const house = createHouse()
    const authenticate = createAuthenticator(house.ports)
    await house.ask('ada', 'agents.create', { name: 'nightly' })
    const token = await agentToken(house, 'nightly', 'ada', 'ci')
    const credential = await house.give('ada', 'org', 'orgs')
    await house.ask('ada', 'agents.attach', { agent: 'nightly', credential })
    const worker = await enrolWorker(house, 'build-1', 'nightly')
    const leases = [
      await house.ask(await authenticate(token, 'r'), 'leases.create', { harness: 'claude' }),
      await house.ask(worker.caller, 'leases.create', { harness: 'claude' }),
      await house.ask(await authenticate(token, 'r'), 'leases.create', {
        harness: 'codex',
        ambient: 'login',
      }),
    ]
    expect(await house.ask('ada', 'agents.delete', { agent: 'nightly' })).toEqual({
      cleared: ['1 attachment', '1 token', 'the worker build-1', '3 running leases'],
    })
    await makeAgent(house, 'nightly')
    house.clock.now += 999
    expect((await errorOf(authenticate(token, 'r'))).message).toBe('The token ci was revoked.')
    expect((await errorOf(callerOf(house, worker.token))).message).toBe('This worker was revoked.')
    for (const lease of leases) {
      expect((await errorOf(callerOf(house, lease.handle.expose()))).code).toBe('unauthenticated')
      const row = await house.ports.store.leases.lookUp(lease.id)
      expect(row?.endReason).toBe('the agent was deleted')
    }
    const later = await callerOf(house, await agentToken(house, 'nightly'))
    expect((await errorOf(house.ask(later, 'leases.create', { harness: 'claude' }))).code).toBe(
      'no_credential',
    )
    expect((await errorOf(house.ask(later, 'leases.read', { id: leases[0]?.id ?? '' }))).code).toBe(
      'no_credential',
    )
    expect(await house.ask('ada', 'credentials.references', { id: credential })).toEqual({ references: [] })
  })

  it('leaves those of other organizations alone', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const eves = await makeAgent(house, 'nightly', 'eve')
    const credential = await house.give('eve', 'org', 'eves')
    await house.ask('eve', 'agents.attach', { agent: 'nightly', credential })
    const lease = await house.ask(eves, 'leases.create', { harness: 'claude' })
    await house.ask('ada', 'agents.delete', { agent: 'nightly' })
    expect((await house.ask(eves, 'leases.read', { id: lease.id })).credential?.name).toBe('eves')
    expect((await house.ask('eve', 'agents.get', { agent: 'nightly' })).tokens).toHaveLength(1)
  })
})
