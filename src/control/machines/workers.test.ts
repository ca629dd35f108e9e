// Workers: one-time enrolment, what a worker may, and that a revoked one may nothing.

import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { callerOf, enrolmentCode, enrolWorker, makeAgent } from '../../../test/support/machines.ts'
import { workerOf } from '../../../test/support/runs.ts'
import { formatCode, formatToken } from '../../domain/token.ts'
import { createAuthenticator } from '../authenticate.ts'

const HOUR = 3_600_000

const join = (house: House, code: string) => house.visit('workers.join', { code })

describe('enrolment', () => {
  it('gives the machine a token of its own, and is written down as the worker’s act', async () => {
    const house = createHouse()
    const expected = await house.ask('ann', 'workers.enrol', { name: 'build-1' })
    expect(expected).toMatchObject({
      name: 'build-1',
      agent: null,
      state: 'expected',
      createdBy: 'ann@example.test',
    })
    expect(Date.parse(expected.expiresAt)).toBe(house.clock.now + HOUR)
    const code = expected.code.expose()
    const joined = await house.visit('workers.join', { code: ` ${code}\n` })
    const token = joined.token.expose()
    expect(joined).toMatchObject({
      id: expected.id,
      name: 'build-1',
      organization: { id: 'org-acme', name: 'Acme' },
    })
    const caller = await callerOf(house, token)
    expect(caller).toMatchObject({
      kind: 'worker',
      id: expected.id,
      name: 'build-1',
      role: 'worker',
      agent: null,
    })
    expect(await house.ask(caller, 'whoami', {})).toMatchObject({
      kind: 'worker',
      name: 'build-1',
      teams: [],
    })
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{ action: 'worker.join', actorKind: 'worker', actorId: expected.id, actorName: 'build-1' },
      ...{ outcome: 'allowed', requestId: 'request-of-a-visitor' },
    })
    const kept = [
      await house.audit(),
      await house.ports.store.workers.list('org-acme'),
      await house.ports.store.tokens.list('org-acme'),
      await house.ask('ada', 'workers.list', {}),
    ]
    for (const secret of [code, token]) expect(JSON.stringify(kept)).not.toContain(secret)
  })

  it('takes a code once; the second is told, and written down', async () => {
    const house = createHouse()
    const code = await enrolmentCode(house, 'build-1')
    await join(house, code)
    const error = await errorOf(join(house, code))
    expect([error.code, error.message]).toEqual(['unauthenticated', 'This enrolment code was used already.'])
    expect(error.hint).toContain('claviger admin worker revoke build-1')
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{
        action: 'worker.join',
        outcome: 'refused',
        details: { reason: 'This enrolment code was used already.' },
      },
    })
    expect(await house.ports.store.tokens.list('org-acme')).toHaveLength(1)
  })

  it('lets one of two win that bring the same code at the same moment', async () => {
    const house = createHouse()
    const code = await enrolmentCode(house, 'build-1')
    const outcomes = await Promise.allSettled([join(house, code), join(house, code), join(house, code)])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason.message).toBe('This enrolment code was used already.')
    }
    const joins = (await house.audit()).filter(({ action }) => action === 'worker.join')
    expect(joins.map(({ outcome }) => outcome).sort()).toEqual(['allowed', 'refused', 'refused'])
    expect(await house.ports.store.tokens.list('org-acme')).toHaveLength(1)
  })

  it('refuses what is no code, unknown, revoked or expired, each in its own words', async () => {
    const house = createHouse()
    const [revoked, expired] = [await enrolmentCode(house, 'revoked'), await enrolmentCode(house, 'expired')]
    await house.ask('ada', 'workers.revoke', { name: 'revoked' })
    const unknown = formatCode('enrol', house.ports.random(48))
    house.clock.now += HOUR
    for (const [code, kind, message] of [
      ['', 'invalid', 'not an enrolment code'],
      ['nonsense', 'invalid', 'not an enrolment code'],
      [unknown.slice(0, -1), 'invalid', 'not the whole of one'],
      [formatToken(house.ports.random(48)), 'invalid', 'not an enrolment code'],
      [unknown, 'unauthenticated', 'unknown here'],
      [revoked, 'unauthenticated', 'was revoked'],
      [expired, 'unauthenticated', 'has expired'],
    ] as const) {
      const error = await errorOf(join(house, code))
      expect([error.code, error.message]).toEqual([kind, expect.stringContaining(message)])
      expect(error.hint).toContain('claviger admin worker enrol NAME')
      if (code !== '') expect(`${error.message} ${error.hint}`).not.toContain(code)
    }
    expect(await house.ports.store.tokens.list('org-acme')).toEqual([])
    expect((await house.ask('ada', 'workers.list', {})).workers.map(({ state }) => state)).toEqual([
      'revoked',
      'expired',
    ])
  })

  it('refuses a code when the clock of the server is an hour off, and says so', async () => {
    const house = createHouse()
    const code = await enrolmentCode(house, 'build-1')
    house.clock.now -= HOUR
    expect((await errorOf(join(house, code))).message).toContain('was made in the future')
    house.clock.now += 2 * HOUR
    expect((await errorOf(join(house, code))).message).toContain('has expired')
    house.clock.now -= HOUR + 60_000 // another server's clock may be a minute behind
    expect((await join(house, code)).name).toBe('build-1')
  })

  it('is for admins, for an agent that exists, under a name that is free', async () => {
    const house = createHouse()
    for (const who of ['bob', 'aud'] as const)
      expect((await errorOf(house.ask(who, 'workers.enrol', { name: 'x' }))).code).toBe('forbidden')
    expect((await errorOf(house.ask('ada', 'workers.enrol', { name: 'x', agent: 'none' }))).message).toBe(
      'There is no agent none.',
    )
    await enrolmentCode(house, 'x')
    const taken = await errorOf(house.ask('ada', 'workers.enrol', { name: 'x' }))
    expect([taken.code, taken.hint]).toEqual([
      'conflict',
      expect.stringContaining('claviger admin worker revoke x'),
    ])
    expect((await errorOf(house.ask('ada', 'workers.enrol', { name: 'a b' }))).code).toBe('invalid')
    expect((await house.ask('ada', 'workers.list', {})).workers).toHaveLength(1)
    expect((await errorOf(house.ask('bob', 'workers.list', {}))).code).toBe('forbidden')
  })

  it('of another organization is none of anybody’s business', async () => {
    const house = createHouse()
    await enrolWorker(house, 'build-1')
    expect((await house.ask('eve', 'workers.list', {})).workers).toEqual([])
    const error = await errorOf(house.ask('eve', 'workers.revoke', { name: 'build-1' }))
    expect([error.code, error.message]).toEqual(['not_found', 'There is no worker build-1.'])
    expect((await house.ask('ada', 'workers.list', {})).workers[0]?.state).toBe('enrolled')
  })
})

