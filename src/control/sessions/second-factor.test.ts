// An authenticator app beside the password: set up, asked for wherever a password lets somebody in, limited, recovered.

import { beforeEach, describe, expect, it } from 'vitest'
import { BROWSER, codeNow, givePassword, PASSWORD, setUpApp, signIn } from '../../../test/support/browsers.ts'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { createAuthenticator } from '../authenticate.ts'

const OTHER = 'another password'
const BOB = { email: 'bob@example.test', password: PASSWORD }

let house: House

beforeEach(async () => {
  house = createHouse()
  await givePassword(house, 'bob')
})

const attempt = (code?: string) =>
  house.visit('session.create', { ...BOB, ...(code !== undefined && { code }) }, BROWSER)

const later = (seconds: number) => {
  house.clock.now += seconds * 1000
}

describe('setting an app up', () => {
  it('asks for the password, shows the secret once, and counts when the app has shown a code', async () => {
    const wrong = house.ask('bob', 'secondFactor.begin', { password: OTHER })
    expect(await errorOf(wrong)).toMatchObject({ code: 'forbidden' })
    const { secret, uri } = await house.ask('bob', 'secondFactor.begin', { password: PASSWORD })
    expect(uri.expose()).toContain(secret.expose())
    expect(JSON.stringify({ secret, uri })).not.toContain(secret.expose())
    expect(await attempt()).toMatchObject({ state: 'signed-in' })
    const other = house.ask('bob', 'secondFactor.enable', { code: '000000' })
    expect(await errorOf(other)).toMatchObject({ code: 'invalid', message: 'The app shows another code.' })
    const code = codeNow(house, secret.expose())
    const { recoveryCodes } = await house.ask('bob', 'secondFactor.enable', {
      code: ` ${code.slice(0, 3)} ${code.slice(3)}`,
    })
    expect(recoveryCodes.map((one) => one.expose())).toEqual(
      Array.from({ length: 10 }, () => expect.stringMatching(/^[A-Z]{4}(-[A-Z]{4}){3}$/)),
    )
    expect(await house.ask('bob', 'secondFactor.read', {})).toMatchObject({
      enabled: true,
      recoveryCodesLeft: 10,
    })
    expect(await attempt()).toEqual({ state: 'second-factor' })
    const again = house.ask('bob', 'secondFactor.begin', { password: PASSWORD })
    expect(await errorOf(again)).toMatchObject({ code: 'conflict' })
    const kept = JSON.stringify([await house.ports.store.secondFactors.get('bob'), await house.audit()])
    for (const value of [secret, ...recoveryCodes]) expect(kept).not.toContain(value.expose())
  })

  it('lasts ten minutes', async () => {
    const { secret } = await house.ask('bob', 'secondFactor.begin', { password: PASSWORD })
    later(600)
    const late = house.ask('bob', 'secondFactor.enable', { code: codeNow(house, secret.expose()) })
    expect(await errorOf(late)).toMatchObject({ code: 'conflict' })
  })

  it('ends the other browsers, which came in by the password alone', async () => {
    const [first, second] = [await signIn(house, 'bob'), await signIn(house, 'bob')]
    const here = createAuthenticator(house.ports)
    const { cookie } = await setUpApp(house, await here(first.cookie, 'r', 'cookie'))
    for (const old of [first, second])
      expect(await errorOf(here(old.cookie, 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
    // The one that asked goes on under a value that nobody has copied.
    expect(await here(cookie ?? '', 'r', 'cookie')).toMatchObject({ id: 'bob', sessionId: first.id })
  })
})

describe('a code', () => {
  it('lets the browser in, once', async () => {
    const { secret } = await setUpApp(house, 'bob')
    const code = codeNow(house, secret)
    const { cookie, session } = await attempt(code)
    expect(cookie).toMatchObject({ value: expect.anything() })
    expect(session?.person.secondFactor).toBe(true)
    expect(await errorOf(attempt(code))).toMatchObject({ code: 'unauthenticated' })
    later(30)
    await expect(attempt(codeNow(house, secret))).resolves.toMatchObject({ state: 'signed-in' })
  })

  it('that is missing is recorded: whoever knows the password may have stolen it', async () => {
    await setUpApp(house, 'bob')
    expect(await attempt()).toEqual({ state: 'second-factor' })
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{ action: 'session.create', outcome: 'refused', objectId: 'bob' },
      details: { reason: 'right password, no code' },
    })
  })

  it.each(['１２３４５６', '١٢٣٤٥٦', 'éééééé'])(
    'of other digits, %s, is wrong, and no failure of ours',
    async (code) => {
      await house.ask('bob', 'secondFactor.begin', { password: PASSWORD })
      expect(await errorOf(house.ask('bob', 'secondFactor.enable', { code }))).toMatchObject({
        code: 'invalid',
      })
    },
  )

  it('is not asked of a wrong password', async () => {
    const { secret } = await setUpApp(house, 'bob')
    const wrong = house.visit(
      'session.create',
      { ...BOB, password: OTHER, code: codeNow(house, secret) },
      BROWSER,
    )
    expect((await errorOf(wrong)).message).toBe('There is nobody with this e-mail and password.')
  })

  it('that is wrong is recorded, and tried so often only', async () => {
    const { secret } = await setUpApp(house, 'bob')
    for (let i = 0; i < 5; i += 1)
      expect(await errorOf(attempt('000000'))).toMatchObject({ code: 'unauthenticated' })
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{ action: 'session.create', outcome: 'refused', objectId: 'bob', details: { reason: 'wrong code' } },
    })
    expect(await errorOf(attempt(codeNow(house, secret)))).toMatchObject({ code: 'rate_limited' })
    expect(await house.ports.store.sessions.ofPerson('bob')).toEqual([])
    later(120)
    await expect(attempt(codeNow(house, secret))).resolves.toMatchObject({ state: 'signed-in' })
  })

  it('of another person does not count', async () => {
    await givePassword(house, 'cyd')
    const cyd = await setUpApp(house, 'cyd')
    await setUpApp(house, 'bob')
    expect(await errorOf(attempt(codeNow(house, cyd.secret)))).toMatchObject({ code: 'unauthenticated' })
    expect(await errorOf(attempt(cyd.recoveryCodes[0]))).toMatchObject({ code: 'unauthenticated' })
  })

  it('is needed for letting a terminal in by password', async () => {
    const { secret } = await setUpApp(house, 'bob')
    const { userCode, deviceCode } = await house.visit('device.start', { client: 'laptop' })
    const decide = (secondFactor?: string) =>
      house.visit('device.signIn', {
        ...{ ...BOB, userCode, decision: 'approve' },
        ...(secondFactor !== undefined && { secondFactor }),
      })
    expect(await errorOf(decide())).toMatchObject({ code: 'unauthenticated' })
    expect(await errorOf(decide('000000'))).toMatchObject({ code: 'unauthenticated' })
    expect(await decide(codeNow(house, secret))).toMatchObject({ decided: true })
    later(5)
    expect(await house.visit('device.poll', { deviceCode: deviceCode.expose() })).toMatchObject({
      state: 'approved',
    })
  })

  it('is needed beside a sign-in link, which sets the password all the same', async () => {
    const { secret } = await setUpApp(house, 'bob')
    const link = async () => (await house.ask('ada', 'members.link', { member: 'bob' })).code.expose()
    const code = await link()
    const byToken = house.visit('invitations.accept', { code, password: OTHER, token: true })
    expect(await errorOf(byToken)).toMatchObject({ code: 'unauthenticated' })
    const set = await house.visit('invitations.accept', { code, password: OTHER, session: true }, BROWSER)
    expect([set.signedIn, set.cookie]).toEqual([false, undefined])
    const shown = { password: PASSWORD, session: true, secondFactor: codeNow(house, secret) }
    const both = await house.visit('invitations.accept', { code: await link(), ...shown }, BROWSER)
    expect(both).toMatchObject({ signedIn: true, cookie: expect.anything() })
  })
})

