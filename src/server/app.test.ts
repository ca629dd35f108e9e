import { describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN } from '../../test/support/app.ts'
import { createHouse, fakeKey } from '../../test/support/house.ts'
import { type Problem, problem as problemSchema, SCHEMAS } from '../api/schemas.ts'
import { codeOfStatus, STATUS_OF } from '../api/status.ts'
import { ClavigerError, ERROR_CODES } from '../domain/errors.ts'
import { MAX_BODY_BYTES } from './read-input.ts'

const KEY = { type: 'claude/api-key', owner: 'me', name: 'main', fields: { key: fakeKey('main') } }
const CREDENTIALS = '/api/v1/credentials'

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  const document = problemSchema.parse(await response.json())
  expect(document.status).toBe(response.status)
  expect(document.requestId).toBe(response.headers.get('x-request-id'))
  return document
}

describe('an operation', () => {
  it('takes path, query and body, and answers as its schema says', async () => {
    const { send } = createTestApp(createHouse())
    const created = await send('bob', 'POST', CREDENTIALS, KEY)
    expect(created.status).toBe(201)
    expect(created.headers.get('cache-control')).toBe('no-store')
    const { id } = SCHEMAS['credentials.create'].output.strict().parse(await created.json())

    const list = await send('bob', 'GET', `${CREDENTIALS}?harness=claude&limit=5`)
    const page = SCHEMAS['credentials.list'].output.parse(await list.json())
    expect(page).toMatchObject({ credentials: [{ id, name: 'main' }], next: null })
    const changed = await send('bob', 'PATCH', `${CREDENTIALS}/${id}`, { description: 'new' })
    expect(await changed.json()).toMatchObject({ description: 'new' })
    const order = { owner: 'me', harness: 'claude', credentials: [id] }
    expect((await send('bob', 'PUT', `${CREDENTIALS}/order`, order)).status).toBe(200)
    expect((await send('bob', 'GET', `${CREDENTIALS}/order?owner=me&harness=claude`)).status).toBe(200)
    expect((await send('bob', 'POST', `${CREDENTIALS}/${id}/test`)).status).toBe(200)
    const deleted = await send('bob', 'DELETE', `${CREDENTIALS}/${id}`)
    expect(await deleted.json()).toEqual({ cleared: ['place 1 in the order of user:bob'] })
  })

  it('reveals a plaintext to the holder of a lease, once in each answer, and nowhere else', async () => {
    const house = createHouse()
    const { send, app, lines } = createTestApp(house)
    await send('bob', 'POST', CREDENTIALS, KEY)
    const answer = await send('bob', 'POST', '/api/v1/leases', { harness: 'claude' })
    const lease = SCHEMAS['leases.create'].output.parse(await answer.json())
    expect(lease.credential?.fields).toEqual({ key: fakeKey('main') })
    const authorization = `Bearer ${lease.handle}`
    const read = new Request(`${ORIGIN}/api/v1/leases/${lease.id}`, { headers: { authorization } })
    expect(await (await app.fetch(read)).json()).toMatchObject({
      credential: { fields: { key: fakeKey('main') } },
    })
    const seen = []
    for (const path of [
      CREDENTIALS,
      `${CREDENTIALS}/${lease.credential?.id}`,
      '/api/v1/explain?harness=claude',
    ])
      seen.push(await (await send('bob', 'GET', path)).text())
    seen.push(
      await (await send('ada', 'GET', '/api/v1/audit')).text(),
      await (await send(null, 'GET', '/metrics')).text(),
    )
    for (const secret of [fakeKey('main'), lease.handle])
      expect(seen.join() + lines.join()).not.toContain(secret)
    expect(seen.join()).not.toContain('[redacted]')
  })
})

describe('every answer', () => {
  const PATHS = [
    '/api/v1/session',
    '/metrics',
    '/healthz',
    '/docs',
    '/auth/callback/github',
    '/device',
    '/nothing',
  ]

  it('is taken for what it says, and kept nowhere', async () => {
    const { send } = createTestApp(createHouse())
    for (const path of PATHS) {
      const { headers } = await send(null, 'GET', path)
      expect([path, headers.get('x-content-type-options')]).toEqual([path, 'nosniff'])
      expect([path, headers.get('cache-control')]).toEqual([path, 'no-store'])
      expect([path, headers.get('strict-transport-security')]).toEqual([path, null])
    }
  })

  it('asks for https from then on where people reach the server by it', async () => {
    const { send } = createTestApp(createHouse(), { publicUrl: () => 'https://claviger.test' })
    for (const path of PATHS) {
      const { headers } = await send(null, 'GET', path)
      expect([path, headers.get('strict-transport-security')]).toEqual([path, 'max-age=31536000'])
    }
  })
})

