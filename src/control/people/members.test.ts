import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, fakeKey, type House } from '../../../test/support/house.ts'
import type { PersonName } from '../../../test/support/people.ts'
import type { Request } from '../../api/schemas.ts'
import { createAuthenticator } from '../authenticate.ts'

type Role = Request<'members.update'>['role']

const setRole = (house: House, who: PersonName, member: string, role: Role) =>
  house.ask(who, 'members.update', { member, role })
const remove = (house: House, who: PersonName, member: string) => house.ask(who, 'members.remove', { member })
const roleOf = async (house: House, id: string) => (await house.ports.identity.person('org-acme', id))?.role

async function tokenOf(house: House, who: PersonName, name: string): Promise<string> {
  const role = house.caller(who).role as Role
  return (await house.ask(who, 'tokens.create', { name, role, expiresInSeconds: null })).token.expose()
}

/** Everything a refused call may not have changed: people too. */
async function everything(house: House): Promise<string> {
  const people = await Promise.all(['org-acme', 'org-globex'].map((id) => house.ports.identity.members(id)))
  return JSON.stringify([people, await contentsOf(house)])
}

describe('members.list', () => {
  it('shows all members of one’s own organization to those who manage or audit, by e-mail', async () => {
    const house = createHouse()
    for (const who of ['ada', 'ann', 'aud'] as const) {
      const { members } = await house.ask(who, 'members.list', {})
      expect(members.map(({ id, role }) => [id, role])).toEqual([
        ['ada', 'owner'],
        ['ann', 'admin'],
        ['aud', 'auditor'],
        ['bob', 'member'],
        ['cyd', 'member'],
      ])
      expect(members[3]).toEqual({
        ...{ id: 'bob', email: 'bob@example.test', name: 'bob', role: 'member', teams: ['platform'] },
      })
    }
    expect((await errorOf(house.ask('bob', 'members.list', {}))).code).toBe('forbidden')
  })
})

describe('members.update', () => {
  it('changes a role, by e-mail or id, and says in the audit from what to what', async () => {
    const house = createHouse()
    expect(await setRole(house, 'ann', 'BOB@example.test', 'auditor')).toMatchObject({
      ...{ id: 'bob', role: 'auditor' },
    })
    expect(await setRole(house, 'ann', 'bob', 'admin')).toMatchObject({ role: 'admin', teams: ['platform'] })
    expect(await roleOf(house, 'bob')).toBe('admin')
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{ action: 'member.update', objectKind: 'member', objectId: 'bob', objectName: 'bob@example.test' },
      ...{ outcome: 'allowed', actorName: 'ann@example.test', details: { from: 'auditor', to: 'admin' } },
    })
  })

  it.each([
    ['ann', 'bob', 'owner'], // an admin makes no owner
    ['ann', 'ann', 'owner'], // not even of themselves
    ['ann', 'ada', 'member'], // nor does an admin touch one
    ['ann', 'ada', 'owner'],
    ['bob', 'bob', 'admin'],
    ['aud', 'bob', 'admin'],
  ] as const)('by %s of %s to %s is refused, recorded, and changes nothing', async (who, member, role) => {
    const house = createHouse()
    const before = await everything(house)
    const error = await errorOf(setRole(house, who, member, role))
    expect([error.code, error.hint]).toEqual(['forbidden', expect.stringMatching(/^Ask an (owner|admin)/)])
    expect(await everything(house)).toBe(before)
    expect((await house.audit()).map(({ outcome }) => outcome)).toEqual(['refused'])
  })

  it('by an owner whose token is an admin’s is an admin’s', async () => {
    const house = createHouse()
    const call = house.ask(house.caller('ada', { role: 'admin' }), 'members.update', {
      member: 'bob',
      role: 'owner',
    })
    expect((await errorOf(call)).code).toBe('forbidden')
  })

  it('makes and unmakes owners, but leaves the last one', async () => {
    const house = createHouse()
    const error = await errorOf(setRole(house, 'ada', 'ada', 'admin'))
    expect([error.code, error.message]).toEqual(['conflict', expect.stringContaining('last owner')])
    expect(await roleOf(house, 'ada')).toBe('owner')
    await setRole(house, 'ada', 'ann', 'owner')
    await setRole(house, 'ada', 'ada', 'member')
    expect([await roleOf(house, 'ada'), await roleOf(house, 'ann')]).toEqual(['member', 'owner'])
  })

  it('does not know members of others, in the same words as those who do not exist', async () => {
    const house = createHouse()
    for (const absent of ['eve', 'eve@example.test', 'nobody', 'nobody@example.test', '', 'bob@']) {
      const before = await everything(house)
      for (const call of [
        () => setRole(house, 'ada', absent, 'member'),
        () => remove(house, 'ada', absent),
        () => house.ask('ada', 'members.references', { member: absent }),
        () => house.ask('ada', 'teams.join', { team: 'platform', member: absent }),
      ]) {
        const error = await errorOf(call())
        expect([error.code, error.message]).toEqual(['not_found', `There is no member ${absent}.`])
      }
      expect(await everything(house)).toBe(before)
    }
  })

  it('is felt within half a second by those who are signed in', async () => {
    const house = createHouse()
    const authenticate = createAuthenticator(house.ports)
    const token = await tokenOf(house, 'ann', 'laptop')
    expect((await authenticate(token, 'r')).role).toBe('admin')
    await setRole(house, 'ada', 'ann', 'member')
    await house.ask('ada', 'teams.join', { team: 'mobile', member: 'ann' })
    house.clock.now += 500
    expect(await authenticate(token, 'r')).toMatchObject({ role: 'member', teams: ['mobile'] })
    await house.ask('ada', 'teams.leave', { team: 'mobile', member: 'ann' })
    house.clock.now += 500
    expect((await authenticate(token, 'r')).teams).toEqual([])
    await remove(house, 'ada', 'ann')
    house.clock.now += 500
    expect((await errorOf(authenticate(token, 'r'))).code).toBe('unauthenticated')
  })
})