describe('a recovery code', () => {
  it('stands for the app, once, however it is written', async () => {
    const { recoveryCodes } = await setUpApp(house, 'bob')
    const [first = '', second = ''] = recoveryCodes
    await expect(attempt(first.toLowerCase().replaceAll('-', ' '))).resolves.toMatchObject({
      state: 'signed-in',
    })
    expect(await errorOf(attempt(first))).toMatchObject({ code: 'unauthenticated' })
    expect(await house.ask('bob', 'secondFactor.read', {})).toMatchObject({ recoveryCodesLeft: 9 })
    const tries = await Promise.allSettled([attempt(second), attempt(second)])
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is void when there are new ones, which take password and code', async () => {
    const { secret, recoveryCodes } = await setUpApp(house, 'bob')
    const renew = (given: { password: string; code: string }) =>
      house.ask('bob', 'secondFactor.recoveryCodes', given)
    expect(await errorOf(renew({ password: OTHER, code: codeNow(house, secret) }))).toMatchObject({
      code: 'forbidden',
    })
    expect(await errorOf(renew({ password: PASSWORD, code: '000000' }))).toMatchObject({
      code: 'forbidden',
    })
    expect((await house.audit()).at(-1)).toMatchObject({
      action: 'secondFactor.recoveryCodes',
      outcome: 'refused',
    })
    const made = await renew({ password: PASSWORD, code: codeNow(house, secret) })
    expect(await errorOf(attempt(recoveryCodes[1]))).toMatchObject({ code: 'unauthenticated' })
    await expect(attempt(made.recoveryCodes[0]?.expose())).resolves.toMatchObject({ state: 'signed-in' })
  })
})