describe('the token of a request', () => {
  it.each([
    ['no header', {}],
    ['an empty one', { authorization: '' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['no token', { authorization: 'Bearer ' }],
    ['two', { authorization: 'Bearer a b' }],
    ['one too long', { authorization: `Bearer ${'x'.repeat(5000)}` }],
    ['one that is none', { authorization: 'Bearer canary-token' }],
  ])('%s is refused with a challenge and not repeated', async (_, headers) => {
    const { app, lines } = createTestApp(createHouse())
    const response = await app.fetch(new Request(`${ORIGIN}/api/v1/whoami`, { headers }))
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
    const { code, hint, message } = await problemOf(response)
    expect([code, response.status]).toEqual(['unauthenticated', 401])
    expect(hint).toContain('claviger login')
    expect(message + lines.join()).not.toContain('canary-token')
  })

  it('is checked before the body is read', async () => {
    const { send } = createTestApp(createHouse())
    expect((await send(null, 'POST', CREDENTIALS, 'not json')).status).toBe(401)
  })
})

describe('hostile input', () => {
  const CANARY = 'sk-ant-test-canary-0123456789'
  const bad: [string, unknown, string, string?][] = [
    ['malformed JSON', `{"fields":{"key":"${CANARY}"`, 'The body is not valid JSON.'],
    ['a JSON list', `["${CANARY}"]`, 'The body must be a JSON object.'],
    ['JSON null', 'null', 'The body must be a JSON object.'],
    ['an unknown field', { ...KEY, vlaue: CANARY }, 'Unrecognized key'],
    [
      'a prototype key',
      `{"__proto__":{"type":"raw"},"owner":"me","name":"x","fields":{"key":"${CANARY}"}}`,
      'type: ',
    ],
    [
      'a prototype field',
      `{"type":"raw","owner":"me","name":"X","fields":{"__proto__":"${CANARY}"}}`,
      'missing',
    ],
    ['a constructor field', { ...KEY, fields: { constructor: CANARY } }, 'has no field'],
    ['a number for a text', { ...KEY, fields: { key: 5 } }, 'fields.key: '],
    ['a list for fields', { ...KEY, fields: [CANARY] }, 'fields: '],
    ['an unknown type', { ...KEY, type: CANARY }, 'type: '],
    ['a name too long', { ...KEY, name: 'x'.repeat(201) }, 'name: '],
    ['nothing', undefined, 'type: '],
    ['a value in the place of a name of a field', { ...KEY, fields: { [CANARY]: '' } }, 'field'],
    [
      'a long value in the place of a name of a field',
      { ...KEY, fields: { [CANARY.repeat(3)]: '' } },
      'fields',
    ],
    ['a value in the place of a key', { ...KEY, [CANARY]: '' }, 'Unrecognized key'],
  ]
  it.each(bad)('%s is refused with a sentence that holds no value', async (_, body, message) => {
    const house = createHouse()
    const { send, lines } = createTestApp(house)
    const response = await send('bob', 'POST', CREDENTIALS, body)
    const document = await problemOf(response)
    expect([document.code, document.message]).toEqual(['invalid', expect.stringContaining(message)])
    expect(JSON.stringify(document) + lines.join()).not.toContain(CANARY)
    expect(JSON.stringify(document) + lines.join()).not.toContain('sk-ant-test-canary')
    expect(await house.ports.store.credentials.any()).toBe(false)
  })

  it.each([
    '?limit=0',
    '?limit=x',
    '?limit=1001',
    '?harness=cursor',
    '?type=constructor',
    '?state=__proto__',
    '?__proto__=x',
    '?unknown=1',
    `?after=${'x'.repeat(65)}`,
    '?owner=team:',
  ])('the query %s is refused', async (query) => {
    const { send } = createTestApp(createHouse())
    expect((await problemOf(await send('bob', 'GET', CREDENTIALS + query))).code).toBe('invalid')
  })

  it.each(['%00', '%E0%A4%A', '..%2f..', "'%20or%201=1", 'x'.repeat(100)])(
    'the id %s is nothing',
    async (id) => {
      const { send } = createTestApp(createHouse())
      const response = await send('bob', 'GET', `${CREDENTIALS}/${id}`)
      expect([400, 404]).toContain(response.status)
      await problemOf(response)
    },
  )

  it('must call itself JSON', async () => {
    const { app, token } = createTestApp(createHouse())
    const authorization = `Bearer ${await token('bob')}`
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonx',
      'application/json-seq',
    ]) {
      const headers = { authorization, 'content-type': type }
      const request = new Request(ORIGIN + CREDENTIALS, {
        method: 'POST',
        headers,
        body: JSON.stringify(KEY),
      })
      expect(await problemOf(await app.fetch(request))).toMatchObject({
        code: 'invalid',
        message: 'The body must be JSON.',
      })
    }
    const headers = { authorization, 'content-type': 'Application/JSON; charset=utf-8' }
    const request = new Request(ORIGIN + CREDENTIALS, { method: 'POST', headers, body: JSON.stringify(KEY) })
    expect((await app.fetch(request)).status).toBe(201)
  })

  it('may be as long as the longest value needs, and no longer', async () => {
    const { app, token, send } = createTestApp(createHouse())
    const headers = { authorization: `Bearer ${await token('bob')}`, 'content-type': 'application/json' }
    const declared = { ...headers, 'content-length': String(MAX_BODY_BYTES + 1) }
    const long = new Request(ORIGIN + CREDENTIALS, { method: 'POST', headers: declared, body: '{}' })
    expect(await problemOf(await app.fetch(long))).toMatchObject({ code: 'too_large', status: 413 })

    let produced = 0
    const endless = new ReadableStream({
      pull(controller) {
        produced += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(32))
      },
    })
    const chunked = new Request(ORIGIN + CREDENTIALS, {
      method: 'POST',
      headers,
      body: endless,
      duplex: 'half',
    } as RequestInit)
    expect(await problemOf(await app.fetch(chunked))).toMatchObject({ code: 'too_large', status: 413 })
    expect(produced).toBeLessThan(2 * MAX_BODY_BYTES)

    const value = 'x'.repeat(120 * 1024)
    const raw = { type: 'raw', owner: 'me', name: 'RAW', fields: { value } }
    expect((await send('bob', 'POST', CREDENTIALS, raw)).status).toBe(201)
    const tooLong = { ...raw, name: 'LONG', fields: { value: 'x'.repeat(200_000) } }
    expect(await problemOf(await send('bob', 'POST', CREDENTIALS, tooLong))).toMatchObject({
      code: 'too_large',
    })
  })

  it('that breaks off is no fault of the server', async () => {
    const { app, token, lines } = createTestApp(createHouse())
    const headers = { authorization: `Bearer ${await token('bob')}`, 'content-type': 'application/json' }
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
    const request = new Request(ORIGIN + CREDENTIALS, {
      method: 'POST',
      headers,
      body: broken,
      duplex: 'half',
    } as RequestInit)
    expect((await problemOf(await app.fetch(request))).code).toBe('invalid')
    expect(lines.join()).not.toContain('"level":"error"')
  })
})

