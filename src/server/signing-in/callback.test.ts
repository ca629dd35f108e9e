// People who show who they are somewhere else: the whole way of a browser, there and back, with honest providers; and
// everything that others may try on that way.

import { beforeEach, describe, expect, it } from 'vitest'
import { ORIGIN } from '../../../test/support/app.ts'
import { givePassword } from '../../../test/support/browsers.ts'
import type { House } from '../../../test/support/house.ts'
import { CLIENT, type IdentityProviders } from '../../../test/support/identity-providers.ts'
import { BOB, NEW, problem, useOutside } from '../../../test/support/outside.ts'
import { Secret } from '../../domain/secret.ts'
import { identityClients } from '../../domain/settings/identity-settings.ts'

const { outside, browser, invite } = useOutside()

let providers: IdentityProviders
let house: House
let lines: string[]

beforeEach(() => {
  ;({ providers, house, lines } = outside)
})

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

describe('a bad callback', () => {
  it('never ends a good sign-in, whoever sends it', async () => {
    await invite()
    const one = browser()
    const address = await one.there((await one.start('/api/v1/sign-in/oidc')).url)
    for (const bad of ['?state=made-up&code=x', '', '?error=access_denied'])
      expect(await one.back(`/auth/callback/oidc${bad}`)).toBe(problem('expired'))
    const looked = await one.send('HEAD', address, undefined, { 'sec-fetch-site': 'cross-site' })
    expect([looked.status, looked.headers.get('x-content-type-options')]).toEqual([405, 'nosniff'])
    expect(await one.back(address)).toBe(`${ORIGIN}/`)
    expect(await one.whoIs()).toMatchObject({ email: 'new@example.test' })
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
    ['with a number as its subject', (claims) => ({ ...claims, sub: 4711 })],
    ['with an empty subject', (claims) => ({ ...claims, sub: '' })],
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
