// Browsers that are sent to honest identity providers and come back, over a house of people in memory.

import { afterAll, beforeAll, beforeEach } from 'vitest'
import { createAuthenticator } from '../../src/control/authenticate.ts'
import { createControl } from '../../src/control/control.ts'
import { createComeBack } from '../../src/control/outside/coming-back.ts'
import { identityClients } from '../../src/domain/settings/identity-settings.ts'
import { configuredProviders } from '../../src/providers/identity/configured.ts'
import type { App } from '../../src/server/app.ts'
import { createTestApp, ORIGIN } from './app.ts'
import { createHouse, type House } from './house.ts'
import { CLIENT, type IdentityProviders, startIdentityProviders } from './identity-providers.ts'

/** Whoever is a member. */
export const BOB = { id: '41', name: 'bob', email: 'bob@example.test', isVerified: true }
/** Whoever is none; signed in at the providers until a test says otherwise. */
export const NEW = { id: '42', name: 'new', email: 'New@Example.test', isVerified: true }

/** Where a browser lands that does not get in. */
export const problem = (code: string) => `${ORIGIN}/sign-in?problem=${code}`

export type OutsideBrowser = ReturnType<typeof createBrowser>

/** New for each test of the file but for the providers. */
export interface Outside {
  providers: IdentityProviders
  house: House
  app: App
  lines: string[]
}

export function useOutside() {
  const outside = {} as Outside
  beforeAll(async () => {
    outside.providers = await startIdentityProviders()
  })
  afterAll(() => outside.providers.close())
  beforeEach(() => {
    const { providers } = outside
    Object.assign(providers, {
      ...{ who: NEW, forge: (claims: object) => claims, usesOtherKey: false, fails: null, tellsLate: false },
    })
    const house = createHouse()
    const secret = CLIENT.secret
    const clients = identityClients({
      ...{ githubClientId: CLIENT.id, githubClientSecret: secret, githubUrl: providers.url },
      ...{ oidcClientId: CLIENT.id, oidcClientSecret: secret, oidcIssuer: providers.url },
      ...{ linearClientId: CLIENT.id, linearClientSecret: secret, linearUrl: providers.url },
    })
    const identityProviders = configuredProviders(clients, { allowPrivate: false, now: Date.now })
    const ports = { ...house.ports, identityProviders }
    const { app, lines } = createTestApp(house, {
      control: createControl(ports),
      authenticate: createAuthenticator(ports),
      comeBack: createComeBack(ports),
    })
    Object.assign(outside, { house, app, lines })
  })
  return {
    outside,
    browser: (cookies?: Map<string, string>) =>
      createBrowser({ origin: ORIGIN, send: (request) => outside.app.fetch(request) }, cookies),
    invite: (email = 'new@example.test', who: 'ada' | 'eve' = 'ada') =>
      outside.house.ask(who, 'invitations.create', { email, role: 'member', teams: ['platform'] }),
  }
}

/** Whom a browser talks to. */
export interface Site {
  readonly origin: string
  send(request: Request): Promise<Response> | Response
}

/** A browser with its cookies. */
export function createBrowser(site: Site, cookies = new Map<string, string>()) {
  const own = { origin: site.origin, 'sec-fetch-site': 'same-origin' }
  const send = async (method: string, url: string, body?: object, headers: Record<string, string> = own) => {
    const all = new Headers({ 'user-agent': 'Testzilla', ...headers })
    all.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    if (body !== undefined) all.set('content-type', 'application/json')
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const request = { method, headers: all, redirect: 'manual' as const, ...content }
    const response = await site.send(new Request(new URL(url, site.origin), request))
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  const start = async (path: string, returnTo?: string, proof: object = {}) => {
    const response = await send('POST', path, { ...proof, ...(returnTo !== undefined && { returnTo }) })
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
  const whole = async (path: string, returnTo?: string, proof?: object) =>
    back(await there((await start(path, returnTo, proof)).url))
  const whoIs = async () => {
    const response = await send('GET', '/api/v1/session')
    return response.status === 200
      ? ((await response.json()) as { person: { id: string; email: string } }).person
      : null
  }
  return { cookies, send, start, there, back, whole, whoIs }
}
