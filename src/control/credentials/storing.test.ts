import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, fakeKey, rowOf } from '../../../test/support/house.ts'
import type { PersonName } from '../../../test/support/people.ts'

describe('credentials.create', () => {
  it('stores a credential of one’s own and shows everything but its value', async () => {
    const house = createHouse()
    const fields = { key: `  ${fakeKey('main')}\n` }
    const made = await house.ask('bob', 'credentials.create', {
      ...{ type: 'claude/api-key', owner: 'me', name: 'main', fields, description: 'rotate in May' },
    })
    expect(made).toMatchObject({
      ...{ owner: 'user:bob', name: 'main', type: 'claude/api-key', harness: 'claude', state: 'ok' },
      ...{ description: 'rotate in May', suffix: '6789', version: 1, fields: {} },
    })
    expect(JSON.stringify(made)).not.toContain(fakeKey('main'))
    const { tested, ...stored } = made
    expect(tested).toBeNull()
    expect(await house.ask('bob', 'credentials.get', { id: made.id })).toMatchObject(stored)
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(lease.credential?.fields['key']?.expose()).toBe(fakeKey('main')) // trimmed at its ends
  })

  it('shows the fields that are no secret', async () => {
    const house = createHouse()
    const fields = { token: `ABSK-test-${'x'.repeat(20)}`, region: 'eu-west-1' }
    const made = await house.ask('bob', 'credentials.create', {
      ...{ type: 'claude/bedrock-api-key', owner: 'team:platform', name: 'aws', fields },
    })
    expect(made.fields).toEqual({ region: 'eu-west-1' })
  })

  it.each([
    ['a missing field', 'claude/api-key', 'main', {}, 'invalid', 'The API key is missing.'],
    ['an empty value', 'claude/api-key', 'main', { key: ' \n' }, 'invalid', 'The API key is empty.'],
    ['a line break inside', 'claude/api-key', 'main', { key: 'sk-ant-a\nb' }, 'invalid', 'line break inside'],
    [
      'a 200 KB value',
      'claude/api-key',
      'main',
      { key: `sk-ant-${'x'.repeat(200_000)}` },
      'too_large',
      'too long',
    ],
    [
      'another kind of key',
      'claude/api-key',
      'main',
      { key: 'sk-ant-oat01-x' },
      'invalid',
      'claude/setup-token',
    ],
    [
      'an unknown field',
      'claude/api-key',
      'main',
      { key: 'sk-ant-x', regoin: 'x' },
      'invalid',
      'no field "regoin"',
    ],
    [
      'a field of Object',
      'claude/api-key',
      'main',
      { key: 'sk-ant-x', constructor: 'x' },
      'invalid',
      'no field',
    ],
    [
      'what comes with a plugin only',
      'codex/api-key',
      'main',
      { key: 'sk-x', plugin: 'acme' },
      'invalid',
      'comes with a sign-in only',
    ],
    ['a bad name', 'claude/api-key', '../main', { key: 'sk-ant-x' }, 'invalid', 'cannot be a name'],
    ['a raw name that is no variable', 'raw', 'a-b', { value: 'x' }, 'invalid', 'environment variable'],
    [
      'a raw name that takes over runs',
      'raw',
      'LD_PRELOAD',
      { value: 'x' },
      'invalid',
      'change what a run executes',
    ],
    [
      'a type that is made by signing in',
      'claude/oauth',
      'main',
      { access: 'x' },
      'invalid',
      'by signing in',
    ],
    [
      'a subscription without the notice',
      'claude/setup-token',
      'main',
      { token: 'sk-ant-oat01-x' },
      'forbidden',
      'is off',
    ],
  ] as const)('refuses %s and changes nothing', async (_, type, name, fields, code, message) => {
    const house = createHouse()
    const before = await contentsOf(house)
    const error = await errorOf(house.ask('bob', 'credentials.create', { type, owner: 'me', name, fields }))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
    expect(error.hint).toBeTruthy()
    expect(await contentsOf(house)).toBe(before)
  })

  it('keeps line breaks of a raw secret and trims its ends', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'CERT', { type: 'raw', fields: { value: '\nline 1\nline 2\n' } })
    await house.give('bob', 'me', 'main')
    const { raw } = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(raw[0]?.value.expose()).toBe('line 1\nline 2')
  })

  it('refuses a name its owner uses, and takes it for another owner', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'main')
    const before = await contentsOf(house)
    const error = await errorOf(house.give('bob', 'me', 'main'))
    expect([error.code, error.hint]).toEqual(['conflict', expect.stringContaining('--value main')])
    expect(await contentsOf(house)).toBe(before)
    await house.give('bob', 'team:platform', 'main')
    await house.give('cyd', 'me', 'main')
  })

  it('asks the provider first when told to, and stores nothing that is refused', async () => {
    const house = createHouse()
    const request = {
      type: 'claude/api-key',
      owner: 'me',
      fields: { key: fakeKey('a') },
      test: true,
    } as const
    for (const [result, code] of [
      ['refused', 'rejected'],
      ['no_credit', 'rejected'],
      ['forbidden', 'rejected'],
      ['unknown', 'upstream'],
    ] as const) {
      house.provider.result = result
      const error = await errorOf(house.ask('bob', 'credentials.create', { ...request, name: result }))
      expect([error.code, error.message]).toEqual([code, `The provider says: ${result}.`])
    }
    expect((await house.ask('bob', 'credentials.list', {})).credentials).toEqual([])
    house.provider.result = 'works'
    await house.ask('bob', 'credentials.create', { ...request, name: 'works' })
    expect(house.provider.asked).toBe(5)
  })

  it('stores a setup token of one’s own once the notice is accepted, and for nobody else', async () => {
    const house = createHouse()
    const token = { type: 'claude/setup-token', fields: { token: 'sk-ant-oat01-test' } } as const
    const shared = await errorOf(
      house.give('ada', 'team:platform', 'shared', { ...token, acceptNotice: true }),
    )
    expect([shared.code, shared.message]).toEqual([
      'forbidden',
      expect.stringContaining('policy for claude is owner'),
    ])
    const id = await house.give('bob', 'me', 'mine', { ...token, acceptNotice: true })
    await house.give('bob', 'me', 'second', token) // once is enough
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude', credential: id })
    expect(lease.credential?.type).toBe('claude/setup-token')
    expect((await errorOf(house.give('cyd', 'me', 'mine', token))).code).toBe('forbidden')
  })
})

