// Whoever ends or changes is known as such on every server at once, before any memory runs out: two authenticators over
// one store, and a clock that stands still.

import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../test/support/house.ts'
import { agentToken, callerOf, enrolWorker, makeAgent } from '../../test/support/machines.ts'
import type { PersonName } from '../../test/support/people.ts'
import type { Caller } from '../domain/caller.ts'
import { type Authenticate, createAuthenticator } from './authenticate.ts'

/** The other server, once both have seen all of these. */
async function otherServer(house: House, ...held: readonly string[]): Promise<Authenticate> {
  const [here, there] = [createAuthenticator(house.ports), createAuthenticator(house.ports)]
  for (const server of [here, there]) for (const one of held) await server(one, 'r')
  return there
}

async function tokenOf(house: House, who: PersonName, role: 'admin' | 'member'): Promise<string> {
  const request = { name: `of-${who}`, role, expiresInSeconds: null }
  return (await house.ask(who, 'tokens.create', request)).token.expose()
}

async function handleOf(house: House, caller: Caller | PersonName): Promise<string> {
  return (await house.ask(caller, 'leases.create', { harness: 'claude' })).handle.expose()
}

/** What each of these is refused with there. */
async function refusals(there: Authenticate, ...held: readonly string[]): Promise<string[]> {
  const errors = await Promise.all(held.map((one) => errorOf(there(one, 'r'))))
  return errors.map(({ code, message }) => `${code}: ${message}`)
}

describe('a person is known anew on the other server', () => {
  it('with another role', async () => {
    const house = createHouse()
    const token = await tokenOf(house, 'ann', 'admin')
    const there = await otherServer(house, token)
    await house.ask('ada', 'members.update', { member: 'ann', role: 'member' })
    expect((await there(token, 'r')).role).toBe('member')
  })

  it('with other teams, and without a team that was deleted', async () => {
    const house = createHouse()
    const token = await tokenOf(house, 'bob', 'member')
    const there = await otherServer(house, token)
    const teams = async () => (await there(token, 'r')).teams
    await house.ask('ada', 'teams.join', { team: 'mobile', member: 'bob' })
    expect(await teams()).toEqual(['mobile', 'platform'])
    await house.ask('ada', 'teams.leave', { team: 'platform', member: 'bob' })
    expect(await teams()).toEqual(['mobile'])
    await house.ask('ada', 'teams.delete', { team: 'mobile' })
    expect(await teams()).toEqual([])
  })

  it('with the name they gave with a sign-in link', async () => {
    const house = createHouse()
    const placeholder = 'owner@claviger.local'
    const rename = house.ports.store.atomically((unit) =>
      house.ports.identity.changing(unit).setProfile('ann', { email: placeholder }),
    )
    await rename
    const token = await tokenOf(house, 'ann', 'admin')
    const link = await house.ask('ada', 'members.link', { member: 'ann' })
    const there = await otherServer(house, token)
    const given = { email: 'Ann@acme.test', password: 'correct horse battery' }
    await house.visit('invitations.accept', { code: link.code.expose(), ...given })
    expect((await there(token, 'r')).name).toBe('ann@acme.test')
  })

  it.each(['members.remove', 'membership.leave'] as const)('as nobody, after %s', async (name) => {
    const house = createHouse()
    await house.give('bob', 'me', 'mine')
    const token = await tokenOf(house, 'bob', 'member')
    const handle = await handleOf(house, await callerOf(house, token))
    const there = await otherServer(house, token, handle)
    if (name === 'members.remove') await house.ask('ada', name, { member: 'bob' })
    else await house.ask('bob', name, {})
    expect(await refusals(there, token, handle)).toEqual([
      'unauthenticated: The token of-bob was revoked.',
      'unauthenticated: This lease is over: its holder left the organization.',
    ])
  })
})

describe('a machine is turned away on the other server', () => {
  async function atWork() {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const credential = await house.give('ada', 'org', 'orgs')
    await house.ask('ada', 'agents.attach', { agent: 'nightly', credential })
    const token = await agentToken(house, 'nightly')
    const worker = await enrolWorker(house, 'build-1', 'nightly')
    const handles = [
      await handleOf(house, await callerOf(house, token)),
      await handleOf(house, worker.caller),
    ] as const
    const there = await otherServer(house, token, worker.token, ...handles)
    return { house, credential, token, worker, handles, there }
  }

  it('when its agent was deleted', async () => {
    const { house, token, worker, handles, there } = await atWork()
    await house.ask('ada', 'agents.delete', { agent: 'nightly' })
    expect(await refusals(there, token, worker.token, ...handles)).toEqual([
      expect.stringMatching(/^unauthenticated: The token .* was revoked\.$/),
      'unauthenticated: This worker was revoked.',
      'unauthenticated: This lease is over: the agent was deleted.',
      'unauthenticated: This lease is over: the agent was deleted.',
    ])
  })

  it('when it is a worker that was revoked, and only that', async () => {
    const { house, token, worker, handles, there } = await atWork()
    await house.ask('ada', 'workers.revoke', { name: 'build-1' })
    expect(await refusals(there, worker.token, handles[1])).toEqual([
      'unauthenticated: This worker was revoked.',
      'unauthenticated: This lease is over: the worker was revoked.',
    ])
    expect((await there(token, 'r')).id).toBe('nightly')
    expect((await there(handles[0], 'r')).id).toBe('nightly')
  })

  it.each([
    ['agents.detach', 'the credential was detached'],
    ['credentials.delete', 'the credential was deleted'],
  ] as const)('when it comes with the handle of a lease that %s has ended', async (name, reason) => {
    const { house, credential, token, handles, there } = await atWork()
    if (name === 'agents.detach') await house.ask('ada', name, { agent: 'nightly', credential })
    else await house.ask('ada', name, { id: credential })
    const refused = `unauthenticated: This lease is over: ${reason}.`
    expect(await refusals(there, ...handles)).toEqual([refused, refused])
    expect((await there(token, 'r')).id).toBe('nightly')
  })
})
