// The plain pages as a browser uses them: forms, where they may come from, and what others put into them.

import { beforeEach, describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN, type TestApp } from '../../../test/support/app.ts'
import { createHouse, type House } from '../../../test/support/house.ts'
import { Secret } from '../../domain/secret.ts'
import { PLACEHOLDER_EMAIL } from '../../identity/identity.ts'

const PASSWORD = 'correct horse battery'
const OWN = { origin: ORIGIN }

let house: House
let app: TestApp['app']
let lines: string[]

beforeEach(() => {
  house = createHouse()
  ;({ app, lines } = createTestApp(house))
})

const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } })

function open(path: string): Promise<Response> {
  return Promise.resolve(app.fetch(new Request(ORIGIN + path), from('192.0.2.7')))
}

function submit(
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = OWN,
): Promise<Response> {
  const body = new URLSearchParams(fields)
  return Promise.resolve(
    app.fetch(new Request(ORIGIN + path, { method: 'POST', body, headers }), from('192.0.2.7')),
  )
}

it('the first person of a server is asked for a name, too', async () => {
  const { identity } = house.ports
  await identity.changing({}).setProfile('ada', { email: PLACEHOLDER_EMAIL })
  const { code } = await house.ask('ada', 'members.link', { member: PLACEHOLDER_EMAIL })
  const page = await (await open(`/join?code=${code.expose()}`)).text()
  expect(page.match(/(?<=<input id=")\w+/g)).toEqual(['name', 'email', 'password'])
  const given = { code: code.expose(), name: 'Ada Lovelace', email: 'ada@example.test', password: PASSWORD }
  expect((await submit('/join', given)).status).toBe(200)
  expect(await identity.person('org-acme', 'ada')).toMatchObject({ name: 'Ada Lovelace' })
})

async function invite(email = 'new@example.test', role: 'member' | 'owner' = 'member'): Promise<string> {
  return (await house.ask('ada', 'invitations.create', { email, role })).code.expose()
}

async function waiting(client = 'laptop', organization?: string) {
  const { identity } = house.ports
  await identity.changing({}).setPassword('bob', await identity.hashPassword(new Secret(PASSWORD)))
  const wanted = organization === undefined ? {} : { organization }
  const { userCode, deviceCode } = await house.visit('device.start', { client, ...wanted })
  const state = async () => {
    house.clock.now += 3000
    return (await house.visit('device.poll', { deviceCode: deviceCode.expose() })).state
  }
  return { userCode, state }
}

const asBob = (code: string, changed: Record<string, string> = {}) => ({
  ...{ code, email: 'bob@example.test', password: PASSWORD, decision: 'approve' },
  ...changed,
})

describe('the pages', () => {
  it('have no script, may be framed by nobody, are kept nowhere, and send forms to this server only', async () => {
    const code = await invite()
    const { userCode } = await waiting()
    for (const path of [
      '/join',
      `/join?code=${code}`,
      '/device',
      `/device?code=${userCode}`,
      '/device?code=x',
    ]) {
      const response = await open(path)
      const policy = response.headers.get('content-security-policy')
      expect(policy).toBe(
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      )
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(response.headers.get('cache-control')).toBe('no-store')
      // With no-referrer a browser would send our own forms without their origin.
      expect(response.headers.get('referrer-policy')).toBe('same-origin')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(response.headers.has('set-cookie')).toBe(false)
      expect(await response.text()).not.toMatch(/<script|\son\w+=|javascript:|https?:\/\/(?!claviger\.test)/i)
    }
  })

  it('show what others wrote as text', async () => {
    const evil = '"><img src=x onerror=alert(1)>&'
    const { userCode } = await waiting(evil, evil)
    const page = await (await open(`/device?code=${userCode}`)).text()
    expect(page).not.toContain('<img')
    expect(page).toContain('&#60;img src=x onerror=alert(1)&#62;')
    const tried = await submit('/device', asBob(userCode, { email: evil, password: 'a wrong password' }))
    expect(tried.status).toBe(401)
    expect(await tried.text()).not.toContain('<img')
    const code = await invite()
    const again = await submit('/join', { code, name: evil, password: 'short' })
    expect(again.status).toBe(400)
    const text = await again.text()
    expect(text).not.toContain('<img')
    expect(text).not.toContain('value="short"')
    const joined = await submit('/join', { code, name: evil, password: PASSWORD })
    expect([joined.status, (await joined.text()).includes('<img')]).toEqual([200, false])
  })

  it('lead nowhere else, whatever the address says', async () => {
    const code = await invite()
    for (const path of [`/join?code=${code}&next=https://evil.test`, '/device?next=https://evil.test']) {
      const response = await open(path)
      expect([response.status, response.headers.get('location')]).toEqual([200, null])
      expect(await response.text()).not.toContain('evil.test')
    }
    const headers = { ...OWN, host: 'evil.test', 'x-forwarded-host': 'evil.test' }
    const joined = await submit('/join', { code, name: 'New', password: PASSWORD }, headers)
    expect(await joined.text()).toContain('claviger login --server http://claviger.test')
  })
})

describe('a form', () => {
  it.each([
    ['another site', { origin: 'https://evil.test' }],
    ['another port', { origin: `${ORIGIN}:8080` }],
    ['the same name without TLS or with', { origin: ORIGIN.replace('http:', 'https:') }],
    ['a hidden origin', { origin: 'null' }],
    ['a hidden origin that says it is ours', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
    ['another site of the same owner', { 'sec-fetch-site': 'same-site' }],
    ['another site, by its other header', { 'sec-fetch-site': 'cross-site' }],
    ['who knows where', {}],
  ])('from %s is refused, and changes nothing', async (_, headers) => {
    const code = await invite()
    const { userCode, state } = await waiting()
    for (const [path, fields] of [
      ['/join', { code, name: 'New', password: PASSWORD }],
      ['/device', asBob(userCode)],
    ] as const) {
      const response = await submit(path, fields, headers as Record<string, string>)
      expect(response.status).toBe(403)
      expect(await response.text()).toContain(`Open ${ORIGIN}${path}`)
    }
    expect(await state()).toBe('pending')
    expect(await house.ports.identity.findByEmail('org-acme', 'new@example.test')).toBeUndefined()
  })

  it.each([{ 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }])(
    'without an origin counts as ours with %o',
    async (headers) => {
      const { userCode, state } = await waiting()
      expect((await submit('/device', asBob(userCode), headers as Record<string, string>)).status).toBe(200)
      expect(await state()).toBe('approved')
    },
  )

  it('that is too large, of another kind or half empty is refused', async () => {
    const code = await invite()
    const large = await submit('/join', { code, name: 'x'.repeat(20_000), password: PASSWORD })
    expect(large.status).toBe(413)
    const post = (type: string, body: string) =>
      app.fetch(
        new Request(`${ORIGIN}/join`, { method: 'POST', body, headers: { ...OWN, 'content-type': type } }),
      )
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x'])
      expect((await post(type, JSON.stringify({ code, name: 'New', password: PASSWORD }))).status).toBe(400)
    expect((await submit('/join', {})).status).toBe(400)
    expect((await submit('/device', { code: 'BCDF-GHJK' })).status).toBe(404)
    expect((await submit('/device', { decision: 'approve' })).status).toBe(400)
  })
})

describe('/join', () => {
  it('makes a member, once; the second time says so', async () => {
    const code = await invite()
    expect(await (await open(`/join?code=${code}`)).text()).toContain(
      'You are invited to <b>Acme</b> as <b>member</b>',
    )
    const fields = { code, name: 'New', password: PASSWORD }
    const joined = await submit('/join', fields)
    expect(joined.status).toBe(200)
    const text = await joined.text()
    expect(text).toContain('new@example.test')
    expect(text).not.toContain('clv_')
    const replayed = await submit('/join', fields)
    expect([replayed.status, (await replayed.text()).includes('was used already')]).toEqual([409, true])
    expect((await open(`/join?code=${code}`)).status).toBe(409)
    for (const secret of [code, PASSWORD]) expect(lines.join()).not.toContain(secret)
  })

  it('lets somebody correct what was wrong, with what they had typed', async () => {
    const code = await invite()
    const short = await submit('/join', { code, name: 'Newton', password: 'short' })
    expect(short.status).toBe(400)
    const text = await short.text()
    expect(text).toContain('A password has 12 to 128 characters.')
    expect(text).toContain('value="Newton"')
    expect((await submit('/join', { code, name: 'Newton', password: PASSWORD })).status).toBe(200)
  })

  it('says what is wrong with a code, and no more', async () => {
    // A link has its code behind the #, where the server does not see it.
    const asked = await open('/join')
    expect([asked.status, await asked.text()]).toEqual([200, expect.stringContaining('name="code"')])
    expect(await (await submit('/join', { code: await invite() })).text()).toContain('name="password"')
    const unknown = await open('/join?code=nonsense')
    expect([unknown.status, (await unknown.text()).includes('no invitation of this server')]).toEqual([
      404,
      true,
    ])
    const code = await invite()
    house.clock.now += 8 * 86_400_000
    const late = await (await open(`/join?code=${code}`)).text()
    expect(late).toContain('has expired')
    expect(late).not.toMatch(/Acme|new@example/)
  })
})

describe('/device', () => {
  it('asks for the code, shows who asks, and lets it in', async () => {
    expect(await (await open('/device')).text()).toContain('name="code"')
    const { userCode, state } = await waiting('bobs-laptop', 'Acme')
    const page = await (await open(`/device?code=${userCode.toLowerCase()}`)).text()
    for (const shown of ['bobs-laptop', '192.0.2.1', '2026-01-01 00:00 UTC', 'would get into your account'])
      expect(page).toContain(shown)
    const done = await submit('/device', asBob(userCode))
    expect([done.status, (await done.text()).includes('is signed in to <b>Acme</b>')]).toEqual([200, true])
    expect(await state()).toBe('approved')
    expect((await submit('/device', asBob(userCode))).status).toBe(404)
  })

  it('turns it away', async () => {
    const { userCode, state } = await waiting()
    expect(await (await submit('/device', asBob(userCode, { decision: 'deny' }))).text()).toContain(
      'turned away',
    )
    expect(await state()).toBe('denied')
  })

  it('asks into which organization, and for the password again', async () => {
    const globex = { email: 'bob@example.test', name: '', role: 'member', teams: [] } as const
    await house.ports.identity.changing({}).addMember('org-globex', globex)
    const { userCode, state } = await waiting()
    const page = await (await submit('/device', asBob(userCode))).text()
    expect(page).toContain('<option value="org-globex">Globex</option>')
    expect(page).not.toContain(PASSWORD)
    expect(await state()).toBe('pending')
    expect(
      (await submit('/device', asBob(userCode, { organization: 'org-globex', password: 'wrong' }))).status,
    ).toBe(401)
    const done = await submit('/device', asBob(userCode, { organization: 'org-globex' }))
    expect(await done.text()).toContain('<b>Globex</b>')
    expect(await state()).toBe('approved')
  })

  it('limits guesses, and says when to come back', async () => {
    const { userCode } = await waiting()
    let last = new Response()
    for (let i = 0; i < 12; i += 1)
      last = await submit('/device', asBob(userCode, { password: 'a wrong password' }))
    expect(last.status).toBe(429)
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await last.text()).toContain('tried too often')
  })
})

describe('a public operation', () => {
  it('needs no token, and its address is limited', async () => {
    const ask = (address: string) =>
      app.fetch(
        new Request(`${ORIGIN}/api/v1/device/poll`, {
          method: 'POST',
          body: '{"deviceCode":"x"}',
          headers: { 'content-type': 'application/json', authorization: 'Bearer nonsense' },
        }),
        from(address),
      )
    for (let i = 0; i < 60; i += 1) expect((await ask('192.0.2.7')).status).toBe(400)
    const limited = await ask('192.0.2.7')
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await limited.json()).toMatchObject({ code: 'rate_limited', retryAfter: 1 })
    expect((await ask('192.0.2.8')).status).toBe(400)
    expect((await open('/device?code=BCDF-GHJK')).status).toBe(429)
  })
})
