// Who may do what with whose credentials, through every use-case that takes one (design §2).

import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, fakeKey, type House } from '../../test/support/house.ts'
import type { PersonName } from '../../test/support/people.ts'
import type { Caller } from '../domain/caller.ts'

const CHANGES = {
  'an update': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.update', { id, fields: { key: fakeKey('theft') } }),
  'an update with nothing in it': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.update', { id }),
  'an update with a bad field': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.update', { id, fields: { no: 'such field' } }),
  'a new name': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.rename', { id, name: 'mine' }),
  'a move': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.move', { id, owner: 'me' }),
  'a test': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.test', { id }),
  'a rollback': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.rollback', { id, version: 1 }),
  'a deletion': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.delete', { id }),
}

const READS = {
  'a look': (house: House, who: PersonName | Caller, id: string) => house.ask(who, 'credentials.get', { id }),
  'its versions': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.versions', { id }),
  'its references': (house: House, who: PersonName | Caller, id: string) =>
    house.ask(who, 'credentials.references', { id }),
}

async function furnished() {
  const house = createHouse()
  const ids = {
    org: await house.give('ada', 'org', 'the-orgs'),
    team: await house.give('cyd', 'team:mobile', 'the-teams'),
    personal: await house.give('cyd', 'me', 'cyds-own'),
    foreign: await house.give('eve', 'me', 'eves-own'),
  }
  return { house, ids }
}

// Refused, one refused row and no other, nothing changed, nothing opened.
async function expectRefused(house: House, call: () => Promise<unknown>, rows: number) {
  const [before, audited] = [await contentsOf(house), await house.audit()]
  const error = await errorOf(call())
  expect(await contentsOf(house)).toBe(before)
  expect(house.opened()).toBe(0)
  const added = (await house.audit()).slice(audited.length)
  expect(added.map((entry) => entry.outcome)).toEqual(Array.from({ length: rows }, () => 'refused'))
  return error
}

describe.each(Object.entries(CHANGES))('%s', (_, change) => {
  it('of what one may not know of is answered as if it did not exist', async () => {
    const { house, ids } = await furnished()
    for (const id of [ids.team, ids.personal]) {
      const error = await expectRefused(house, () => change(house, 'bob', id), 1)
      const absent = await expectRefused(house, () => change(house, 'bob', 'cred_absent'), 0)
      expect({ ...error, message: error.message.replace(id, 'cred_absent') }).toEqual({
        ...absent,
        message: absent.message,
      })
    }
  })

  it('of another organization’s is answered as if it did not exist, even to its owner’s peer', async () => {
    const { house, ids } = await furnished()
    const error = await expectRefused(house, () => change(house, 'ada', ids.foreign), 0)
    const absent = await expectRefused(house, () => change(house, 'ada', 'cred_absent'), 0)
    expect([error.code, error.message]).toEqual([
      absent.code,
      absent.message.replace('cred_absent', ids.foreign),
    ])
  })

  it('of the organization’s is not for members and auditors', async () => {
    const { house, ids } = await furnished()
    for (const who of ['bob', 'aud'] as const)
      expect((await expectRefused(house, () => change(house, who, ids.org), 1)).code).toBe('forbidden')
  })

  it('of a person’s own is not for owners and admins, who learn no more than that it exists', async () => {
    const { house, ids } = await furnished()
    for (const who of ['ada', 'ann'] as const) {
      const error = await expectRefused(house, () => change(house, who, ids.personal), 1)
      expect(error.code).toBe('forbidden')
      expect(`${error.message} ${error.hint}`).not.toContain('cyds-own')
    }
  })

  it('with the handle of a lease is refused, whatever the lease is of', async () => {
    const { house, ids } = await furnished()
    for (const id of [ids.personal, 'cred_absent']) {
      const byHandle = house.caller('cyd', { tokenId: null, leaseId: 'lease_x' })
      const error = await expectRefused(house, () => change(house, byHandle, id), 1)
      expect([error.code, error.hint]).toEqual(['forbidden', expect.stringContaining('that lease only')])
      expect(error.message).not.toContain('cyds-own')
    }
  })
})

describe.each(Object.entries(READS))('%s', (_, read) => {
  it('is for those who may see it, and for others it does not exist', async () => {
    const { house, ids } = await furnished()
    for (const [who, id] of [
      ['cyd', ids.personal],
      ['cyd', ids.team],
      ['ann', ids.team],
      ['aud', ids.team],
      ['ada', ids.org],
    ] as const)
      await read(house, who, id)
    for (const [who, id] of [
      ['bob', ids.personal],
      ['bob', ids.team],
      ['ada', ids.foreign],
      ['eve', ids.org],
    ] as const) {
      const error = await errorOf(read(house, who, id))
      const absent = await errorOf(read(house, who, 'cred_absent'))
      expect([error.code, error.message]).toEqual(['not_found', absent.message.replace('cred_absent', id)])
    }
  })
})

describe('what is new', () => {
  it('may be stored where one manages, and the refusal names the owner', async () => {
    const house = createHouse()
    for (const owner of ['org', 'team:mobile', 'user:cyd', 'agent:nightly']) {
      const error = await expectRefused(house, () => house.give('bob', owner, 'x'), 1)
      expect([error.code, error.message]).toEqual(['forbidden', expect.stringContaining(owner)])
    }
    for (const owner of ['me', 'team:platform', 'user:bob'])
      await house.give('bob', owner, `in-${owner.slice(0, 4)}`)
    await house.ask('ann', 'agents.create', { name: 'nightly' })
    for (const owner of ['org', 'team:mobile', 'agent:nightly']) await house.give('ann', owner, 'x')
    const error = await errorOf(house.give('ann', 'agent:none', 'x'))
    expect([error.code, error.hint]).toEqual([
      'not_found',
      expect.stringContaining('claviger admin agent create NAME'),
    ])
    expect((await errorOf(house.give('ann', 'user:bob', 'x'))).code).toBe('forbidden')
    expect((await errorOf(house.give('aud', 'org', 'x'))).code).toBe('forbidden')
  })
})

