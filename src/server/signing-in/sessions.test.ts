// A browser that somebody is signed in with, as the server sees it: its cookie, and where requests with it come from.

import { beforeEach, describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN, type TestApp } from '../../../test/support/app.ts'
import { givePassword, PASSWORD, setUpApp } from '../../../test/support/browsers.ts'
import { createHouse, type House } from '../../../test/support/house.ts'
import { cookieName } from './cookies.ts'

const OWN = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }
const EVIL = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
const BOB = { email: 'bob@example.test', password: PASSWORD }

let house: House
let app: TestApp['app']
let send: TestApp['send']
let lines: string[]

beforeEach(async () => {
  house = createHouse()
  ;({ app, send, lines } = createTestApp(house))
  await givePassword(house, 'bob')
})

interface Sent {
  readonly body?: object
  readonly cookie?: string
  readonly headers?: Record<string, string>
}

function ask(method: string, path: string, { body, cookie, headers = OWN }: Sent = {}): Promise<Response> {
  const all = new Headers({ 'user-agent': 'Testzilla/1.0', ...headers })
  if (cookie !== undefined) all.set('cookie', `theme=dark; ${cookie}; other=1`)
  if (body !== undefined) all.set('content-type', 'application/json')
  const request = { method, headers: all, ...(body !== undefined && { body: JSON.stringify(body) }) }
  const connection = { incoming: { socket: { remoteAddress: '192.0.2.7' } } }
  return Promise.resolve(app.fetch(new Request(ORIGIN + path, request), connection))
}

/** `NAME=VALUE`, as the browser sends it back. */
async function signIn(): Promise<string> {
  const response = await ask('POST', '/api/v1/session', { body: BOB })
  expect(response.status).toBe(201)
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code

describe('the cookie', () => {
  it('is for this host, for https, for no script and for no other site, and is in no body and no log', async () => {
    const response = await ask('POST', '/api/v1/session', { body: BOB })
    const cookie = response.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(
      /^__Host-claviger=clv_session_\w{49}; Path=\/; Secure; HttpOnly; SameSite=Strict; Expires=[^;]+GMT$/,
    )
    const value = cookie.split(/[=;]/)[1] ?? ''
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ state: 'signed-in', session: { person: { id: 'bob' } } })
    expect(text).not.toContain(value)
    await ask('GET', '/api/v1/whoami', { cookie: `__Host-claviger=${value}` })
    expect(lines.join()).not.toContain(value)
    expect(lines.join()).not.toContain(PASSWORD)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('has a name of its own for each server of one machine', () => {
    expect(cookieName('https://claviger.example:8443')).toBe('__Host-claviger')
    expect(cookieName('http://127.0.0.1:7717')).toBe('__Host-claviger-7717')
    expect(cookieName('http://[::1]:7718')).toBe('__Host-claviger-7718')
  })

  it('is taken wherever a token is', async () => {
    const cookie = await signIn()
    const who = await ask('GET', '/api/v1/whoami', { cookie })
    expect(await who.json()).toMatchObject({ id: 'bob', role: 'member', organization: { name: 'Acme' } })
    const body = {
      type: 'claude/api-key',
      owner: 'me',
      name: 'main',
      fields: { key: 'sk-ant-test-0123456789' },
    }
    expect((await ask('POST', '/api/v1/credentials', { cookie, body })).status).toBe(201)
    expect((await ask('GET', '/api/v1/members', { cookie })).status).toBe(403)
    expect((await house.audit()).at(-1)).toMatchObject({ actorId: 'bob', outcome: 'refused' })
  })

  it('gives way to a token, also to a wrong one', async () => {
    const cookie = await signIn()
    const token = (await createTestApp(house).token('ada')).toString()
    const as = (authorization: string) =>
      ask('GET', '/api/v1/whoami', { cookie, headers: { ...OWN, authorization } })
    expect(await (await as(`Bearer ${token}`)).json()).toMatchObject({ id: 'ada' })
    for (const wrong of ['Bearer nonsense', 'Basic YTpi', ''])
      expect([wrong, (await as(wrong)).status]).toEqual([wrong, 401])
    expect((await as(`Bearer ${cookie.split('=')[1]}`)).status).toBe(401)
  })

  it('is taken away when it is good for nothing any more, and with signing out', async () => {
    const gone = /^__Host-claviger=; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=0$/
    const cookie = await signIn()
    const out = await ask('DELETE', '/api/v1/session', { cookie })
    expect([await out.json(), out.headers.get('set-cookie')]).toEqual([
      { ended: true },
      expect.stringMatching(gone),
    ])
    const after = await ask('GET', '/api/v1/whoami', { cookie })
    expect([after.status, after.headers.get('set-cookie')]).toEqual([401, expect.stringMatching(gone)])
    const without = await ask('GET', '/api/v1/whoami')
    expect([without.status, without.headers.get('set-cookie')]).toEqual([401, null])
    const nonsense = await ask('GET', '/api/v1/whoami', { cookie: '__Host-claviger=nonsense' })
    expect([nonsense.status, nonsense.headers.get('set-cookie')]).toEqual([401, expect.stringMatching(gone)])
  })

  it('stays when somebody who is signed in shows a wrong password or code', async () => {
    const { recoveryCodes } = await setUpApp(house, 'bob')
    const body = { ...BOB, code: recoveryCodes[0] }
    const response = await ask('POST', '/api/v1/session', { body })
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    for (const [path, given] of [
      ['/api/v1/second-factor/disable', { password: 'wrong', code: '000000' }],
      ['/api/v1/second-factor/disable', { password: PASSWORD, code: '000000' }],
      ['/api/v1/password', { current: 'wrong', password: 'another password' }],
    ] as const) {
      const refused = await ask('POST', path, { cookie, body: given })
      expect([path, refused.status, refused.headers.get('set-cookie')]).toEqual([path, 403, null])
    }
    expect((await ask('GET', '/api/v1/whoami', { cookie })).status).toBe(200)
  })

  it('stays when somebody who is signed in types a wrong password at the door', async () => {
    const cookie = await signIn()
    const wrong = await ask('POST', '/api/v1/session', { cookie, body: { ...BOB, password: 'wrong' } })
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null])
    expect((await ask('GET', '/api/v1/whoami', { cookie })).status).toBe(200)
  })
})