describe('a worker without an agent', () => {
  it('gets what the organization owns before any run, and nothing of teams, people and agents', async () => {
    const house = createHouse()
    const { caller } = await enrolWorker(house, 'build-1')
    await makeAgent(house, 'nightly')
    await house.give('ada', 'me', 'adas')
    await house.give('ada', 'team:platform', 'teams')
    await house.give('ada', 'agent:nightly', 'nightlys')
    const none = await errorOf(house.ask(caller, 'leases.create', { harness: 'claude' }))
    expect([none.code, none.hint]).toEqual(['no_credential', expect.stringContaining('--org NAME')])
    await house.give('ada', 'org', 'orgs')
    await house.give('ada', 'org', 'RAW', { type: 'raw', fields: { value: 'x' } })
    const lease = await house.ask(caller, 'leases.create', { harness: 'claude' })
    expect([lease.credential?.name, lease.raw.map(({ name }) => name)]).toEqual(['orgs', ['RAW']])
    expect((await house.ask(caller, 'leases.read', { id: lease.id })).credential?.name).toBe('orgs')
    const { decisions } = await house.ask(caller, 'explain', { harness: 'claude' })
    expect(decisions.map((one) => one.credential?.name)).toEqual(['orgs'])
    for (const credential of ['adas', 'teams', 'team:platform/teams', 'user:ada/adas', 'nightlys'])
      expect(
        (await errorOf(house.ask(caller, 'leases.create', { harness: 'claude', credential }))).code,
      ).toBe('no_credential')
  })

  it('sees nothing in lists, names nobody, and manages nothing', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const { caller } = await enrolWorker(house, 'build-1')
    const id = await house.give('ada', 'org', 'orgs')
    expect((await house.ask(caller, 'credentials.list', {})).credentials).toEqual([])
    expect((await house.ask(caller, 'credentials.list', { owner: 'org' })).credentials).toEqual([])
    expect((await errorOf(house.ask(caller, 'credentials.get', { id }))).code).toBe('not_found')
    const refused = [
      house.ask(caller, 'leases.create', { harness: 'claude', agent: 'nightly' }),
      house.ask(caller, 'explain', { harness: 'claude', user: 'bob' }),
      house.ask(caller, 'explain', { harness: 'claude', agent: 'nightly' }),
      house.ask(caller, 'workers.enrol', { name: 'x' }),
      house.ask(caller, 'workers.list', {}),
      house.ask(caller, 'tokens.create', { name: 'x', role: 'member', expiresInSeconds: null }),
      house.ask(caller, 'audit.list', {}),
    ]
    for (const call of refused) expect((await errorOf(call)).code).toBe('forbidden')
    const team = await errorOf(house.ask(caller, 'leases.create', { harness: 'claude', team: 'platform' }))
    expect(team.code).toBe('not_found')
  })
})

