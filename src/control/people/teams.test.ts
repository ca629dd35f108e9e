import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, fakeKey } from '../../../test/support/house.ts'

describe('teams', () => {
  it('are listed with the e-mails of their members, to those who manage or audit', async () => {
    const house = createHouse()
    for (const who of ['ada', 'ann', 'aud'] as const) {
      expect(await house.ask(who, 'teams.list', {})).toEqual({
        teams: [
          { team: 'mobile', members: ['cyd@example.test'] },
          { team: 'platform', members: ['ada@example.test', 'bob@example.test'] },
        ],
        ...{ next: null, total: 2 },
      })
    }
    expect((await errorOf(house.ask('bob', 'teams.list', {}))).code).toBe('forbidden')
    expect((await house.ask('eve', 'teams.list', {})).teams).toEqual([
      { team: 'platform', members: ['eve@example.test'] },
    ])
  })

  it('are made under names like those of credentials, once', async () => {
    const house = createHouse()
    expect(await house.ask('ann', 'teams.create', { team: 'data.2' })).toEqual({ team: 'data.2' })
    expect((await errorOf(house.ask('ann', 'teams.create', { team: 'data.2' }))).code).toBe('conflict')
    for (const bad of ['', 'a b', '-x', '../x', 'a'.repeat(65), 'x\n', 'sk-ant-test-0123456789']) {
      const error = await errorOf(house.ask('ann', 'teams.create', { team: bad }))
      expect(error.code).toBe('invalid')
      expect(error.message).not.toContain('sk-ant-test')
    }
    for (const who of ['bob', 'aud'] as const) {
      expect((await errorOf(house.ask(who, 'teams.create', { team: 'mine' }))).code).toBe('forbidden')
    }
    expect((await house.ask('ann', 'teams.list', {})).teams).toHaveLength(3)
    expect((await house.audit()).find(({ action }) => action === 'team.create')).toMatchObject({
      ...{ objectKind: 'team', objectName: 'data.2', outcome: 'allowed' },
    })
  })

  it('take members in and let them go, by e-mail or id, and say whether that was news', async () => {
    const house = createHouse()
    const request = { team: 'mobile', member: 'BOB@example.test' }
    const answer = { team: 'mobile', member: 'bob@example.test' }
    expect(await house.ask('ann', 'teams.join', request)).toEqual({ ...answer, changed: true })
    expect(await house.ask('ann', 'teams.join', { ...request, member: 'bob' })).toEqual({
      ...answer,
      changed: false,
    })
    expect((await house.ports.identity.person('org-acme', 'bob'))?.teams).toEqual(['mobile', 'platform'])
    expect(await house.ask('ann', 'teams.leave', request)).toEqual({ ...answer, changed: true })
    expect(await house.ask('ann', 'teams.leave', request)).toEqual({ ...answer, changed: false })
    expect((await house.audit()).filter(({ action }) => action === 'team.join')[0]).toMatchObject({
      ...{ objectName: 'mobile', details: { member: 'bob', email: 'bob@example.test' } },
    })
  })

  it('that do not exist, or are others’, are not found, and nothing is recorded as done', async () => {
    const house = createHouse()
    for (const team of ['none', 'Mobile', '']) {
      for (const call of [
        house.ask('ann', 'teams.join', { team, member: 'bob' }),
        house.ask('ann', 'teams.leave', { team, member: 'bob' }),
        house.ask('ann', 'teams.delete', { team }),
        house.ask('eve', 'teams.delete', { team: 'mobile' }),
      ]) {
        expect((await errorOf(call)).code).toBe('not_found')
      }
    }
    expect(await house.audit()).toEqual([])
    expect(await house.audit('eve')).toEqual([])
  })

  it('go when they own nothing; else it is said what is in the way', async () => {
    const house = createHouse()
    const id = await house.give('ann', 'team:mobile', 'one')
    const other = await house.give('ann', 'team:mobile', 'two')
    const error = await errorOf(house.ask('ann', 'teams.delete', { team: 'mobile' }))
    expect([error.code, error.message, error.hint]).toEqual([
      'conflict',
      'The team mobile owns 2 credentials.',
      expect.stringContaining('claviger credential list --team mobile'),
    ])
    await house.ask('ann', 'credentials.delete', { id })
    expect((await errorOf(house.ask('ann', 'teams.delete', { team: 'mobile' }))).message).toContain(
      'owns 1 credential.',
    )
    await house.ask('ann', 'credentials.move', { id: other, owner: 'org' })
    for (const who of ['bob', 'aud'] as const) {
      expect((await errorOf(house.ask(who, 'teams.delete', { team: 'mobile' }))).code).toBe('forbidden')
    }
    expect(await house.ask('ann', 'teams.delete', { team: 'mobile' })).toEqual({ deleted: 'mobile' })
    expect(await house.ports.identity.teams('org-acme')).toEqual(['platform'])
    expect((await house.ports.identity.person('org-acme', 'cyd'))?.teams).toEqual([])
    // Whoever was remembered as one of them stores nothing for it any more.
    const fields = { key: fakeKey('late') }
    const cyd = house.caller('cyd', { teams: ['mobile'] })
    const late = house.ask(cyd, 'credentials.create', {
      ...{ type: 'claude/api-key', owner: 'team:mobile', name: 'late', fields },
    })
    expect((await errorOf(late)).code).toBe('not_found')
    const moved = await house.give('cyd', 'me', 'mine')
    const move = house.ask(cyd, 'credentials.move', { id: moved, owner: 'team:mobile' })
    expect((await errorOf(move)).code).toBe('not_found')
    expect((await house.ports.store.credentials.get('org-acme', moved))?.owner).toBe('user:cyd')
  })
})