// What the browser says of a request: where from, and what becomes of it when it reads and when it changes something.
const REQUESTS: readonly [what: string, headers: Record<string, string>, reads: number, changes: number][] = [
  ['a page of ours', OWN, 200, 200],
  ['a page of ours, an old browser', { origin: ORIGIN }, 200, 200],
  ['a page of ours that says no origin', { 'sec-fetch-site': 'same-origin' }, 200, 200],
  ['the person, by the address bar', { 'sec-fetch-site': 'none' }, 200, 403],
  ['another site', EVIL, 403, 403],
  ['another port of this machine', { origin: `${ORIGIN}:81`, 'sec-fetch-site': 'same-site' }, 403, 403],
  ['another site, an old browser', { origin: 'https://evil.example' }, 200, 403],
  ['another site that hides its origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }, 403, 403],
  ['a frame without an origin', { origin: 'null' }, 200, 403],
  ['our origin, and yet another site', { origin: ORIGIN, 'sec-fetch-site': 'cross-site' }, 403, 403],
  ['a name that begins like ours', { origin: `${ORIGIN}.evil.example` }, 200, 403],
  ['no browser', {}, 200, 403],
]

describe('a request with a cookie', () => {
  for (const [what, headers, reads, changes] of REQUESTS) {
    it(`from ${what} is ${reads === 200 ? 'shown' : 'refused'}, and ${changes === 200 ? 'changes' : 'does not change'} things`, async () => {
      const cookie = await signIn()
      expect((await ask('GET', '/api/v1/session', { cookie, headers })).status).toBe(reads)
      const before = (await house.audit()).length
      expect((await ask('DELETE', '/api/v1/sessions', { cookie, headers })).status).toBe(changes)
      if (changes === 403) expect((await house.audit()).length).toBe(before)
    })
  }

  it('needs no origin when it has a token instead', async () => {
    const response = await send('bob', 'DELETE', '/api/v1/sessions')
    expect(response.status).toBe(200)
  })

  it('ends in mid-stream when the browser is signed out', async () => {
    await house.give('bob', 'me', 'main')
    const cookie = await signIn()
    const taken = await ask('POST', '/api/v1/leases', { cookie, body: { harness: 'claude' } })
    const { id } = (await taken.json()) as { id: string }
    const events = await ask('GET', `/api/v1/leases/${id}/events`, { cookie })
    expect(events.status).toBe(200)
    await ask('DELETE', '/api/v1/session', { cookie })
    expect(await events.text()).toContain('You are not signed in any more.')
  })
})

describe('the routes of the sign-in library', () => {
  it('are not there', async () => {
    for (const path of ['/api/auth/get-session', '/api/auth/ok', '/api/auth/sign-in/email'])
      for (const method of ['GET', 'POST'])
        expect([path, (await ask(method, path)).status]).toEqual([path, 404])
  })
})

describe('signing in', () => {
  for (const [what, headers] of [
    ['another site', EVIL],
    ['a form of another site', { origin: 'null' }],
    ['no browser', {}],
  ] as const) {
    it(`is refused from ${what}, so that nobody is signed in as somebody else unawares`, async () => {
      const response = await ask('POST', '/api/v1/session', { body: BOB, headers })
      expect([response.status, await codeOf(response), response.headers.get('set-cookie')]).toEqual([
        ...[403, 'forbidden', null],
      ])
      const code = (await house.ask('ada', 'members.link', { member: 'bob' })).code.expose()
      const body = { code, password: PASSWORD, session: true }
      const linked = await ask('POST', '/api/v1/invitations/accept', { body, headers })
      expect([linked.status, linked.headers.get('set-cookie')]).toEqual([403, null])
    })
  }

  it('takes JSON only, which no form can send', async () => {
    const headers = { ...OWN, 'content-type': 'text/plain' }
    const request = new Request(`${ORIGIN}/api/v1/session`, {
      method: 'POST',
      headers,
      body: JSON.stringify(BOB),
    })
    expect((await app.fetch(request)).status).toBe(400)
  })

  it('comes with an invitation too', async () => {
    const invited = { email: 'new@example.test', role: 'member' } as const
    const code = (await house.ask('ada', 'invitations.create', invited)).code.expose()
    const body = { code, name: 'New', password: PASSWORD, session: true }
    const response = await ask('POST', '/api/v1/invitations/accept', { body })
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    expect(await response.json()).toMatchObject({ signedIn: true })
    expect(await (await ask('GET', '/api/v1/session', { cookie })).json()).toMatchObject({
      ...{ person: { email: 'new@example.test', role: 'member' }, session: { method: 'invitation' } },
    })
  })

  it('comes with the plain page of an invitation, for a browser that says where it comes from', async () => {
    const code = (await house.ask('ada', 'members.link', { member: 'bob' })).code.expose()
    const request = { method: 'POST', body: new URLSearchParams({ code, password: PASSWORD }), headers: OWN }
    const response = await app.fetch(new Request(`${ORIGIN}/join`, request))
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('is signed in')])
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    expect((await ask('GET', '/api/v1/whoami', { cookie })).status).toBe(200)
  })

  it('lets a terminal in', async () => {
    const cookie = await signIn()
    const { userCode, deviceCode } = await house.visit('device.start', { client: 'laptop' })
    expect(
      (await ask('POST', '/api/v1/device/approve', { cookie, body: { userCode }, headers: EVIL })).status,
    ).toBe(403)
    expect((await ask('POST', '/api/v1/device/approve', { cookie, body: { userCode } })).status).toBe(200)
    const let_in = await house.visit('device.poll', { deviceCode: deviceCode.expose() })
    expect(let_in).toMatchObject({ state: 'approved', person: { id: 'bob' } })
  })
})

