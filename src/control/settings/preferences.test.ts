import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'

const NONE = { harness: null, models: { claude: null, codex: null } }

let house: House

beforeEach(() => {
  house = createHouse()
})

describe('preferences', () => {
  it('are none at first, and change one by one', async () => {
    expect(await house.ask('bob', 'preferences.get', {})).toEqual(NONE)
    expect(await house.ask('bob', 'preferences.set', { harness: 'codex' })).toEqual({
      ...NONE,
      harness: 'codex',
    })
    await house.ask('bob', 'preferences.set', { models: { claude: 'opus' } })
    const both = await house.ask('bob', 'preferences.set', { models: { codex: 'gpt-5' } })
    expect(both).toEqual({ harness: 'codex', models: { claude: 'opus', codex: 'gpt-5' } })
    const less = await house.ask('bob', 'preferences.set', { harness: null, models: { claude: null } })
    expect(less).toEqual({ harness: null, models: { claude: null, codex: 'gpt-5' } })
    expect(await house.ask('bob', 'preferences.get', {})).toEqual(less)
    expect((await house.audit()).at(-1)).toMatchObject({ action: 'preferences.set', actorId: 'bob' })
  })

  it('are of one person in one organization, and go with the membership', async () => {
    const { identity, store } = house.ports
    const member = { email: 'bob@example.test', name: '', role: 'member', teams: [] } as const
    await store.atomically((unit) => identity.changing(unit).addMember('org-globex', member))
    await house.ask('bob', 'preferences.set', { harness: 'codex' })
    expect(await house.ask('cyd', 'preferences.get', {})).toEqual(NONE)
    const elsewhere = house.caller('bob', { organizationId: 'org-globex' })
    expect(await house.ask(elsewhere, 'preferences.get', {})).toEqual(NONE)
    await house.ask('ada', 'members.remove', { member: 'bob' })
    await store.atomically((unit) => identity.changing(unit).addMember('org-acme', member))
    expect(await house.ask('bob', 'preferences.get', {})).toEqual(NONE)
  })

  it('serve runs that do not say, and no others', async () => {
    await house.give('bob', 'me', 'own')
    const asks = async (request: Parameters<typeof house.ask<'runs.create'>>[2]) => {
      const { harness, wanted } = await house.ask('bob', 'runs.create', request)
      return [harness, wanted.model]
    }
    expect(await errorOf(asks({}))).toMatchObject({ code: 'invalid', message: 'Which agent program?' })
    await house.ask('bob', 'preferences.set', { harness: 'claude', models: { claude: 'opus' } })
    expect(await asks({})).toEqual(['claude', 'opus'])
    expect(await asks({ model: 'haiku' })).toEqual(['claude', 'haiku'])
    expect(await asks({ harness: 'claude' })).toEqual(['claude', 'opus'])
    const key = { key: 'sk-test-0123456789abcdef' }
    await house.ask('bob', 'credentials.create', {
      type: 'codex/api-key',
      owner: 'me',
      name: 'k',
      fields: key,
    })
    expect(await asks({ harness: 'codex' })).toEqual(['codex', null])
    await house.give('cyd', 'me', 'own')
    expect((await house.ask('cyd', 'runs.create', { harness: 'claude' })).wanted.model).toBeNull()
  })
})
