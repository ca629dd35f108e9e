import { describe, expect, it } from 'vitest'
import { createHouse, type House } from '../../../test/support/house.ts'
import { workerOf } from '../../../test/support/runs.ts'

const DAY = 24 * 3_600_000
const setupToken = (letter: string) => ({
  type: 'claude/setup-token' as const,
  fields: { token: `sk-ant-oat01-${letter.repeat(40)}` },
  acceptNotice: true,
})

const of = (house: House, who: 'ada' | 'ann' | 'aud' | 'bob' | 'cyd') => house.ask(who, 'overview', {})

describe('the overview', () => {
  it('of an empty house says where to begin', async () => {
    const house = createHouse()
    expect(await of(house, 'bob')).toMatchObject({
      harnesses: [
        { harness: 'claude', title: 'Claude Code', enabled: true, works: false, credentials: 0 },
        { harness: 'codex', works: false },
      ],
      ...{ credentials: { total: 0, states: {} }, attention: [], ends: [], waiting: [], changes: [] },
      ...{ others: 0, guide: { credential: false, run: false, worker: null, isEmpty: true } },
    })
    expect((await of(house, 'ada')).guide.worker).toBe(false)
  })

  it('counts what each may see, and says of the rest that it exists to those who may know', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'orgs')
    await house.give('bob', 'team:platform', 'teams')
    const id = await house.give('bob', 'me', 'own')
    house.provider.result = 'refused'
    await house.ask('bob', 'credentials.test', { id })
    const [ada, bob, cyd] = [await of(house, 'ada'), await of(house, 'bob'), await of(house, 'cyd')]
    expect(ada).toMatchObject({ credentials: { total: 2, states: { ok: 2 } }, others: 1, attention: [] })
    expect(bob).toMatchObject({ credentials: { total: 3, states: { ok: 2, rejected: 1 } }, others: 0 })
    expect(bob.attention).toMatchObject([{ id, state: 'rejected' }])
    expect(bob.harnesses[0]).toMatchObject({ works: true, credentials: 3 })
    expect(cyd).toMatchObject({ credentials: { total: 1 }, others: 0, guide: { isEmpty: false } })
    await house.ask('ada', 'harnesses.set', { harness: 'claude', enabled: false })
    expect((await of(house, 'bob')).harnesses[0]).toMatchObject({ enabled: false, works: false })
    expect((await of(house, 'aud')).harnesses[0]?.works).toBe(false)
  })

  it('says what ends when, the soonest first', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'old', setupToken('x'))
    house.clock.now += 100 * DAY
    await house.give('bob', 'me', 'new', setupToken('y'))
    house.clock.now += 258 * DAY
    const { ends } = await of(house, 'bob')
    expect(ends).toMatchObject([
      { credential: { name: 'old', owner: 'user:bob' }, estimated: true, manage: true },
      { credential: { name: 'new' } },
    ])
    expect(ends[0]?.sentence).toContain('It ends in 7 days by our estimate')
    expect((await of(house, 'ada')).ends).toEqual([])
    house.clock.now += 8 * DAY
    expect((await of(house, 'bob')).ends[0]?.sentence).toBe('It has ended.')
  })

  it('lists runs that wait for somebody, with what to do', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const { id } = await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'Do it.' })
    expect((await of(house, 'bob')).waiting).toMatchObject([
      { run: { id, title: 'Do it.' }, why: 'No worker takes it.', signIn: null },
    ])
    expect((await of(house, 'aud')).waiting).toMatchObject([{ run: { id, title: '' } }])
    expect((await of(house, 'cyd')).waiting).toEqual([])
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('nothing was claimed')
    expect((await of(house, 'bob')).waiting).toEqual([])
    await worker.report(run, { is: 'state', state: 'waiting_for_credentials', reason: 'its login is over' })
    expect((await of(house, 'bob')).waiting).toMatchObject([
      { run: { id, state: 'waiting_for_credentials' }, why: 'its login is over', hint: null, signIn: null },
    ])
  })

  it('tells what changed lately, of what each may know', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'orgs')
    await house.give('bob', 'team:platform', 'teams')
    await house.ask('bob', 'leases.create', { harness: 'claude' })
    await house.ask('ada', 'harnesses.set', { harness: 'codex', enabled: false })
    const sentences = async (who: 'ada' | 'bob' | 'cyd') =>
      (await of(house, who)).changes.map(({ sentence }) => sentence)
    expect(await sentences('bob')).toEqual([
      'ada@example.test switched codex off.',
      'bob@example.test stored teams.',
      'bob@example.test stored own.',
    ])
    expect(await sentences('ada')).toContain('ada@example.test stored orgs.')
    expect(await sentences('cyd')).toEqual(['ada@example.test switched codex off.'])
    expect((await of(house, 'bob')).changes.at(-1)?.object).toEqual({ kind: 'credential', id, name: 'own' })
  })
})

describe('the types of credentials', () => {
  it('are told with their fields, and how one signs in here', async () => {
    const house = createHouse()
    const { types } = await house.ask('bob', 'credentialTypes.list', {})
    const key = types.find(({ type }) => type === 'claude/api-key')
    expect(key).toMatchObject({ entry: 'typed', testable: true, methods: [], subscription: false })
    expect(key?.fields).toMatchObject([
      { name: 'key', secret: true, mistakenFor: { 'sk-ant-oat': 'claude/setup-token' } },
    ])
    expect(new RegExp(key?.fields[0]?.pattern ?? '').test('sk-ant-api03-x')).toBe(true)
    const login = types.find(({ type }) => type === 'codex/oauth')
    expect(login).toMatchObject({ entry: 'sign-in', testable: false, fields: [] })
    expect(login?.methods.length).toBeGreaterThan(0)
  })
})