describe('revoking a worker', () => {
  it('ends its token and its leases within a second; its name is free again', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'orgs')
    const authenticate = createAuthenticator(house.ports)
    const { token, caller } = await enrolWorker(house, 'build-1')
    const lease = await house.ask(caller, 'leases.create', { harness: 'claude' })
    for (const held of [token, lease.handle.expose()]) await authenticate(held, 'r')
    expect(await house.ask('ada', 'workers.revoke', { name: 'build-1' })).toEqual({ ended: 1 })
    house.clock.now += 999
    const error = await errorOf(authenticate(token, 'r'))
    expect([error.code, error.message, error.hint]).toEqual([
      'unauthenticated',
      'This worker was revoked.',
      expect.stringContaining('claviger worker --enrol'),
    ])
    expect((await errorOf(authenticate(lease.handle.expose(), 'r'))).message).toContain(
      'the worker was revoked',
    )
    expect((await errorOf(house.ask('ada', 'workers.revoke', { name: 'build-1' }))).message).toBe(
      'There is no worker build-1.',
    )
    const again = await enrolWorker(house, 'build-1')
    expect(again.caller.id).not.toBe(caller.id)
    expect((await errorOf(house.ask(again.caller, 'leases.read', { id: lease.id }))).code).toBe('not_found')
  })

  it('leaves other workers alone', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'orgs')
    const [one, two] = [await enrolWorker(house, 'one'), await enrolWorker(house, 'two')]
    const lease = await house.ask(two.caller, 'leases.create', { harness: 'claude' })
    await house.ask('ada', 'workers.revoke', { name: 'one' })
    expect((await errorOf(callerOf(house, one.token))).code).toBe('unauthenticated')
    expect((await callerOf(house, two.token)).name).toBe('two')
    expect((await house.ask(two.caller, 'leases.read', { id: lease.id })).credential?.name).toBe('orgs')
  })
})

describe('when a worker was last seen', () => {
  it('is noted, at most once a minute', async () => {
    const house = createHouse()
    const { token } = await enrolWorker(house, 'build-1')
    const seenAt = async () =>
      Date.parse((await house.ask('ada', 'workers.list', {})).workers[0]?.lastSeenAt ?? '')
    const first = house.clock.now
    expect(await seenAt()).toBe(first)
    house.clock.now += 59_000
    await callerOf(house, token)
    expect(await seenAt()).toBe(first)
    house.clock.now += 2_000
    await callerOf(house, token)
    expect(await seenAt()).toBe(first + 61_000)
  })

  it('is no reason to turn it away when it cannot be noted', async () => {
    const house = createHouse()
    const { token } = await enrolWorker(house, 'build-1')
    house.clock.now += 61_000
    const { store } = house.ports
    const readOnly = {
      ...store,
      workers: { ...store.workers, seen: () => Promise.reject(new Error('read-only')) },
    }
    const authenticate = createAuthenticator({ ...house.ports, store: readOnly })
    expect((await authenticate(token, 'r')).name).toBe('build-1')
  })
})

describe('what a worker says of its machine', () => {
  const PROGRAMS = [
    { harness: 'codex', version: '0.169.0' },
    { harness: 'claude', version: '2.1.330' },
  ] as const

  it('is listed with it, and with the runs it has now', async () => {
    const house = createHouse()
    await house.give('ada', 'me', 'own')
    const worker = await workerOf(house)
    const listed = async () => (await house.ask('aud', 'workers.list', {})).workers[0]
    expect(await listed()).toMatchObject({ embedded: false, version: null, programs: null, runs: [] })
    const ids: string[] = []
    for (const prompt of ['first', 'second', 'third'])
      ids.push((await house.ask('ada', 'runs.create', { harness: 'claude', prompt })).id)
    await worker.claim({
      ...{ harnesses: ['claude'], capacity: 2, version: '1.0.0', directories: ['/srv'] },
      programs: PROGRAMS.map((one) => ({ ...one })),
    })
    const since = new Date(house.clock.now).toISOString()
    expect(await listed()).toMatchObject({
      ...{ version: '1.0.0', directories: ['/srv'] },
      // The other one it takes no runs of.
      programs: [{ harness: 'claude', version: '2.1.330' }],
      runs: ids.slice(0, 2).map((id) => ({ id, harness: 'claude', state: 'booting', since })),
    })
    expect(JSON.stringify(await listed())).not.toContain('first')
  })

  it('is written when it is news only', async () => {
    const house = createHouse()
    const worker = await workerOf(house)
    const writtenAt: (number | undefined)[] = []
    const begun = house.clock.now
    for (const harnesses of [['claude'], ['claude'], ['claude', 'codex'], ['codex', 'claude']] as const) {
      house.clock.now += 1_000
      await worker.claim({ harnesses: [...harnesses] })
      const [row] = await house.ports.store.workers.list('org-acme')
      writtenAt.push((row?.lastSeenAt ?? 0) - begun)
    }
    expect(writtenAt).toEqual([1_000, 1_000, 3_000, 3_000])
  })
})
