import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, fakeKey, type House, rowOf } from '../../../test/support/house.ts'

const ACCESS_KEY = {
  accessKeyId: 'AKIATESTTESTTEST1234',
  secretAccessKey: 'secret-access-key-test-0123456789',
  region: 'eu-west-1',
}

async function fieldsOf(house: House, credential: string): Promise<Record<string, string>> {
  const lease = await house.ask('bob', 'leases.create', { harness: 'claude', credential })
  return Object.fromEntries(
    Object.entries(lease.credential?.fields ?? {}).map(([name, one]) => [name, one.expose()]),
  )
}

describe('credentials.update', () => {
  it('changes a value, as a new version', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    house.clock.now += 1000
    const updated = await house.ask('bob', 'credentials.update', {
      id,
      fields: { key: `${fakeKey('new')}WXYZ` },
    })
    expect(updated).toMatchObject({ version: 2, suffix: 'WXYZ', state: 'ok' })
    expect(Date.parse(updated.updatedAt ?? '')).toBe(Date.parse(updated.createdAt ?? '') + 1000)
    expect(await fieldsOf(house, id)).toEqual({ key: `${fakeKey('new')}WXYZ` })
    const { versions } = await house.ask('bob', 'credentials.versions', { id })
    expect(versions.map(({ version, current, note }) => [version, current, note])).toEqual([
      [2, true, 'changed: key'],
      [1, false, 'created'],
    ])
  })

  it('changes a description without touching the value', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const updated = await house.ask('bob', 'credentials.update', { id, description: 'rotate in June' })
    expect(updated).toMatchObject({ description: 'rotate in June', version: 1, suffix: '6789' })
    expect(house.opened()).toBe(0)
  })

  it('changes one field and keeps the others, opening those with an audit row of their own', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'aws', { type: 'claude/bedrock-access-key', fields: ACCESS_KEY })
    const updated = await house.ask('bob', 'credentials.update', { id, fields: { region: 'us-east-1' } })
    expect(updated).toMatchObject({ version: 2, fields: { region: 'us-east-1' }, suffix: '1234' })
    expect(await fieldsOf(house, id)).toEqual({ ...ACCESS_KEY, region: 'us-east-1' })
    const actions = (await house.audit()).map((entry) => entry.action)
    expect(actions).toEqual(['credential.create', 'credential.reseal', 'credential.update', 'lease.create'])
  })

  it('removes an optional field, and no other', async () => {
    const house = createHouse()
    const fields = { ...ACCESS_KEY, sessionToken: 'session-token-test' }
    const id = await house.give('bob', 'me', 'aws', { type: 'claude/bedrock-access-key', fields })
    await house.ask('bob', 'credentials.update', { id, clear: ['sessionToken'] })
    expect(await fieldsOf(house, id)).toEqual(ACCESS_KEY)
    expect(
      (await errorOf(house.ask('bob', 'credentials.update', { id, clear: ['region'] }))).message,
    ).toMatch(/cannot be removed/)
  })

  it.each([
    ['nothing', {}, 'invalid'],
    ['no field', { fields: {} }, 'invalid'],
    ['an empty value', { fields: { key: '' } }, 'invalid'],
    ['an unknown field', { fields: { region: 'eu-west-1' } }, 'invalid'],
    ['a value too long', { fields: { key: `sk-ant-${'x'.repeat(200_000)}` } }, 'too_large'],
  ])('refuses %s and changes nothing', async (_, change, code) => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const before = await contentsOf(house)
    const error = await errorOf(house.ask('bob', 'credentials.update', { id, ...change }))
    expect([error.code, error.hint]).toEqual([code, expect.any(String)])
    expect(await contentsOf(house)).toBe(before)
  })

  it('asks the provider first when told to', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const before = await contentsOf(house)
    house.provider.result = 'refused'
    const request = { id, fields: { key: fakeKey('new') }, test: true }
    expect((await errorOf(house.ask('bob', 'credentials.update', request))).code).toBe('rejected')
    expect(await contentsOf(house)).toBe(before)
    house.provider.result = 'limited'
    expect(await house.ask('bob', 'credentials.update', request)).toMatchObject({ version: 2 })
  })

  it('lets exactly one of many concurrent changes win, and loses nothing', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const changes = Array.from({ length: 8 }, (_, i) =>
      house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey(`n${i}`) } }),
    )
    const outcomes = await Promise.allSettled(changes)
    const winners = outcomes.flatMap((one, i) => (one.status === 'fulfilled' ? [i] : []))
    expect(winners).toHaveLength(1)
    for (const one of outcomes)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'conflict' })
    expect(await fieldsOf(house, id)).toEqual({ key: fakeKey(`n${winners[0]}`) })
    expect(await rowOf(house, id)).toMatchObject({ version: 2, revision: 2 })
    const updates = (await house.audit()).filter((entry) => entry.action === 'credential.update')
    expect(updates).toHaveLength(1)
  })

  it('refuses a change that would seal with a field that has gone missing', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'aws', { type: 'claude/bedrock-access-key', fields: ACCESS_KEY })
    const { revision } = await rowOf(house, id)
    // As a pointer to a version without values would look after the database was tampered with.
    await house.ports.store.credentials.update('org-acme', id, revision, { version: 7 })
    const error = await errorOf(
      house.ask('bob', 'credentials.update', { id, fields: { region: 'us-east-1' } }),
    )
    expect(error.code).toBe('unavailable')
  })
})

