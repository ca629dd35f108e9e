import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf } from '../../../test/support/house.ts'

describe('credentials.setOrder', () => {
  it('decides which credential goes first, and an empty list clears it', async () => {
    const house = createHouse()
    const first = await house.give('bob', 'me', 'a')
    const second = await house.give('bob', 'me', 'b')
    const leased = async () =>
      (await house.ask('bob', 'leases.create', { harness: 'claude' })).credential?.name
    expect(await leased()).toBe('a')
    const order = { owner: 'me', harness: 'claude' as const, credentials: [second, first] }
    const names = [
      { id: second, name: 'b' },
      { id: first, name: 'a' },
    ]
    expect(await house.ask('bob', 'credentials.setOrder', order)).toEqual({
      ...{ owner: 'user:bob', harness: 'claude', credentials: names },
    })
    expect(await leased()).toBe('b')
    const asked = await house.ask('bob', 'credentials.getOrder', { owner: 'me', harness: 'claude' })
    expect(asked.credentials).toEqual(names)
    await house.ask('bob', 'credentials.setOrder', { ...order, credentials: [] })
    expect(await leased()).toBe('a')
  })

  it('refuses an id it does not know, one of another owner or harness, and a double', async () => {
    const house = createHouse()
    const mine = await house.give('bob', 'me', 'a')
    const team = await house.give('bob', 'team:platform', 'a')
    const codex = await house.give('bob', 'me', 'c', { type: 'codex/api-key', fields: { key: 'sk-test-1' } })
    const raw = await house.give('bob', 'me', 'RAW', { type: 'raw', fields: { value: 'x' } })
    const before = await contentsOf(house)
    for (const credentials of [['cred_none'], [mine, team], [codex], [raw], [mine, mine]]) {
      const error = await errorOf(
        house.ask('bob', 'credentials.setOrder', { owner: 'me', harness: 'claude', credentials }),
      )
      expect(error.code).toBe('invalid')
    }
    expect(await contentsOf(house)).toBe(before)
  })

  it('is the business of those who manage the owner’s credentials', async () => {
    const house = createHouse()
    const id = await house.give('cyd', 'team:mobile', 'theirs')
    const set = await errorOf(
      house.ask('bob', 'credentials.setOrder', {
        owner: 'team:mobile',
        harness: 'claude',
        credentials: [id],
      }),
    )
    expect([set.code, set.message]).toEqual(['forbidden', expect.stringContaining('team:mobile')])
    const get = await errorOf(
      house.ask('bob', 'credentials.getOrder', { owner: 'team:mobile', harness: 'claude' }),
    )
    expect(get.code).toBe('forbidden')
    expect(`${get.message} ${get.hint}`).not.toContain(id)
    const empty = await errorOf(
      house.ask('bob', 'credentials.getOrder', { owner: 'team:mobile', harness: 'codex' }),
    )
    expect(empty.message).toBe(get.message) // the same whether there is anything or not
    await house.ask('ann', 'credentials.setOrder', {
      owner: 'team:mobile',
      harness: 'claude',
      credentials: [id],
    })
    expect(
      (await house.ask('aud', 'credentials.getOrder', { owner: 'team:mobile', harness: 'claude' }))
        .credentials,
    ).toHaveLength(1)
  })
})

it('credentials are listed page by page as they are tried: the order that was set, then types, then names', async () => {
  const house = createHouse()
  const names = ['d', 'c', 'b', 'a']
  const ids = new Map<string, string>()
  for (const name of names) ids.set(name, await house.give('bob', 'me', name))
  await house.give('bob', 'me', 'RAW', { type: 'raw', fields: { value: 'x' } })
  const cloud = {
    type: 'claude/bedrock-api-key',
    fields: { token: 'not-a-secret', region: 'us-east-1' },
  } as const
  await house.give('bob', 'me', '0-cloud', cloud)
  const credentials = [ids.get('c') ?? '', ids.get('d') ?? '']
  await house.ask('bob', 'credentials.setOrder', { owner: 'me', harness: 'claude', credentials })
  const input = { owner: 'me', harness: 'claude', order: 'tried', limit: 2 } as const
  const listed: string[] = []
  for (let after: string | null | undefined; after !== null; ) {
    const page: { credentials: readonly { name: string }[]; next: string | null } = await house.ask(
      ...(['bob', 'credentials.list', { ...input, ...(after !== undefined && { after }) }] as const),
    )
    listed.push(...page.credentials.map(({ name }) => name))
    after = page.next
  }
  expect(listed).toEqual(['c', 'd', 'a', 'b', '0-cloud'])
  for (const wrong of [{ order: 'tried' as const }, { ...input, search: 'a' }])
    expect((await errorOf(house.ask('bob', 'credentials.list', wrong))).code).toBe('invalid')
})
