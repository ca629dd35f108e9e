// Accounts of identity providers that become somebody's: what they show for it, and what an account never opens.

import { beforeEach, describe, expect, it } from 'vitest'
import { ORIGIN } from '../../../test/support/app.ts'
import { BROWSER, codeNow, PASSWORD, setUpApp, signIn } from '../../../test/support/browsers.ts'
import type { House } from '../../../test/support/house.ts'
import type { IdentityProviders } from '../../../test/support/identity-providers.ts'
import { BOB, NEW, type OutsideBrowser, problem, useOutside } from '../../../test/support/outside.ts'
import { createAuthenticator } from '../../control/authenticate.ts'

const { outside, browser, invite } = useOutside()

let providers: IdentityProviders
let house: House

beforeEach(() => {
  ;({ providers, house } = outside)
})

describe('linking an account', () => {
  const SHOWN = { password: PASSWORD }
  const caller = ({ cookies }: OutsideBrowser) =>
    createAuthenticator(house.ports)(cookies.get('__Host-claviger') ?? '', 'r', 'cookie')

  async function signedIn(who: 'bob' | 'cyd') {
    const { cookie } = await signIn(house, who)
    return browser(new Map([['__Host-claviger', cookie]]))
  }

  it.each(['github', 'oidc', 'linear'])(
    'of %s is for whoever is signed in, by its id, whatever its e-mail',
    async (provider) => {
      providers.who = { ...NEW, email: 'elsewhere@example.test', isVerified: false }
      const one = await signedIn('bob')
      expect(await one.whole(`/api/v1/accounts/${provider}`, '/settings', SHOWN)).toBe(
        `${ORIGIN}/settings?linked=${provider}`,
      )
      const listed = await (await one.send('GET', '/api/v1/accounts')).json()
      expect(listed).toMatchObject({ accounts: [{ provider, accountId: '42', name: 'new' }] })
      expect((await house.audit()).at(-1)).toMatchObject({
        action: 'account.link',
        actorId: 'bob',
        details: { account: '42' },
      })
      // Again: nothing new.
      expect(await one.whole(`/api/v1/accounts/${provider}`, '/', SHOWN)).toBe(
        `${ORIGIN}/?linked=${provider}`,
      )
      const other = await signedIn('cyd')
      expect(await other.whole(`/api/v1/accounts/${provider}`, '/', SHOWN)).toBe(problem('linked-elsewhere'))
      const signing = browser()
      if (provider !== 'linear') {
        expect(await signing.whole(`/api/v1/sign-in/${provider}`)).toBe(`${ORIGIN}/`)
        expect((await signing.whoIs())?.id).toBe('bob')
      } else expect((await signing.start(`/api/v1/sign-in/${provider}`)).response.status).toBe(404)
    },
  )

  it('is for a browser that is signed in, and still is', async () => {
    expect((await browser().start('/api/v1/accounts/github')).response.status).toBe(401)
    const one = await signedIn('bob')
    const address = await one.there((await one.start('/api/v1/accounts/github', '/', SHOWN)).url)
    await one.send('DELETE', '/api/v1/session')
    expect(await one.back(address)).toBe(problem('signed-out'))
    expect(await house.ports.identity.linkedAccounts('bob')).toEqual([])
  })

  it('asks for the password and a code of those who have them, and records who shows neither', async () => {
    const one = await signedIn('bob')
    const link = (proof: object) => one.start('/api/v1/accounts/github', '/', proof)
    for (const proof of [{}, { password: 'not the right one' }])
      expect((await link(proof)).response.status).toBe(403)
    const { secret, cookie } = await setUpApp(house, await caller(one))
    one.cookies.set('__Host-claviger', cookie ?? '')
    for (const proof of [SHOWN, { ...SHOWN, code: '000000' }])
      expect((await link(proof)).response.status).toBe(403)
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{ action: 'account.link', outcome: 'refused', actorId: 'bob', objectId: 'bob' },
    })
    expect((await link({ ...SHOWN, code: codeNow(house, secret) })).response.status).toBe(200)
  })

  it('without a password is for a browser that has just signed in, and so often only', async () => {
    providers.who = BOB
    const one = browser()
    await one.whole('/api/v1/sign-in/github')
    const link = async () => (await one.start('/api/v1/accounts/oidc')).response.status
    const found: number[] = []
    for (let i = 0; i < 11; i += 1) found.push(await link())
    expect(found).toEqual([...Array.from({ length: 10 }, () => 200), 429])
    house.clock.now += 600_000
    expect(await link()).toBe(403)
  })

  it('ends when it is unlinked, but for the only way in', async () => {
    providers.who = BOB
    const one = browser()
    await one.whole('/api/v1/sign-in/github')
    const [account] = await house.ports.identity.linkedAccounts('bob')
    const unlink = (id = '') => one.send('DELETE', `/api/v1/accounts/${id}`)
    house.clock.now += 600_000
    const late = await one.send('POST', '/api/v1/password', { password: 'a password of mine' })
    expect(late.status).toBe(403)
    await one.whole('/api/v1/sign-in/github')
    expect((await unlink(account?.id)).status).toBe(409)
    expect((await one.send('POST', '/api/v1/password', { password: 'a password of mine' })).status).toBe(200)
    expect((await unlink(account?.id)).status).toBe(200)
    expect((await unlink(account?.id)).status).toBe(404)
    expect(await browser().whole('/api/v1/sign-in/github')).toBe(problem('unknown'))
  })
})

