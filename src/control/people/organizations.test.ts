import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'

const create = (house: House, name: string, owner = 'zoe@example.test') =>
  house.ask('ada', 'organizations.create', { name, owner })

describe('organizations', () => {
  it('are made with a team for everyone and a first owner, who may be new here', async () => {
    const house = createHouse()
    const made = await create(house, '  Initech & Söhne ', 'Zoe@Example.Test')
    expect(made).toEqual({
      id: expect.any(String),
      link: expect.anything(),
      name: 'Initech & Söhne',
      owner: {
        ...{ id: expect.any(String), email: 'zoe@example.test', name: 'zoe', role: 'owner' },
        teams: ['everyone'],
      },
    })
    const { identity } = house.ports
    expect(await identity.members(made.id)).toEqual([made.owner])
    expect(await identity.teams(made.id)).toEqual(['everyone'])
    // Somebody who is here already is the same person there.
    const second = await create(house, 'Hooli', 'bob@example.test')
    expect(second.owner).toMatchObject({ id: 'bob', name: 'bob', role: 'owner' })
    expect(await identity.organizationsOf('bob')).toHaveLength(2)
    expect((await house.ask('ada', 'organizations.list', {})).organizations.map(({ name }) => name)).toEqual([
      'Acme',
      'Globex',
      'Hooli',
      'Initech & Söhne',
    ])
  })

  it('are none of the operator’s business: nothing in them is seen or changed from outside', async () => {
    const house = createHouse()
    const { id, owner } = await create(house, 'Initech')
    const zoe = house.caller('eve', { organizationId: id, id: owner.id, name: owner.email, teams: [] })
    const key = { type: 'claude/api-key', fields: { key: 'sk-ant-test-of-zoe-0123456789' } } as const
    const made = await house.ask(zoe, 'credentials.create', { ...key, owner: 'org', name: 'theirs' })
    expect((await errorOf(house.ask('ada', 'credentials.get', { id: made.id }))).code).toBe('not_found')
    const removal = house.ask('ada', 'members.remove', { member: owner.email })
    expect((await errorOf(removal)).code).toBe('not_found')
    expect((await house.ask('ada', 'members.list', {})).members).toHaveLength(5)
    const [first] = await house.ports.store.audit.list(id, { limit: 10 })
    expect(first).toMatchObject({
      ...{ action: 'organization.create', actorKind: 'operator', actorName: 'ada@example.test' },
      ...{ objectId: id, outcome: 'allowed', details: { owner: 'zoe@example.test' } },
    })
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{ action: 'organization.create', objectName: 'Initech', outcome: 'allowed' },
    })
  })

  it('are for owners of the organization that operates the installation', async () => {
    const house = createHouse()
    for (const who of ['ann', 'bob', 'aud', 'eve'] as const) {
      for (const call of [
        house.ask(who, 'organizations.list', {}),
        house.ask(who, 'organizations.create', { name: 'Mine', owner: 'x@example.test' }),
      ]) {
        expect((await errorOf(call)).code).toBe('forbidden')
      }
    }
    expect(await house.ports.identity.organizations()).toHaveLength(2)
  })

  it.each([
    ['', 'zoe@example.test', 'invalid'],
    ['\u001b[31mred', 'zoe@example.test', 'invalid'],
    ['***', 'zoe@example.test', 'invalid'],
    ['x'.repeat(101), 'zoe@example.test', 'invalid'],
    ['Initech', 'zoe', 'invalid'],
    ['Initech', 'zoe@example.test\n', 'invalid'],
    ['Initech', `${'z'.repeat(250)}@example.test`, 'invalid'],
    ['acme', 'zoe@example.test', 'conflict'],
    [' ACME! ', 'zoe@example.test', 'conflict'],
  ])('named %j with the owner %j are refused, and nothing is left', async (name, owner, code) => {
    const house = createHouse()
    const error = await errorOf(create(house, name, owner))
    expect(error.code).toBe(code)
    expect(await house.ports.identity.organizations()).toHaveLength(2)
    expect((await house.audit()).filter(({ outcome }) => outcome === 'allowed')).toEqual([])
  })
})