async function furnished() {
  const house = createHouse()
  const token = await tokenOf(house, 'bob', 'laptop')
  await tokenOf(house, 'bob', 'ci')
  await tokenOf(house, 'cyd', 'cyds')
  const key = { key: fakeKey('mine') }
  const ids = {
    mine: await house.give('bob', 'me', 'mine', { fields: key }),
    teams: await house.give('bob', 'team:platform', 'the-teams'),
    cyds: await house.give('cyd', 'me', 'cyds'),
  }
  const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
  const cyds = await house.ask('cyd', 'leases.create', { harness: 'claude' })
  return { house, token, ids, lease, cyds }
}

const HELD = { tokens: 2, leases: 1, credentials: 1 }

describe('members.remove', () => {
  it('says before what will end, and afterwards what has', async () => {
    const { house } = await furnished()
    const before = await everything(house)
    expect(await house.ask('aud', 'members.references', { member: 'bob@example.test' })).toEqual({
      ...{ id: 'bob', email: 'bob@example.test', held: HELD },
      references: ['2 tokens', '1 running lease', '1 personal credential'],
    })
    expect(await everything(house)).toBe(before)
    expect(await house.ask('ada', 'members.references', { member: 'aud' })).toMatchObject({ references: [] })
    expect((await errorOf(house.ask('bob', 'members.references', { member: 'cyd' }))).code).toBe('forbidden')
    expect(await remove(house, 'ann', 'bob@example.test')).toEqual({
      ...{ id: 'bob', email: 'bob@example.test', ended: HELD },
    })
  })

  it('ends all of theirs and nothing of others’, each with a row in the audit', async () => {
    const { house, token, ids, lease, cyds } = await furnished()
    const audited = (await house.audit()).length
    await remove(house, 'ann', 'bob')
    const { store, identity } = house.ports
    expect(await identity.person('org-acme', 'bob')).toBeUndefined()
    const tokens = await store.tokens.list('org-acme')
    expect(tokens.map(({ name, revokedAt }) => [name, revokedAt !== null])).toEqual([
      ['laptop', true],
      ['ci', true],
      ['cyds', false],
    ])
    expect((await store.leases.lookUp(lease.id))?.endReason).toContain('left the organization')
    expect((await store.leases.lookUp(cyds.id))?.endedAt).toBeNull()
    expect(await store.credentials.get('org-acme', ids.mine)).toBeUndefined()
    expect(await store.versions.list(ids.mine)).toEqual([])
    for (const id of [ids.teams, ids.cyds]) expect(await store.credentials.get('org-acme', id)).toBeDefined()
    const rows = (await house.audit()).slice(audited)
    expect(rows.map(({ action, objectName, outcome }) => [action, objectName, outcome])).toEqual([
      ['member.remove', 'bob@example.test', 'allowed'],
      ['token.revoke', 'laptop', 'allowed'],
      ['token.revoke', 'ci', 'allowed'],
      ['credential.delete', 'mine', 'allowed'],
    ])
    house.clock.now += 500
    expect((await errorOf(createAuthenticator(house.ports)(token, 'r'))).code).toBe('unauthenticated')
    expect(house.opened()).toBe(2) // the two leases, before
  })

  it('of an owner is for owners, and of the last one for nobody', async () => {
    const { house } = await furnished()
    const before = await everything(house)
    expect((await errorOf(remove(house, 'ann', 'ada'))).code).toBe('forbidden')
    expect((await errorOf(remove(house, 'ada', 'ada'))).code).toBe('conflict')
    for (const who of ['bob', 'aud', 'eve'] as const) await errorOf(remove(house, who, 'cyd'))
    expect(await everything(house)).toBe(before)
    await setRole(house, 'ada', 'ann', 'owner')
    await house.ask(house.caller('ann', { role: 'owner' }), 'members.remove', { member: 'ada' })
    expect(await roleOf(house, 'ada')).toBeUndefined()
  })

  it('is all or nothing', async () => {
    const { house } = await furnished()
    const before = await everything(house)
    house.auditFails('allowed')
    expect((await errorOf(remove(house, 'ann', 'bob'))).code).toBe('storage_full')
    expect(await everything(house)).toBe(before)
  })

  it('leaves nothing for whoever comes back', async () => {
    const { house, token } = await furnished()
    await house.give('bob', 'me', 'subscription', {
      ...{ type: 'claude/setup-token', fields: { token: 'sk-ant-oat01-test-0123456789abcdef' } },
      acceptNotice: true,
    })
    await remove(house, 'ann', 'bob')
    await house.ports.store.atomically((unit) =>
      house.ports.identity
        .changing(unit)
        .addMember('org-acme', { email: 'bob@example.test', name: 'Bob', role: 'member', teams: [] }),
    )
    expect((await errorOf(createAuthenticator(house.ports)(token, 'r'))).code).toBe('unauthenticated')
    expect((await house.ask('bob', 'credentials.list', { owner: 'me' })).credentials).toEqual([])
    const again = house.give('bob', 'me', 'subscription', {
      ...{ type: 'claude/setup-token', fields: { token: 'sk-ant-oat01-test-0123456789abcdef' } },
    })
    expect((await errorOf(again)).message).toContain('subscriptions policy for claude is off')
  })
})

