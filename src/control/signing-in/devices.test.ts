// Device authorization: who lets a terminal in, as whom, and how often anybody may try.

import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { Secret } from '../../domain/secret.ts'
import { formatCode } from '../../domain/token.ts'
import { createAuthenticator } from '../authenticate.ts'

const PASSWORD = 'correct horse battery'
const MINUTE = 60_000

let house: House

beforeEach(async () => {
  house = createHouse()
  await givePassword('bob')
})

async function givePassword(id: string, password = PASSWORD): Promise<void> {
  const { identity } = house.ports
  await identity.changing({}).setPassword(id, await identity.hashPassword(new Secret(password)))
}

async function start(changed: object = {}, address?: string) {
  const made = await house.visit('device.start', { client: 'bobs-laptop', ...changed }, address)
  const deviceCode = made.deviceCode.expose()
  return { ...made, deviceCode, poll: () => poll(deviceCode) }
}

async function poll(deviceCode: string) {
  house.clock.now += 3000
  return house.visit('device.poll', { deviceCode })
}

const signIn = (userCode: string, changed: object = {}, address?: string) =>
  house.visit(
    'device.signIn',
    { userCode, email: 'bob@example.test', password: PASSWORD, decision: 'approve', ...changed },
    address,
  )

const whoHolds = (token: Secret | undefined) =>
  createAuthenticator(house.ports)(token?.expose() ?? '', 'request')