describe('an invitation of somebody who is known elsewhere', () => {
  it('does not let in whoever linked an account to a person of that e-mail', async () => {
    // Eve makes an account in the name of somebody else, without a password, and links an account of her own to it.
    const first = await invite('victim@example.test', 'eve')
    const { person } = await house.visit('invitations.accept', { code: first.code.expose(), name: 'Victim' })
    const linked = { provider: `github ${providers.url}`, accountId: '666', name: 'eve' }
    const { identity, store } = house.ports
    await store.atomically((unit) => identity.changing(unit).linkAccount(person.id, linked))
    const { code } = await invite('victim@example.test')
    const given = { code: code.expose(), name: 'Victim', password: 'a password of mine' }
    await expect(house.visit('invitations.accept', given)).rejects.toMatchObject({ code: 'unauthenticated' })
    providers.who = { id: '7', name: 'victim', email: 'victim@example.test', isVerified: true }
    expect(await browser().whole('/api/v1/sign-in/github')).toBe(problem('unknown'))
    providers.who = { ...providers.who, id: '666' }
    const eve = browser()
    await eve.whole('/api/v1/sign-in/github')
    expect(await (await eve.send('GET', '/api/v1/session')).json()).toMatchObject({
      organizations: [{ id: 'org-globex' }],
    })
  })
})

describe('signing in again', () => {
  it('ends the session that the browser had', async () => {
    providers.who = BOB
    const one = browser()
    await one.whole('/api/v1/sign-in/github')
    const copied = new Map(one.cookies)
    await one.whole('/api/v1/sign-in/github')
    expect(await one.whoIs()).toMatchObject({ id: 'bob' })
    expect(await browser(copied).whoIs()).toBeNull()
  })
})

describe('somebody whom another organization made, who comes by an identity provider', () => {
  const VIC = { id: '7', name: 'vic', email: 'vic@example.test', isVerified: true }

  /** What Eve keeps of it. */
  async function madeByEve() {
    const { code } = await invite('vic@example.test', 'eve')
    const given = { code: code.expose(), name: 'Vic', session: true, token: true }
    const { cookie, token } = await house.visit('invitations.accept', given, BROWSER)
    if (cookie === undefined || cookie === 'none') throw new Error('nobody is signed in')
    const eves = browser(new Map([['__Host-claviger', cookie.value.expose()]]))
    const byToken = { authorization: `Bearer ${token?.expose()}` }
    return { eves, asks: () => browser().send('GET', '/api/v1/session', undefined, byToken) }
  }

  it('is themselves, and nobody is who acted in their name before', async () => {
    const { eves, asks } = await madeByEve()
    expect([await eves.whoIs(), (await asks()).status]).toMatchObject([{ email: VIC.email }, 200])
    providers.who = VIC
    const vic = browser()
    await vic.whole('/api/v1/sign-in/oidc')
    expect(await vic.whoIs()).toMatchObject({ email: VIC.email })
    expect([await eves.whoIs(), (await asks()).status]).toEqual([null, 401])
  })

  it('comes into the organization that has invited them', async () => {
    const { eves, asks } = await madeByEve()
    await invite('vic@example.test')
    providers.who = VIC
    const vic = browser()
    expect(await vic.whole('/api/v1/sign-in/oidc')).toBe(`${ORIGIN}/`)
    expect(await (await vic.send('GET', '/api/v1/session')).json()).toMatchObject({
      organization: { id: 'org-acme' },
      organizations: [{ id: 'org-acme' }, { id: 'org-globex' }],
    })
    expect([await eves.whoIs(), (await asks()).status]).toEqual([null, 401])
  })
})
