import { beforeEach, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../../test/support/app.ts'
import { createHouse } from '../../../test/support/house.ts'
import type { CodexAsk, CodexEndpoint } from '../../control/codex/endpoint.ts'
import { ClavigerError, type ErrorCode } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'

const ORIGIN = 'http://claviger.test'
const QUESTION = { grant_type: 'refresh_token', refresh_token: 'clv_test~1~abc', client_id: 'app_x' }

let asked: (Omit<CodexAsk, 'reason'> & { reason?: string | null })[]
let codex: CodexEndpoint
let testApp: TestApp

beforeEach(() => {
  asked = []
  codex = {
    async renew(ask) {
      asked.push(ask)
      return {
        idToken: new Secret('id-1'),
        accessToken: new Secret('access-1'),
        refreshToken: new Secret('handle~2~sum'),
        expiresInSeconds: 3600,
      }
    },
    async revoke(ask) {
      asked.push(ask)
    },
  }
  const endpoint: CodexEndpoint = { renew: (ask) => codex.renew(ask), revoke: (ask) => codex.revoke(ask) }
  testApp = createTestApp(createHouse(), { codex: endpoint })
})

function post(path: string, body: unknown, type = 'application/json'): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const init = { method: 'POST', headers: { 'content-type': type }, body: text }
  return Promise.resolve(testApp.app.fetch(new Request(`${ORIGIN}${path}`, init)))
}

function failing(code: ErrorCode, retryAfter?: number): void {
  codex = {
    ...codex,
    renew: () =>
      Promise.reject(
        new ClavigerError(code, 'What is wrong.', {
          hint: 'What to do.',
          ...(retryAfter !== undefined && { retryAfter }),
        }),
      ),
  }
}

describe('POST /codex/oauth/token', () => {
  it('answers a renewal in the words of OAuth, as JSON and as a form, and is never stored', async () => {
    const reasoned = { ...QUESTION, refresh_reason: 'proactive_expiry' }
    const form = new URLSearchParams(QUESTION).toString()
    for (const sent of [
      post('/codex/oauth/token', reasoned),
      post('/codex/oauth/token', form, 'application/x-www-form-urlencoded'),
    ]) {
      const response = await sent
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
      expect(await response.json()).toEqual({
        ...{ id_token: 'id-1', access_token: 'access-1', refresh_token: 'handle~2~sum' },
        ...{ expires_in: 3600, token_type: 'Bearer' },
      })
    }
    expect(asked).toMatchObject([
      { token: 'clv_test~1~abc', reason: 'proactive_expiry' },
      { token: 'clv_test~1~abc', reason: null },
    ])
    expect(testApp.lines.join()).not.toMatch(/clv_test|access-1/)
  })

  it.each<ErrorCode>([
    'unauthenticated',
    'forbidden',
    'not_found',
    'no_credential',
    'needs_login',
    'rejected',
  ])('tells %s as a login that was revoked', async (code) => {
    failing(code)
    const response = await post('/codex/oauth/token', QUESTION)
    expect([response.status, await response.json()]).toEqual([
      401,
      { error: { code: 'refresh_token_invalidated', message: 'What is wrong. What to do.' } },
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it.each<[ErrorCode, number | undefined, string]>([
    ['upstream', 9, '9'],
    ['unavailable', undefined, '1'],
    ['storage_full', undefined, '1'],
    ['internal', undefined, '1'],
  ])('tells %s as an outage, to be tried again', async (code, retryAfter, header) => {
    failing(code, retryAfter)
    const response = await post('/codex/oauth/token', QUESTION)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, header])
    expect(await response.json()).toMatchObject({ error: { code: 'temporarily_unavailable' } })
  })

  it.each([
    ['{', 'application/json', 400],
    ['[]', 'application/json', 400],
    [JSON.stringify({ ...QUESTION, grant_type: 'authorization_code' }), 'application/json', 400],
    [JSON.stringify({ grant_type: 'refresh_token' }), 'application/json', 400],
    [JSON.stringify({ ...QUESTION, refresh_token: 7 }), 'application/json', 400],
    ['grant_type=refresh_token&refresh_token=x', 'text/plain', 400],
    [JSON.stringify({ ...QUESTION, refresh_token: 'x'.repeat(1024 * 1024) }), 'application/json', 413],
  ])('refuses a question it does not understand (%#)', async (body, type, status) => {
    const response = await post('/codex/oauth/token', body, type)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_request' } })
    expect(asked).toEqual([])
  })

  it('counts guesses, and nothing of those who hold a lease', async () => {
    for (let i = 0; i < 100; i += 1) expect((await post('/codex/oauth/token', QUESTION)).status).toBe(200)
    failing('unauthenticated')
    const guess = async (i: number) =>
      (await post('/codex/oauth/token', { ...QUESTION, refresh_token: `clv_test-${i}` })).status
    const answers: number[] = []
    for (let i = 0; i < 601; i += 1) answers.push(await guess(i))
    expect(answers.slice(0, 600)).toEqual(Array(600).fill(401))
    expect(answers[600]).toBe(429)
  })

  it('lets a dead lease that asks without end take nothing from others behind its address', async () => {
    failing('unauthenticated')
    const ask = async (token: string) =>
      (await post('/codex/oauth/token', { ...QUESTION, refresh_token: token })).status
    const answers: number[] = []
    for (let i = 0; i < 1_000; i += 1) answers.push(await ask('clv_test_dead~1~abc'))
    expect(answers.slice(0, 20)).toEqual(Array(20).fill(401))
    expect(answers.slice(20)).toEqual(Array(980).fill(429))
    expect(await ask('clv_test_other~1~abc')).toBe(401)
    // Nor from those who sign in.
    const joining = await testApp.send(null, 'POST', '/api/v1/workers/join', { code: 'none' })
    expect(joining.status).toBe(400)
  })
})

describe('POST /codex/oauth/revoke', () => {
  it('answers 200 whatever the token was', async () => {
    const response = await post('/codex/oauth/revoke', {
      token: 'whatever',
      token_type_hint: 'refresh_token',
    })
    expect([response.status, await response.json()]).toEqual([200, {}])
    expect(asked).toMatchObject([{ token: 'whatever' }])
  })
})

it.each([
  ['GET', '/codex/oauth/token'],
  ['GET', '/codex/oauth/authorize'],
  ['POST', '/codex/oauth/other'],
  ['GET', '/codex'],
])('%s %s is a problem like any other address', async (method, path) => {
  const response = await testApp.send(null, method, path)
  expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
})
