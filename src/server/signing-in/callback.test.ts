// People who show who they are somewhere else: the whole way of a browser, there and back, with honest providers; and
// everything that others may try on that way.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN, type TestApp } from '../../../test/support/app.ts'
import { givePassword, signIn } from '../../../test/support/browsers.ts'
import { createHouse, type House } from '../../../test/support/house.ts'
import {
  CLIENT,
  type IdentityProviders,
  startIdentityProviders,
} from '../../../test/support/identity-providers.ts'
import { createAuthenticator } from '../../control/authenticate.ts'
import { createControl } from '../../control/control.ts'
import { createComeBack } from '../../control/outside/coming-back.ts'
import { Secret } from '../../domain/secret.ts'
import { identityClients } from '../../domain/settings/identity-settings.ts'
import { configuredProviders } from '../../providers/identity/configured.ts'

const OWN = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }
const BOB = { id: '41', name: 'bob', email: 'bob@example.test', isVerified: true }
const NEW = { id: '42', name: 'new', email: 'New@Example.test', isVerified: true }

let providers: IdentityProviders
let house: House
let app: TestApp['app']
let lines: string[]

beforeAll(async () => {
  providers = await startIdentityProviders()
})
afterAll(() => providers.close())

beforeEach(() => {
  Object.assign(providers, {
    ...{ who: NEW, forge: (claims: object) => claims, usesOtherKey: false, fails: null, tellsLate: false },
  })
  house = createHouse()
  const secret = CLIENT.secret
  const clients = identityClients({
    ...{ githubClientId: CLIENT.id, githubClientSecret: secret, githubUrl: providers.url },
    ...{ oidcClientId: CLIENT.id, oidcClientSecret: secret, oidcIssuer: providers.url },
    ...{ linearClientId: CLIENT.id, linearClientSecret: secret, linearUrl: providers.url },
  })
  const identityProviders = configuredProviders(clients, { allowPrivate: false, now: Date.now })
  const ports = { ...house.ports, identityProviders }
  ;({ app, lines } = createTestApp(house, {
    control: createControl(ports),
    authenticate: createAuthenticator(ports),
    comeBack: createComeBack(ports),
  }))
})