describe('credentials.list', () => {
  it('says of others’ personal credentials that they exist, to those who may know, and nothing more', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'bobs-first')
    await house.give('bob', 'me', 'bobs-second')
    await house.give('cyd', 'me', 'cyds')
    await house.give('eve', 'me', 'eves')
    await house.give('ada', 'me', 'adas')
    const [bob, cyd] = [
      { owner: 'user:bob', count: 2 },
      { owner: 'user:cyd', count: 1 },
    ]
    const others = async (who: PersonName, request = {}) =>
      (await house.ask(who, 'credentials.list', request)).others
    expect(await others('ada')).toEqual([bob, cyd])
    for (const who of ['ann', 'aud'] as const) {
      expect(await others(who)).toEqual([{ owner: 'user:ada', count: 1 }, bob, cyd])
    }
    expect(await others('bob')).toEqual([])
    expect(await others('ann', { owner: 'user:bob' })).toEqual([bob])
    for (const owner of ['org', 'me', 'team:platform']) expect(await others('ann', { owner })).toEqual([])
    // A filter would tell what they are.
    const filters = [{ type: 'claude/api-key' }, { harness: 'claude' }, { state: 'ok' }, { name: 'cyds' }]
    for (const filter of [...filters, { after: 'cred_0' }]) expect(await others('ann', filter)).toEqual([])
    const whole = JSON.stringify(await house.ask('ann', 'credentials.list', {}))
    for (const name of ['bobs-first', 'cyds', 'eves']) expect(whole).not.toContain(name)
  })

  it('shows each their own, their teams’ and the organization’s, page by page', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'shared')
    await house.give('bob', 'team:platform', 'team')
    await house.give('bob', 'me', 'bobs')
    await house.give('cyd', 'me', 'cyds')
    await house.give('eve', 'org', 'foreign')
    const names = async (who: 'ada' | 'ann' | 'bob' | 'cyd' | 'aud' | 'eve') =>
      (await house.ask(who, 'credentials.list', {})).credentials.map((one) => one.name).sort()
    expect(await names('bob')).toEqual(['bobs', 'shared', 'team'])
    expect(await names('cyd')).toEqual(['cyds', 'shared'])
    expect(await names('ann')).toEqual(['shared', 'team'])
    expect(await names('aud')).toEqual(['shared', 'team'])
    expect(await names('eve')).toEqual(['foreign'])

    const first = await house.ask('bob', 'credentials.list', { limit: 2 })
    const second = await house.ask('bob', 'credentials.list', { limit: 2, after: first.next ?? '' })
    expect([...first.credentials, ...second.credentials].map((one) => one.name).sort()).toEqual([
      'bobs',
      'shared',
      'team',
    ])
    expect(second.next).toBeNull()
  })

  it('filters by harness, owner, type, state and name', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'claude-key')
    await house.give('bob', 'me', 'codex-key', {
      type: 'codex/api-key',
      fields: { key: 'sk-test-0123456789abc' },
    })
    await house.give('bob', 'me', 'RAW', { type: 'raw', fields: { value: 'x' } })
    await house.give('bob', 'team:platform', 'claude-key')
    const found = async (filter: object) =>
      (await house.ask('bob', 'credentials.list', filter)).credentials.map(
        (one) => `${one.owner}/${one.name}`,
      )
    expect(await found({ harness: 'codex' })).toEqual(['user:bob/codex-key'])
    expect(await found({ harness: 'raw' })).toEqual(['user:bob/RAW'])
    expect(await found({ type: 'claude/api-key', owner: 'me' })).toEqual(['user:bob/claude-key'])
    expect(await found({ name: 'claude-key' })).toHaveLength(2)
    expect(await found({ state: 'rejected' })).toEqual([])
  })

  it('tells a member of the organization’s credentials their name and type only', async () => {
    const house = createHouse()
    const id = await house.give('ada', 'org', 'shared', { description: 'from the vendor portal' })
    const [seen] = (await house.ask('bob', 'credentials.list', {})).credentials
    expect(seen).toMatchObject({ name: 'shared', type: 'claude/api-key' })
    for (const hidden of ['suffix', 'description', 'fields', 'version', 'createdAt', 'updatedAt'])
      expect(seen).not.toHaveProperty(hidden)
    expect((await errorOf(house.ask('bob', 'credentials.versions', { id }))).code).toBe('forbidden')
    expect((await errorOf(house.ask('bob', 'credentials.references', { id }))).code).toBe('forbidden')
    expect((await house.ask('ann', 'credentials.versions', { id })).versions).toHaveLength(1)
    expect((await house.ask('aud', 'credentials.versions', { id })).versions).toHaveLength(1)
  })
})