describe('a page at localhost', () => {
  const at = (url: string, publicUrl: string, method = 'GET') => {
    const changed = createTestApp(house, { publicUrl: () => publicUrl })
    const { host } = new URL(url)
    return changed.app.fetch(new Request(url, { method, headers: { host } }))
  }

  it('leads to the address of the server, whose cookie it is', async () => {
    const response = await at('http://localhost:7717//evil.example/a?b=c', 'http://127.0.0.1:7717')
    expect(response.status).toBe(307)
    expect(response.headers.get('location')).toBe('http://127.0.0.1:7717//evil.example/a?b=c')
  })

  it('stays where it is when that is not the same server, or is what programs ask for', async () => {
    expect((await at('http://localhost:7717/docs', 'http://localhost:7717')).status).toBe(200)
    expect((await at('http://localhost:7717/docs', 'https://claviger.example')).status).toBe(200)
    expect((await at('http://localhost:7718/docs', 'http://127.0.0.1:7717')).status).toBe(200)
    expect((await at('http://localhost:7717/healthz', 'http://127.0.0.1:7717')).status).toBe(200)
    expect((await at('http://localhost:7717/api/v1/sign-in', 'http://127.0.0.1:7717')).status).toBe(200)
    expect((await at('http://localhost:7717/docs', 'http://127.0.0.1:7717', 'POST')).status).toBe(404)
  })
})