describe('a problem document', () => {
  it.each(ERROR_CODES)('says %s with its status, and the client reads it back', async (code) => {
    const house = createHouse()
    const thrown = new ClavigerError(code, 'What went wrong.', { hint: 'What to do.', detail: 'for the log' })
    const whoami = () => Promise.reject(thrown)
    const { send, lines } = createTestApp(house, { control: { ...house.control, whoami } })
    const response = await send('bob', 'GET', '/api/v1/whoami')
    expect(response.status).toBe(STATUS_OF[code])
    const document = await problemOf(response)
    expect(document).toMatchObject({
      type: 'about:blank',
      code,
      message: 'What went wrong.',
      hint: 'What to do.',
    })
    expect(JSON.stringify(document)).not.toContain('for the log')
    expect(lines.join()).toContain('for the log')
    expect(codeOfStatus(STATUS_OF[code])).toBe(code)
  })

  it('is bland about what nobody expected, and the log has it', async () => {
    const house = createHouse()
    const whoami = () => Promise.reject(new TypeError('a bug at /some/where'))
    const { send, lines } = createTestApp(house, { control: { ...house.control, whoami } })
    const document = await problemOf(await send('bob', 'GET', '/api/v1/whoami'))
    expect(document).toMatchObject({
      status: 500,
      code: 'internal',
      message: 'Something went wrong inside Claviger.',
    })
    expect(lines.at(-2)).toContain('a bug at /some/where')
    expect(lines.at(-2)).toContain(document.requestId)
  })

  it('answers what is not there', async () => {
    const { send } = createTestApp(createHouse())
    for (const [method, path] of [
      ['GET', '/api/v1/nothing'],
      ['GET', '/api/v2/whoami'],
      ['DELETE', '/api/v1/whoami'],
      ['POST', '/'],
    ] as const)
      expect(await problemOf(await send('bob', method, path))).toMatchObject({
        code: 'not_found',
        status: 404,
      })
  })

  it('carries the request id of the caller when it is one, else one of ours', async () => {
    const house = createHouse()
    const { app, token } = createTestApp(house)
    const authorization = `Bearer ${await token('ada')}`
    const ask = (id: string) =>
      app.fetch(
        new Request(`${ORIGIN}/api/v1/explain?harness=claude&user=bob`, {
          headers: { authorization, 'x-request-id': id },
        }),
      )
    expect((await ask('run-12345')).headers.get('x-request-id')).toBe('run-12345')
    expect((await house.audit()).at(-1)?.requestId).toBe('run-12345')
    for (const id of ['short', 'with space in it', '<script>alert(1)</script>', 'x'.repeat(65)])
      expect((await ask(id)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('a key in the wrong place', () => {
  const wrong = 'sk-ant-test-in-the-wrong-place-0123'
  const requests: [string, string, unknown?][] = [
    ['GET', `${CREDENTIALS}?name=${wrong}&harness=${wrong}`],
    ['GET', `${CREDENTIALS}?owner=team:${wrong}`],
    ['GET', `${CREDENTIALS}/${wrong}`],
    ['POST', `${CREDENTIALS}/${wrong}/rename`, { name: wrong }],
    ['POST', CREDENTIALS, { ...KEY, name: wrong }],
    ['POST', CREDENTIALS, { ...KEY, owner: wrong }],
    ['POST', CREDENTIALS, { ...KEY, type: wrong }],
    ['POST', CREDENTIALS, { ...KEY, fields: { [wrong]: wrong } }],
    ['POST', CREDENTIALS, { ...KEY, [wrong]: wrong }],
    ['POST', '/api/v1/leases', { harness: 'claude', credential: wrong }],
    ['POST', '/api/v1/leases', { harness: 'claude', agent: wrong }],
    ['POST', '/api/v1/leases', { harness: wrong }],
    ['GET', `/api/v1/explain?harness=claude&user=${wrong}`],
    ['GET', `/api/v1/explain?harness=claude&user=${wrong}@example.com`],
    ['GET', `/api/v1/explain?harness=claude&credential=${wrong}`],
    ['GET', `/api/v1/explain?harness=claude&agent=${wrong}`],
    ['DELETE', `/api/v1/tokens/${wrong}`],
    ['GET', `/${wrong}`],
  ]

  it.each(requests)('is neither answered nor logged: %s %s %j', async (method, path, body) => {
    const { send, lines } = createTestApp(createHouse())
    for (const who of ['ada', 'bob'] as const) {
      const response = await send(who, method, path, body)
      expect(await response.text()).not.toContain(wrong)
      expect(JSON.stringify([...response.headers])).not.toContain(wrong)
    }
    expect(lines.join('\n')).not.toContain(wrong)
  })
})

it('a door for programs has no pages, and nothing that describes it', async () => {
  const { send } = createTestApp(createHouse(), { consoleDirectory: null })
  for (const path of [
    '/',
    '/settings/coding-agents',
    '/docs',
    '/openapi.json',
    '/metrics',
    '/join',
    '/readyz',
  ])
    expect((await send(null, 'GET', path)).status, path).toBe(404)
  expect((await send('bob', 'GET', '/api/v1/whoami')).status).toBe(200)
})