describe('the handle of a lease', () => {
  it('can read and end that lease, and do nothing else', async () => {
    const { house } = await furnished()
    const lease = await house.ask('cyd', 'leases.create', { harness: 'claude' })
    const other = await house.ask('cyd', 'leases.create', { harness: 'claude' })
    const byHandle = house.caller('cyd', { tokenId: null, leaseId: lease.id })
    const refused = [
      house.ask(byHandle, 'credentials.list', {}),
      house.ask(byHandle, 'credentials.getOrder', { owner: 'me', harness: 'claude' }),
      house.ask(byHandle, 'credentials.create', {
        ...{ type: 'claude/api-key', owner: 'me', name: 'x', fields: { key: 'sk-ant-x' } },
      }),
      house.ask(byHandle, 'leases.create', { harness: 'claude' }),
      house.ask(byHandle, 'leases.create', { harness: 'codex', ambient: 'login' }),
      house.ask(byHandle, 'explain', { harness: 'claude' }),
      house.ask(byHandle, 'whoami', {}),
      house.ask(byHandle, 'tokens.create', { name: 'x', role: 'member', expiresInSeconds: null }),
      house.ask(byHandle, 'tokens.list', {}),
      house.ask(byHandle, 'tokens.revoke', { name: 'x' }),
      house.ask(byHandle, 'audit.list', {}),
    ]
    for (const call of refused) expect((await errorOf(call)).code).toBe('forbidden')
    for (const name of ['leases.read', 'leases.end'] as const)
      expect((await errorOf(house.ask(byHandle, name, { id: other.id }))).code).toBe('not_found')
    expect((await house.ask(byHandle, 'leases.read', { id: lease.id })).credential?.name).toBe('cyds-own')
    expect(await house.ask(byHandle, 'leases.end', { id: lease.id })).toEqual({ ended: true })
    expect((await errorOf(house.ask(byHandle, 'leases.read', { id: lease.id }))).code).toBe('no_credential')
  })
})

describe('whoever may not know who is there', () => {
  it('does not guess what somebody’s own credentials are called by asking about their runs', async () => {
    const house = createHouse()
    const id = await house.give('cyd', 'me', 'secret-plan')
    await house.give('ada', 'org', 'shared')
    const explain = (who: PersonName, credential: string) =>
      house.ask(who, 'explain', { harness: 'claude', user: 'cyd@example.test', credential })
    for (const who of ['ann', 'aud'] as const) {
      for (const wanted of ['secret-plan', 'user:cyd/secret-plan', id, 'nothing'])
        expect((await errorOf(explain(who, wanted))).code).toBe('no_credential')
      expect((await explain(who, 'shared')).decisions).toHaveLength(1)
    }
    expect((await explain('cyd', 'secret-plan')).decisions).toHaveLength(1)
  })

  it('learns nothing of hidden credentials from how a list goes on', async () => {
    const house = createHouse()
    for (const name of ['first', 'second', 'third']) {
      await house.give('cyd', 'me', name)
      await house.give('ada', 'org', name)
    }
    const page = async (who: PersonName, query: object) => {
      const { credentials, next } = await house.ask(who, 'credentials.list', { limit: 1, ...query })
      return { names: credentials.map(({ name }) => name), next }
    }
    for (const who of ['bob', 'ann', 'aud'] as const)
      expect(await page(who, { owner: 'user:cyd', name: 'first' })).toEqual({ names: [], next: null })
    const seen: string[] = []
    for (let after: object = {}; seen.length < 9; ) {
      const { names, next } = await page('ann', after)
      seen.push(...names)
      if (next === null) break
      after = { after: next }
    }
    expect(seen).toEqual(['first', 'second', 'third'])
    expect((await page('ann', { name: 'third' })).next).toBeNull()
  })

  it.each(['bob', 'agent'])('learns it from no refusal: %s', async (who) => {
    const house = createHouse()
    const caller =
      who === 'bob'
        ? house.caller('bob')
        : house.caller('bob', { kind: 'agent', id: 'nightly', role: 'agent', agent: 'nightly', teams: [] })
    const said = async (call: Promise<unknown>, names: readonly string[]) => {
      const { code, message, hint } = await errorOf(call)
      return names.reduce((text, name) => text.replaceAll(name, 'X'), JSON.stringify([code, message, hint]))
    }
    const explain = (user: string) => said(house.ask(caller, 'explain', { harness: 'claude', user }), [user])
    expect(await explain('ada@example.test')).toBe(await explain('nobody@example.test'))
    expect(await explain('cyd')).toBe(await explain('nobody'))
    const create = (owner: string) =>
      said(
        house.ask(caller, 'credentials.create', {
          ...{ type: 'claude/api-key', fields: { key: fakeKey('k') } },
          ...{ owner, name: 'k' },
        }),
        [owner, owner.replace(/^.*:/, '')],
      )
    expect(await create('user:cyd')).toBe(await create('user:nobody'))
    expect(await create('team:mobile')).toBe(await create('team:nowhere'))
    const order = (owner: string) =>
      said(house.ask(caller, 'credentials.getOrder', { owner, harness: 'claude' }), [owner])
    expect(await order('team:mobile')).toBe(await order('team:nowhere'))
  })
})