describe('credentials.delete', () => {
  it('names what refers to it, clears it and cannot be undone', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    await house.ask('bob', 'credentials.setOrder', { owner: 'me', harness: 'claude', credentials: [id] })
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const { references } = await house.ask('bob', 'credentials.references', { id })
    expect(references).toEqual(['place 1 in the order of user:bob', '1 running lease'])
    expect(await house.ask('bob', 'credentials.delete', { id })).toEqual({ cleared: references })

    expect((await errorOf(house.ask('bob', 'credentials.get', { id }))).code).toBe('not_found')
    expect((await errorOf(house.ask('bob', 'credentials.delete', { id }))).code).toBe('not_found')
    expect(await house.ports.store.versions.list(id)).toEqual([])
    const ended = await errorOf(house.ask('bob', 'leases.read', { id: lease.id }))
    expect([ended.code, ended.message]).toEqual(['no_credential', expect.stringContaining('was deleted')])
    await house.give('bob', 'me', 'main')
  })

  it('leaves the credential as it was when the audit row cannot be written', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const row = await rowOf(house, id)
    house.auditFails('allowed')
    expect((await errorOf(house.ask('bob', 'credentials.delete', { id }))).code).toBe('storage_full')
    expect(await rowOf(house, id)).toEqual(row)
  })
})
