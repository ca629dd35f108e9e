// A new password: what shows that it is the person's, and everything it ends.

import { beforeEach, describe, expect, it } from 'vitest'
import { BROWSER, PASSWORD, signIn } from '../../../test/support/browsers.ts'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { type Authenticate, createAuthenticator } from '../authenticate.ts'

const OTHER = 'another password'

let house: House
let here: Authenticate
/** Another server of the same database. */
let there: Authenticate

beforeEach(() => {
  house = createHouse()
  here = createAuthenticator(house.ports)
  there = createAuthenticator(house.ports)
})

const caller = (cookie: string) => here(cookie, 'request-1', 'cookie')

const attempt = (changed: object = {}) =>
  house.visit('session.create', { email: 'bob@example.test', password: PASSWORD, ...changed }, BROWSER)

describe('a new password', () => {
  const change = async (cookie: string, request: { current?: string; password: string }) =>
    house.ask(await caller(cookie), 'password.change', request)

  it('ends all other browsers, and no one else’s', async () => {
    const [first, second] = [await signIn(house, 'bob'), await signIn(house, 'bob')]
    const cyd = await signIn(house, 'cyd')
    await there(second.cookie, 'r', 'cookie')
    await there(first.cookie, 'r', 'cookie')
    const { cookie: renewed, endedSessions } = await change(first.cookie, {
      current: PASSWORD,
      password: OTHER,
    })
    expect(endedSessions).toBe(1)
    expect(await errorOf(there(second.cookie, 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
    // Whoever copied the cookie of the one that asked is out with the others; it goes on under another value.
    expect(await errorOf(there(first.cookie, 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
    if (renewed === undefined || renewed === 'none') throw new Error('nobody is signed in')
    expect(renewed.expiresAt).toBe(first.expiresAt)
    expect(await caller(renewed.value.expose())).toMatchObject({ id: 'bob', sessionId: first.id })
    await caller(cyd.cookie)
    expect(await errorOf(attempt())).toMatchObject({ code: 'unauthenticated' })
    await expect(attempt({ password: OTHER })).resolves.toMatchObject({ state: 'signed-in' })
    expect(JSON.stringify(await house.audit())).not.toContain(OTHER)
  })

  it('needs the old one, and a refusal is recorded', async () => {
    const { cookie } = await signIn(house, 'bob')
    expect(await errorOf(change(cookie, { current: OTHER, password: OTHER }))).toMatchObject({
      code: 'forbidden',
    })
    expect(await errorOf(change(cookie, { password: OTHER }))).toMatchObject({ code: 'forbidden' })
    expect((await house.audit()).at(-1)).toMatchObject({ action: 'password.change', outcome: 'refused' })
    expect(await errorOf(change(cookie, { current: PASSWORD, password: 'short' }))).toMatchObject({
      code: 'invalid',
    })
    await expect(attempt()).resolves.toMatchObject({ state: 'signed-in' })
  })

  it('is tried so often only', async () => {
    const { cookie } = await signIn(house, 'bob')
    for (let i = 0; i < 10; i += 1) await errorOf(change(cookie, { current: OTHER, password: OTHER }))
    expect(await errorOf(change(cookie, { current: PASSWORD, password: OTHER }))).toMatchObject({
      code: 'rate_limited',
    })
  })

  it('is the first of somebody who has none, without an old one, in a browser they have just signed in with', async () => {
    const asking = await caller(await withoutPassword())
    expect(await house.ask(asking, 'password.change', { password: OTHER })).toMatchObject({
      endedSessions: 0,
    })
    expect(await errorOf(house.ask(asking, 'password.change', { password: PASSWORD }))).toMatchObject({
      code: 'forbidden',
    })
  })

  it('is no first one by a token, or by a browser of long ago; both are recorded', async () => {
    const asking = await caller(await withoutPassword())
    const { sessionId: _, ...token } = { ...asking, tokenId: 't' }
    house.clock.now += 600_000
    for (const one of [token, asking]) {
      const first = house.ask(one, 'password.change', { password: OTHER })
      expect(await errorOf(first)).toMatchObject({ code: 'forbidden' })
      expect((await house.audit()).at(-1)).toMatchObject({ action: 'password.change', outcome: 'refused' })
    }
    expect(await house.ports.identity.hasPassword(asking.id)).toBe(false)
  })

  /** A browser of somebody who was invited, and has none. */
  async function withoutPassword(): Promise<string> {
    const invited = { email: 'new@example.test', role: 'member' } as const
    const code = (await house.ask('ada', 'invitations.create', invited)).code.expose()
    const { cookie } = await house.visit('invitations.accept', { code, name: 'New', session: true }, BROWSER)
    if (cookie === undefined || cookie === 'none') throw new Error('nobody is signed in')
    return cookie.value.expose()
  }

  it('of a sign-in link ends every browser, and signs the one in that used it', async () => {
    const { cookie } = await signIn(house, 'bob')
    const code = (await house.ask('ada', 'members.link', { member: 'bob' })).code.expose()
    const used = await house.visit('invitations.accept', { code, password: OTHER, session: true }, BROWSER)
    expect(used).toMatchObject({ signedIn: true, person: { id: 'bob' } })
    expect(await errorOf(there(cookie, 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
    if (used.cookie === undefined || used.cookie === 'none') throw new Error('nobody is signed in')
    expect(await caller(used.cookie.value.expose())).toMatchObject({ id: 'bob' })
    expect((await house.ports.store.sessions.ofPerson('bob'))[0]?.method).toBe('sign-in link')
  })
})