/** A browser with its cookies. */
function browser(cookies = new Map<string, string>()) {
  const send = async (method: string, url: string, body?: object, headers: Record<string, string> = OWN) => {
    const all = new Headers({ 'user-agent': 'Testzilla', ...headers })
    all.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    if (body !== undefined) all.set('content-type', 'application/json')
    const request = { method, headers: all, ...(body !== undefined && { body: JSON.stringify(body) }) }
    const response = await app.fetch(new Request(new URL(url, ORIGIN), request))
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  const start = async (path: string, returnTo?: string) => {
    const response = await send('POST', path, returnTo === undefined ? {} : { returnTo })
    const { url = '' } = (await response.json()) as { url?: string }
    return { response, url }
  }
  /** Is sent there, is signed in there, and comes back to this address. */
  const there = async (url: string) => {
    const response = await fetch(url, { redirect: 'manual' })
    return response.headers.get('location') ?? ''
  }
  /** Where the browser is when it has come back. */
  const back = async (address: string) => {
    const response = await send('GET', address, undefined, { 'sec-fetch-site': 'cross-site' })
    return response.headers.get('location')
  }
  const whole = async (path: string, returnTo?: string) =>
    back(await there((await start(path, returnTo)).url))
  const whoIs = async () => {
    const response = await send('GET', '/api/v1/session')
    return response.status === 200
      ? ((await response.json()) as { person: { id: string; email: string } }).person
      : null
  }
  return { cookies, send, start, there, back, whole, whoIs }
}

async function invite(email = 'new@example.test', who: 'ada' | 'eve' = 'ada') {
  return house.ask(who, 'invitations.create', { email, role: 'member', teams: ['platform'] })
}

const problem = (code: string) => `${ORIGIN}/sign-in?problem=${code}`

for (const provider of ['github', 'oidc'] as const) {
  const path = `/api/v1/sign-in/${provider}`

  describe(`signing in with ${provider}`, () => {
    it('makes whoever was invited by that e-mail a member, links the account, and knows it again', async () => {
      await invite()
      const first = browser()
      expect(await first.whole(path, '/runs?x=1#y')).toBe(`${ORIGIN}/runs?x=1#y`)
      const person = await first.whoIs()
      expect(person).toMatchObject({ email: 'new@example.test', role: 'member', teams: ['platform'] })
      const actions = (await house.audit()).map(({ action }) => action)
      expect(actions.slice(-3)).toEqual(['invitation.accept', 'account.link', 'session.create'])
      // The e-mail and the name of the account count no more: its id does.
      providers.who = { ...NEW, name: 'renamed', email: 'other@elsewhere.test', isVerified: false }
      const second = browser()
      expect(await second.whole(path)).toBe(`${ORIGIN}/`)
      expect(await second.whoIs()).toEqual(person)
      const { sessions } = (await (await second.send('GET', '/api/v1/sessions')).json()) as {
        sessions: { method: string }[]
      }
      expect(sessions.map(({ method }) => method)).toEqual([provider, provider])
      expect(lines.join()).not.toMatch(/code=|state=|clv_session/)
    })

    it('is nobody whose e-mail is not verified, or known to nobody', async () => {
      await invite()
      for (const who of [
        { ...NEW, isVerified: false },
        { ...NEW, email: null },
        { ...NEW, email: 'x@example.test' },
      ]) {
        providers.who = who
        const one = browser()
        expect([who, await one.whole(path), await one.whoIs()]).toEqual([who, problem('unknown'), null])
      }
      expect(await house.ports.identity.findByEmail('org-acme', 'new@example.test')).toBeUndefined()
    })

    it('is nobody with an invitation that is over, or of somebody who was shown out', async () => {
      const { id } = await invite()
      await house.ask('ada', 'invitations.revoke', { id })
      expect(await browser().whole(path)).toBe(problem('unknown'))
      await house.ask('ann', 'invitations.create', { email: 'new@example.test', role: 'member' })
      house.people.change('ann', null)
      expect(await browser().whole(path)).toBe(problem('refused'))
    })

    it('gives no account away that has a password, whatever the e-mail', async () => {
      providers.who = BOB
      await givePassword(house, 'bob')
      const one = browser()
      expect([await one.whole(path), await one.whoIs()]).toEqual([problem('unknown'), null])
      expect(await house.ports.identity.linkedAccounts('bob')).toEqual([])
    })

    it('is a member of that e-mail who has no other way in, once', async () => {
      providers.who = BOB
      const one = browser()
      expect([await one.whole(path), (await one.whoIs())?.id]).toEqual([`${ORIGIN}/`, 'bob'])
      providers.who = { ...BOB, id: '99' }
      expect(await browser().whole(path)).toBe(problem('unknown'))
    })

    it('is nobody any more who was removed; invited again they begin anew', async () => {
      providers.who = BOB
      await browser().whole(path)
      await house.ask('ada', 'members.remove', { member: 'bob' })
      expect(await browser().whole(path)).toBe(problem('unknown'))
      const { code } = await invite('bob@example.test')
      await house.visit('invitations.accept', { code: code.expose(), name: 'Bob' })
      expect(await house.ports.identity.linkedAccounts('bob')).toEqual([])
    })

    it('is ended by a code that was traded in, by a wrong one, and by a provider that fails', async () => {
      await invite()
      const one = browser()
      const address = await one.there((await one.start(path)).url)
      expect(await one.back(address)).toBe(`${ORIGIN}/`)
      expect(await one.back(address)).toBe(problem('expired'))
      const other = browser()
      const wrong = new URL(await other.there((await other.start(path)).url))
      wrong.searchParams.set('code', 'another')
      expect(await other.back(wrong.href)).toBe(problem('refused'))
      providers.fails = 500
      expect(await browser().whole(path)).toBe(problem('unavailable'))
      providers.fails = 401
      expect(await browser().whole(path)).toBe(problem('refused'))
    })

    it('is of the browser that began it: neither a victim nor a thief comes in by another’s state', async () => {
      await invite()
      const [thief, victim] = [browser(), browser()]
      const address = await thief.there((await thief.start(path)).url)
      await victim.start(path)
      for (const other of [browser(), victim])
        expect([await other.back(address), await other.whoIs()]).toEqual([problem('expired'), null])
      // And it goes on where it began.
      expect(await thief.back(address)).toBe(`${ORIGIN}/`)
    })

    it('knows no state that it has not given, and no other provider’s', async () => {
      await invite()
      const one = browser()
      const address = new URL(await one.there((await one.start(path)).url))
      const elsewhere = address.href.replace(
        `/callback/${provider}`,
        `/callback/${provider === 'oidc' ? 'github' : 'oidc'}`,
      )
      expect(await one.back(elsewhere)).toBe(problem('expired'))
      expect(await one.back(`/auth/callback/${provider}?state=made-up&code=x`)).toBe(problem('expired'))
      expect(await one.back(`/auth/callback/${provider}`)).toBe(problem('expired'))
    })

    it('lasts ten minutes, and can be turned away there', async () => {
      await invite()
      const one = browser()
      const address = new URL(await one.there((await one.start(path)).url))
      address.searchParams.delete('code')
      address.searchParams.set('error', 'access_denied')
      expect(await one.back(address.href)).toBe(problem('denied'))
      const late = await one.there((await one.start(path)).url)
      house.clock.now += 600_000
      expect(await one.back(late)).toBe(problem('expired'))
    })

    it.each([
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      '/.//evil.example',
      'evil',
      'javascript:alert(1)',
      '',
    ])('does not return to %j', async (returnTo) => {
      const { response } = await browser().start(path, returnTo)
      expect(response.status).toBe(400)
    })

    it('begins on pages of this server only', async () => {
      const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      expect((await browser().send('POST', path, {}, evil)).status).toBe(403)
      expect((await browser().send('POST', path, {}, {})).status).toBe(403)
    })
  })
}

describe('the cookie of the trip', () => {
  it('comes back from other sites, which that of a sign-in does not, and is gone then', async () => {
    await invite()
    const one = browser()
    const { response, url } = await one.start('/api/v1/sign-in/github')
    expect(response.headers.get('set-cookie')).toMatch(
      /^__Host-claviger-trip=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Expires=/,
    )
    expect([...one.cookies.keys()]).toEqual(['__Host-claviger-trip'])
    const kept = one.cookies.get('__Host-claviger-trip') ?? ''
    expect(url + JSON.stringify(await house.audit())).not.toContain(kept)
    await one.back(await one.there(url))
    expect([...one.cookies.keys()]).toEqual(['__Host-claviger'])
  })
})

describe('an id token', () => {
  it.each<[string, (claims: Record<string, unknown>) => object]>([
    ['of another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    ['for another client', (claims) => ({ ...claims, aud: 'another' })],
    ['for several clients, this one not its own', (claims) => ({ ...claims, aud: [CLIENT.id, 'another'] })],
    ['of another trip', (claims) => ({ ...claims, nonce: 'another' })],
    ['without a trip', ({ nonce: _, ...claims }) => claims],
    ['that has expired', (claims) => ({ ...claims, exp: 1_000_000 })],
    ['without a subject', ({ sub: _, ...claims }) => claims],
  ])('%s is refused', async (_, forge) => {
    await invite()
    providers.forge = forge as never
    const one = browser()
    expect([await one.whole('/api/v1/sign-in/oidc'), await one.whoIs()]).toEqual([problem('refused'), null])
  })

  it('signed with another key is refused', async () => {
    await invite()
    providers.usesOtherKey = true
    expect(await browser().whole('/api/v1/sign-in/oidc')).toBe(problem('refused'))
    expect(lines.join()).not.toContain('eyJ')
  })

  it('without an e-mail is completed by whom it is of', async () => {
    await invite()
    providers.tellsLate = true
    expect(await browser().whole('/api/v1/sign-in/oidc')).toBe(`${ORIGIN}/`)
  })
})

describe('linking an account', () => {
  async function signedIn(who: 'bob' | 'cyd') {
    const { cookie } = await signIn(house, who)
    return browser(new Map([['__Host-claviger', cookie]]))
  }

  it.each(['github', 'oidc', 'linear'])(
    'of %s is for whoever is signed in, by its id, whatever its e-mail',
    async (provider) => {
      providers.who = { ...NEW, email: 'elsewhere@example.test', isVerified: false }
      const one = await signedIn('bob')
      expect(await one.whole(`/api/v1/accounts/${provider}`, '/settings')).toBe(
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
      expect(await one.whole(`/api/v1/accounts/${provider}`)).toBe(`${ORIGIN}/?linked=${provider}`)
      const other = await signedIn('cyd')
      expect(await other.whole(`/api/v1/accounts/${provider}`)).toBe(problem('linked-elsewhere'))
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
    const address = await one.there((await one.start('/api/v1/accounts/github')).url)
    await one.send('DELETE', '/api/v1/session')
    expect(await one.back(address)).toBe(problem('signed-out'))
    expect(await house.ports.identity.linkedAccounts('bob')).toEqual([])
  })

  it('ends when it is unlinked, but for the only way in', async () => {
    providers.who = BOB
    const one = browser()
    await one.whole('/api/v1/sign-in/github')
    const [account] = await house.ports.identity.linkedAccounts('bob')
    const unlink = (id = '') => one.send('DELETE', `/api/v1/accounts/${id}`)
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

describe('the settings of providers', () => {
  it('are on with a client id and one secret, which is shown nowhere', () => {
    expect(identityClients({})).toEqual({ github: null, oidc: null, linear: null })
    const clients = identityClients({ githubClientId: 'one', githubClientSecret: 'canary-of-a-secret' })
    expect(clients.github).toMatchObject({
      clientId: 'one',
      url: 'https://github.com',
      secret: expect.any(Secret),
    })
    expect(JSON.stringify(clients)).not.toContain('canary')
    for (const wrong of [
      { githubClientId: 'one' },
      { githubClientId: 'one', githubClientSecret: 'a', githubClientSecretFile: 'b' },
      { oidcClientId: 'one', oidcClientSecret: 'a' },
      { oidcIssuer: 'https://id.example.test' },
      { oidcIssuer: 'http://id.example.test', oidcClientId: 'one', oidcClientSecret: 'a' },
    ])
      expect(() => identityClients(wrong)).toThrow(/CLAVIGER_/)
  })
})