describe('a terminal', () => {
  it('is given a code to show and one to keep, which is kept as a digest', async () => {
    const made = await start()
    expect(made).toMatchObject({ expiresInSeconds: 600, intervalSeconds: 3 })
    expect(made.userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(made.verificationUrl).toBe('http://claviger.test/device')
    expect(made.verificationUrlComplete).toBe(`http://claviger.test/device?code=${made.userCode}`)
    const row = await house.ports.store.deviceLogins.findByUserCode(made.userCode.replace('-', ''))
    expect(JSON.stringify(row)).not.toContain(made.deviceCode)
    expect(await made.poll()).toEqual({ state: 'pending' })
  })

  it('gets one token, of the person who let it in, named after it', async () => {
    const first = await start()
    expect(await signIn(first.userCode.toLowerCase())).toEqual({
      decided: true,
      client: 'bobs-laptop',
      organization: { id: 'org-acme', name: 'Acme' },
    })
    const got = await first.poll()
    expect(got).toMatchObject({
      state: 'approved',
      organization: { name: 'Acme' },
      person: { id: 'bob', role: 'member' },
      tokenName: 'bobs-laptop',
    })
    expect(Date.parse(got.tokenExpiresAt ?? '')).toBe(house.clock.now + 90 * 86_400_000)
    expect(await whoHolds(got.token)).toMatchObject({ id: 'bob', organizationId: 'org-acme', role: 'member' })
    expect(await first.poll()).toEqual({ state: 'expired' })
    const second = await start()
    await signIn(second.userCode)
    expect((await second.poll()).tokenName).toBe('bobs-laptop-2')
    const deeds = (await house.audit()).map(({ action, actorName }) => `${actorName} ${action}`)
    expect(deeds).toEqual(
      ['device.approve', 'token.create', 'device.approve', 'token.create'].map(
        (one) => `bob@example.test ${one}`,
      ),
    )
  })

  it('gets one token when two ask at the same time', async () => {
    const { userCode, deviceCode } = await start()
    await signIn(userCode)
    const polls = [1, 2].map(() => house.visit('device.poll', { deviceCode }))
    const states = (await Promise.all(polls)).map(({ state }) => state)
    expect(states.sort()).toEqual(['approved', 'expired'])
    expect(await house.ports.store.tokens.list('org-acme')).toHaveLength(1)
  })

  it('keeps waiting when the audit cannot be written, and gets its token when it can', async () => {
    const { userCode, poll: ask } = await start()
    await signIn(userCode)
    house.auditFails('allowed')
    expect((await errorOf(ask())).code).toBe('storage_full')
    expect(await house.ports.store.tokens.list('org-acme')).toEqual([])
    house.auditFails('none')
    expect((await ask()).state).toBe('approved')
  })

  it('is told when it was turned away, and when it is too late', async () => {
    const denied = await start()
    await signIn(denied.userCode, { decision: 'deny' })
    expect(await denied.poll()).toEqual({ state: 'denied' })
    expect((await errorOf(signIn(denied.userCode))).code).toBe('not_found')
    const late = await start()
    const approved = await start()
    await signIn(approved.userCode)
    house.clock.now += 60 * MINUTE
    expect((await errorOf(signIn(late.userCode))).code).toBe('not_found')
    for (const one of [late, approved]) expect(await one.poll()).toEqual({ state: 'expired' })
    expect(await poll(formatCode('device', new Uint8Array(48)))).toEqual({ state: 'expired' })
    expect((await errorOf(poll('nonsense'))).code).toBe('invalid')
  })

  it('gets nothing when whoever let it in is no member any more, and no more than they are now', async () => {
    const [gone, less] = [await start(), await start()]
    await signIn(gone.userCode)
    house.people.change('bob', null)
    expect(await gone.poll()).toEqual({ state: 'denied' })
    await house.ask('ada', 'device.approve', { userCode: less.userCode })
    house.people.change('ada', { role: 'auditor' })
    expect((await less.poll()).person).toMatchObject({ id: 'ada', role: 'auditor' })
  })

  it('is told to slow down, and forgets what is long over', async () => {
    const { deviceCode, userCode } = await start()
    const fast = async () => (await house.visit('device.poll', { deviceCode })).state
    expect([await fast(), await fast(), await fast()]).toEqual(['pending', 'pending', 'slow_down'])
    house.clock.now += 80 * MINUTE
    await start()
    expect(await house.ports.store.deviceLogins.findByUserCode(userCode.replace('-', ''))).toBeUndefined()
  })

  it('calls itself what can be shown anywhere', async () => {
    const names = ['<b>x</b>\u202e', 'clv_api_0123456789012345678901234', '…', '-a b-', 'x'.repeat(64)]
    const tokens: (string | undefined)[] = []
    for (const client of names) {
      const { userCode, poll: ask } = await start({ client })
      await signIn(userCode)
      tokens.push((await ask()).tokenName)
    }
    expect(tokens).toEqual(['b-x-b-u-202e', 'a-terminal', 'terminal', 'a-b', 'x'.repeat(56)])
  })
})

describe('letting a terminal in from another one', () => {
  it('shows who asks, and gives it no more than the token that approves it has', async () => {
    const { userCode, poll: ask } = await start({}, '198.51.100.9')
    const about = await house.visit('device.describe', { userCode: userCode.replace('-', ' ') })
    expect(about).toMatchObject({
      userCode,
      client: 'bobs-laptop',
      address: '198.51.100.9',
      organization: null,
    })
    await house.ask(house.caller('ada', { role: 'member' }), 'device.approve', { userCode })
    const { token, person } = await ask()
    expect(person).toMatchObject({ id: 'ada', role: 'member' })
    expect(await whoHolds(token)).toMatchObject({ id: 'ada', role: 'member' })
    expect((await house.audit())[0]).toMatchObject({
      action: 'device.approve',
      actorId: 'ada',
      objectName: 'bobs-laptop',
      details: { address: '198.51.100.9' },
    })
  })

  it('can also turn it away', async () => {
    const { userCode, poll: ask } = await start()
    await house.ask('cyd', 'device.deny', { userCode })
    expect(await ask()).toEqual({ state: 'denied' })
    expect((await errorOf(house.ask('cyd', 'device.approve', { userCode }))).code).toBe('not_found')
  })

  it('is refused for another organization than it asks for, and by what is no person', async () => {
    const { userCode } = await start({ organization: 'globex' })
    expect((await errorOf(house.ask('bob', 'device.approve', { userCode }))).code).toBe('conflict')
    const agent = house.caller('bob', { kind: 'agent', role: 'agent' })
    expect((await errorOf(house.ask(agent, 'device.approve', { userCode }))).code).toBe('forbidden')
    await house.ask('eve', 'device.approve', { userCode })
  })
})

describe('letting a terminal in with a password', () => {
  it('asks which organization when there are several and none was named', async () => {
    const globex = { email: 'bob@example.test', name: '', role: 'admin', teams: [] } as const
    await house.ports.identity.changing({}).addMember('org-globex', globex)
    const { userCode, poll: ask } = await start()
    expect(await signIn(userCode)).toEqual({
      decided: false,
      client: 'bobs-laptop',
      choices: [
        { id: 'org-acme', name: 'Acme' },
        { id: 'org-globex', name: 'Globex' },
      ],
    })
    expect(await ask()).toEqual({ state: 'pending' })
    expect((await errorOf(signIn(userCode, { organization: 'org-other' }))).code).toBe('forbidden')
    await signIn(userCode, { organization: 'org-globex' })
    expect(await ask()).toMatchObject({ organization: { id: 'org-globex' }, person: { role: 'admin' } })
    const named = await start({ organization: 'ACME' })
    expect((await signIn(named.userCode)).organization).toEqual({ id: 'org-acme', name: 'Acme' })
  })

  it('answers a wrong password and an unknown e-mail alike; the former is recorded, without the password', async () => {
    const { userCode } = await start()
    const wrong = await errorOf(signIn(userCode, { password: 'hunter2-hunter2' }))
    const nobody = await errorOf(signIn(userCode, { email: 'nobody@example.test' }))
    const passwordless = await errorOf(signIn(userCode, { email: 'cyd@example.test' }))
    for (const error of [wrong, nobody, passwordless])
      expect([error.code, error.message]).toEqual(['unauthenticated', wrong.message])
    const rows = await house.audit()
    expect(rows).toMatchObject(
      ['bob', 'cyd'].map((who) => ({
        action: 'device.signIn',
        outcome: 'refused',
        actorKind: 'visitor',
        actorId: '192.0.2.1',
        objectName: `${who}@example.test`,
      })),
    )
    expect(JSON.stringify(rows)).not.toContain('hunter2')
    expect(await house.audit('eve')).toEqual([])
  })
})

describe('guesses', () => {
  it('of a password are limited for one person, from one address sooner, and do not lock others out', async () => {
    await givePassword('cyd')
    const guess = async (email: string, place: number, from = place) => {
      const { userCode } = await start({}, `192.0.2.${place}`)
      return errorOf(signIn(userCode, { email, password: 'a wrong password' }, `198.51.100.${from}`))
    }
    const codes = []
    for (let place = 0; place < 11; place += 1) codes.push((await guess('Bob@example.test', place, 7)).code)
    expect(codes).toEqual([...Array.from({ length: 10 }, () => 'unauthenticated'), 'rate_limited'])
    // Whoever guesses keeps nobody out who is elsewhere.
    const { userCode } = await start()
    expect((await signIn(userCode)).decided).toBe(true)
    for (let place = 11; place < 100; place += 1)
      expect((await guess('bob@example.test', place)).code).toBe('unauthenticated')
    const refused = await guess('bob@example.test', 120)
    expect([refused.code, refused.retryAfter]).toEqual(['rate_limited', 6])
    expect((await guess('cyd@example.test', 121)).code).toBe('unauthenticated')
    house.clock.now += 6000
    expect((await signIn((await start()).userCode)).decided).toBe(true)
  })

  it('of passwords are limited for one code and one address, and of codes for one address', async () => {
    const { userCode } = await start()
    const outcomes = []
    for (let i = 0; i < 11; i += 1) {
      const from = `198.51.100.${i}`
      const changed = { email: `x${i}@example.test`, password: 'a wrong password' }
      outcomes.push((await errorOf(signIn(userCode, changed, from))).code)
    }
    expect(outcomes.slice(-2)).toEqual(['unauthenticated', 'rate_limited'])
    const describes = []
    for (let i = 0; i < 21; i += 1)
      describes.push(
        (await errorOf(house.visit('device.describe', { userCode: 'BCDF-GHJK' }, '203.0.113.5'))).code,
      )
    expect(describes.slice(-2)).toEqual(['not_found', 'rate_limited'])
  })

  it('are not helped by starting many: those are limited, too', async () => {
    const starts = Array.from({ length: 11 }, () => start({}, '203.0.113.5'))
    const refused = (await Promise.allSettled(starts)).filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(1)
    await start({}, '203.0.113.6')
  })
})