describe('taking it away', () => {
  it('takes password and code', async () => {
    const { recoveryCodes } = await setUpApp(house, 'bob')
    const [code = ''] = recoveryCodes
    const disable = (given: { password: string; code: string }) =>
      house.ask('bob', 'secondFactor.disable', given)
    expect(await errorOf(disable({ password: OTHER, code }))).toMatchObject({ code: 'forbidden' })
    expect(await errorOf(disable({ password: PASSWORD, code: '000000' }))).toMatchObject({
      code: 'forbidden',
    })
    expect(await disable({ password: PASSWORD, code })).toEqual({ enabled: false })
    expect(await attempt()).toMatchObject({ state: 'signed-in' })
  })

  it('is for admins too, when the app is lost; not of an owner, nor of somebody who is elsewhere', async () => {
    await setUpApp(house, 'bob')
    const reset = (member: string) => house.ask('ann', 'members.resetSecondFactor', { member })
    expect(await errorOf(reset('ada'))).toMatchObject({ code: 'forbidden' })
    const { identity, store } = house.ports
    const member = { email: BOB.email, name: '', role: 'member', teams: [] } as const
    await store.atomically((unit) => identity.changing(unit).addMember('org-globex', member))
    expect(await errorOf(reset('bob'))).toMatchObject({ code: 'forbidden' })
    expect(await attempt()).toEqual({ state: 'second-factor' })
    // Ada is an owner of the organization that operates the installation.
    expect(await house.ask('ada', 'members.resetSecondFactor', { member: BOB.email })).toEqual({
      reset: true,
    })
    expect(await attempt()).toMatchObject({ state: 'signed-in' })
    expect((await house.audit()).find(({ action }) => action === 'member.resetSecondFactor')).toMatchObject({
      ...{ actorId: 'ann', outcome: 'refused' },
    })
  })

  it('comes with beginning anew: whoever let them in before may have set it up', async () => {
    await setUpApp(house, 'bob')
    house.people.change('bob', null)
    const invited = { email: BOB.email, role: 'member' } as const
    const code = (await house.ask('ada', 'invitations.create', invited)).code.expose()
    await house.visit('invitations.accept', { code, name: 'Bob', password: OTHER })
    expect(await house.ports.store.secondFactors.get('bob')).toBeUndefined()
  })
})