describe('membership.leave', () => {
  it('does for a member what a removal would, asked for beforehand', async () => {
    const { house, token } = await furnished()
    expect(await house.ask('bob', 'membership.references', {})).toMatchObject({ id: 'bob', held: HELD })
    expect(await house.ask('bob', 'membership.leave', {})).toMatchObject({ ended: HELD })
    expect((await house.audit()).filter(({ actorId }) => actorId === 'bob').at(-4)).toMatchObject({
      ...{ action: 'member.leave', objectId: 'bob', outcome: 'allowed', details: { role: 'member' } },
    })
    house.clock.now += 500
    expect((await errorOf(createAuthenticator(house.ports)(token, 'r'))).code).toBe('unauthenticated')
  })

  it('is not for the last owner, for handles of leases and for machines', async () => {
    const { house } = await furnished()
    const before = await everything(house)
    expect((await errorOf(house.ask('ada', 'membership.leave', {}))).code).toBe('conflict')
    const byHandle = house.caller('bob', { tokenId: null, leaseId: 'lease_x' })
    expect((await errorOf(house.ask(byHandle, 'membership.leave', {}))).code).toBe('forbidden')
    const agent = house.caller('bob', { kind: 'agent', role: 'agent', id: 'bob', agent: 'bob' })
    expect((await errorOf(house.ask(agent, 'membership.leave', {}))).code).toBe('not_found')
    expect(await everything(house)).toBe(before)
    for (const who of ['ann', 'aud', 'cyd'] as const) await house.ask(who, 'membership.leave', {})
    expect((await house.ports.identity.members('org-acme')).map(({ id }) => id)).toEqual(['ada', 'bob'])
  })
})

describe('what is made at the same time', () => {
  it('for somebody who has just left is refused', async () => {
    const { house } = await furnished()
    const bob = house.caller('bob')
    await remove(house, 'ann', 'bob')
    const before = await everything(house)
    const fields = { key: fakeKey('late') }
    const calls = [
      house.ask(bob, 'credentials.create', { type: 'claude/api-key', owner: 'me', name: 'late', fields }),
      house.ask(bob, 'tokens.create', { name: 'late', role: 'member', expiresInSeconds: null }),
    ]
    for (const call of calls) expect((await errorOf(call)).code).toBe('not_found')
    expect(await everything(house)).toBe(before)
  })
})