describe('a value that is tried out before it is stored', () => {
  it('is stored whatever comes of that when somebody says so, and does not serve when it was refused', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const fields = { key: fakeKey('new') }
    house.provider.result = 'refused'
    const asked = { id, fields, test: true }
    expect((await errorOf(house.ask('bob', 'credentials.update', asked))).code).toBe('rejected')
    expect(await house.ask('bob', 'credentials.get', { id })).toMatchObject({ version: 1, state: 'ok' })
    const saved = await house.ask('bob', 'credentials.update', { ...asked, saveAnyway: true })
    expect(saved).toMatchObject({ version: 2, state: 'rejected', tested: { result: 'refused' } })
    const made = await house.ask('bob', 'credentials.create', {
      ...{ type: 'claude/api-key', owner: 'me', name: 'second', fields: { key: fakeKey('second') } },
      ...{ test: true, saveAnyway: true },
    })
    expect(made).toMatchObject({ state: 'rejected', tested: { result: 'refused' } })
    expect((await errorOf(house.ask('bob', 'leases.create', { harness: 'claude' }))).code).toBe(
      'no_credential',
    )
    house.provider.result = 'works'
    expect(await house.ask('bob', 'credentials.update', asked)).toMatchObject({ version: 3, state: 'ok' })
  })

  it('is an older one too, which stays where it is when it is refused', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    await house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey('new') } })
    house.provider.result = 'unknown'
    const back = { id, version: 1, test: true }
    expect((await errorOf(house.ask('bob', 'credentials.rollback', back))).code).toBe('upstream')
    expect(await house.ask('bob', 'credentials.get', { id })).toMatchObject({ version: 2 })
    const saved = await house.ask('bob', 'credentials.rollback', { ...back, saveAnyway: true })
    expect(saved).toMatchObject({ version: 3, state: 'ok', tested: { result: 'unknown' } })
    expect((await house.audit()).filter(({ action }) => action === 'credential.test-new')).toHaveLength(2)
  })

  it('is stored untried when nobody can be asked about its type', async () => {
    const house = createHouse()
    const raw = {
      type: 'raw',
      owner: 'me',
      name: 'NPM_TOKEN',
      fields: { value: 'npm-test' },
      test: true,
    } as const
    expect((await errorOf(house.ask('bob', 'credentials.create', raw))).code).toBe('invalid')
    const made = await house.ask('bob', 'credentials.create', { ...raw, saveAnyway: true })
    expect(made).toMatchObject({ state: 'ok', tested: null })
  })
})

describe('credentials.test', () => {
  it('turns a refusal into the state rejected, and a success back into ok', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    house.provider.result = 'refused'
    const refused = await house.ask('bob', 'credentials.test', { id })
    expect(refused).toEqual({ result: 'refused', message: 'The provider says: refused.', state: 'rejected' })
    const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude' }))
    expect([error.code, error.message]).toEqual(['no_credential', expect.stringContaining('refused it')])

    for (const result of ['no_credit', 'limited', 'forbidden', 'unknown'] as const) {
      house.provider.result = result
      expect(await house.ask('bob', 'credentials.test', { id })).toMatchObject({ result, state: 'rejected' })
    }
    house.provider.result = 'works'
    expect(await house.ask('bob', 'credentials.test', { id })).toMatchObject({ state: 'ok' })
    expect(await rowOf(house, id)).toMatchObject({ state: 'ok', stateReason: '', version: 1 })
  })

  it('is cleared by a new value, and so is when the old one would have ended', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    house.provider.result = 'refused'
    await house.ask('bob', 'credentials.test', { id })
    const { revision } = await rowOf(house, id)
    await house.ports.store.credentials.update('org-acme', id, revision, { expiresAt: 5000 })
    await house.ask('bob', 'credentials.update', { id, description: 'mine' })
    expect((await rowOf(house, id)).expiresAt).toBe(5000)
    expect(
      await house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey('new') } }),
    ).toMatchObject({
      state: 'ok',
      stateReason: '',
    })
    expect((await rowOf(house, id)).expiresAt).toBeNull()
  })

  it('says of a raw secret that it cannot be tested, without opening it', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'RAW', { type: 'raw', fields: { value: 'x' } })
    const error = await errorOf(house.ask('bob', 'credentials.test', { id }))
    expect([error.code, error.message]).toEqual(['invalid', 'A raw credential cannot be tested.'])
    expect(house.opened()).toBe(0)
  })

  it('does not hold the answer about an old value against a new one', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    house.provider.result = 'refused'
    const tested = house.ask('bob', 'credentials.test', { id })
    const updated = house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey('new') } })
    await Promise.allSettled([tested, updated])
    const { version, state } = await rowOf(house, id)
    expect([version, state]).not.toEqual([2, 'rejected'])
  })
})
