import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox.ts'
import { challengeOf } from './authorizations.ts'

const CLIENT = 'app_test_1'
const REDIRECT = 'http://localhost:1455/auth/callback'
const VERIFIER = randomBytes(32).toString('base64url')
let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox()
})
afterEach(() => sandbox.close())

function authorize(change: Record<string, string> = {}) {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    scope: 'openid email offline_access',
    code_challenge: challengeOf(VERIFIER),
    code_challenge_method: 'S256',
    state: 'state-1',
    ...change,
  })
  return fetch(`${sandbox.issuerUrl}/oauth/authorize?${query}`, { redirect: 'manual' })
}

async function newCode(): Promise<string> {
  const location = (await authorize()).headers.get('location') ?? ''
  return new URL(location).searchParams.get('code') ?? ''
}

function exchange(code: string, change: Record<string, string> = {}) {
  const body = { grant_type: 'authorization_code', client_id: CLIENT, code, redirect_uri: REDIRECT }
  return postForm('/oauth/token', { ...body, code_verifier: VERIFIER, ...change })
}

function refresh(refreshToken: string, change: Record<string, string> = {}) {
  return postJson('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...change })
}

function postForm(path: string, body: Record<string, string>) {
  return fetch(`${sandbox.issuerUrl}${path}`, { method: 'POST', body: new URLSearchParams(body) })
}

function postJson(path: string, body: unknown) {
  const headers = { 'content-type': 'application/json' }
  return fetch(`${sandbox.issuerUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function jsonOf(response: Response | Promise<Response>) {
  return (await (await response).json()) as Record<string, unknown>
}

async function codeOf(response: Response | Promise<Response>) {
  const answer = await response
  const { error } = (await answer.json()) as { error: string | { code: string } }
  return [answer.status, typeof error === 'string' ? error : error.code]
}

function claimsOf(token: unknown) {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
}

function ask(accessToken: string, headers: Record<string, string> = {}) {
  return fetch(`${sandbox.issuerUrl}/backend-api/wham/accounts/check`, {
    headers: { authorization: `Bearer ${accessToken}`, ...headers },
  })
}

describe('signing in with the browser', () => {
  test('sends a code to the redirect address, which buys tokens of the account', async () => {
    sandbox.oauth.signInAs('openai', { id: 'acct-9', email: 'nine@sandbox.invalid', plan: 'plus' })
    const response = await authorize()
    const location = new URL(response.headers.get('location') ?? '')
    expect([response.status, location.origin + location.pathname]).toEqual([302, REDIRECT])
    expect(location.searchParams.get('state')).toBe('state-1')
    const tokens = await jsonOf(exchange(location.searchParams.get('code') ?? ''))
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 864_000 })
    expect(claimsOf(tokens.id_token)).toMatchObject({
      email: 'nine@sandbox.invalid',
      'https://api.openai.com/auth': { chatgpt_account_id: 'acct-9', chatgpt_plan_type: 'plus' },
    })
    const { exp } = claimsOf(tokens.access_token)
    expect(Math.abs(exp - Date.now() / 1000 - 864_000)).toBeLessThan(5)
    expect(await jsonOf(ask(String(tokens.access_token)))).toMatchObject({ accounts: [{ id: 'acct-9' }] })
  })

  test('takes JSON for the exchange too', async () => {
    const body = { grant_type: 'authorization_code', client_id: CLIENT, redirect_uri: REDIRECT }
    const response = await postJson('/oauth/token', {
      ...body,
      code: await newCode(),
      code_verifier: VERIFIER,
    })
    expect(response.status).toBe(200)
  })

  test('may be declined, answered with another state, or wait for a click', async () => {
    const locationOf = async () => new URL((await authorize()).headers.get('location') ?? '').searchParams
    sandbox.oauth.set({ authorize: 'deny' })
    expect(Object.fromEntries(await locationOf())).toEqual({ error: 'access_denied', state: 'state-1' })
    sandbox.oauth.set({ authorize: 'wrong-state' })
    expect((await locationOf()).get('state')).toMatch(/^wrong-/)
    sandbox.oauth.set({ authorize: 'page' })
    const page = await authorize()
    expect([page.status, await page.text()]).toEqual([
      200,
      expect.stringContaining(`href="${REDIRECT}?code=`),
    ])
  })

  test.each([
    ['another machine', { redirect_uri: 'https://evil.example/cb' }],
    ['no address', { redirect_uri: 'javascript:alert(1)' }],
    ['a plain challenge', { code_challenge_method: 'plain' }],
    ['no client', { client_id: '' }],
    ['another response type', { response_type: 'token' }],
  ])('does not start for %s', async (_, change) => {
    const response = await authorize(change)
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  })

  test('a code is good once', async () => {
    const code = await newCode()
    expect((await exchange(code)).status).toBe(200)
    expect(await codeOf(exchange(code))).toEqual([400, 'invalid_grant'])
  })

  test.each([
    ['another verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
    ['another redirect address', { redirect_uri: `${REDIRECT}/` }, 'invalid_grant'],
    ['another client', { client_id: 'app_test_2' }, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 'invalid_request'],
    ['another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('a code buys nothing with %s, and stays good', async (_, change, error) => {
    const code = await newCode()
    expect(await codeOf(exchange(code, change))).toEqual([400, error])
    expect((await exchange(code)).status).toBe(200)
  })

  test('a code is good for ten minutes', async () => {
    const code = await newCode()
    sandbox.oauth.advance(600_000)
    expect(await codeOf(exchange(code))).toEqual([400, 'invalid_grant'])
  })
})

describe('refreshing', () => {
  test('rotates, and tells a used, a revoked and an expired token apart', async () => {
    const { id, refreshToken = '' } = sandbox.oauth.login({ provider: 'openai' })
    const rotated = await jsonOf(refresh(refreshToken))
    expect(rotated.refresh_token).not.toBe(refreshToken)
    expect(await codeOf(refresh(refreshToken))).toEqual([401, 'refresh_token_reused'])
    expect(await codeOf(refresh(String(rotated.refresh_token)))).toEqual([401, 'refresh_token_invalidated'])
    const other = sandbox.oauth.login({ provider: 'openai', settings: { chainMs: 1000 } })
    sandbox.oauth.advance(1000)
    expect(await codeOf(refresh(other.refreshToken ?? ''))).toEqual([401, 'refresh_token_expired'])
    expect(await codeOf(refresh('rt-nobody-knows'))).toEqual([401, 'refresh_token_invalidated'])
    expect(sandbox.oauth.logins().find((login) => login.id === id)?.counters.reuseDetections).toBe(1)
  })

  test('refuses as invalid_grant when told so, and another client always', async () => {
    const { refreshToken = '' } = sandbox.oauth.login({ provider: 'openai', clientId: CLIENT })
    expect(await codeOf(refresh(refreshToken, { client_id: 'app_test_2' }))).toEqual([401, 'invalid_client'])
    sandbox.oauth.set({ refusals: 'invalid_grant' })
    expect(await codeOf(refresh('rt-nobody-knows'))).toEqual([400, 'invalid_grant'])
    expect((await refresh(refreshToken, { client_id: CLIENT })).status).toBe(200)
  })

  test('takes a form too', async () => {
    const { refreshToken = '' } = sandbox.oauth.login({ provider: 'openai' })
    const body = { grant_type: 'refresh_token', refresh_token: refreshToken }
    expect((await postForm('/oauth/token', body)).status).toBe(200)
  })

  test('is recorded without the token', async () => {
    const { id, refreshToken = '' } = sandbox.oauth.login({ provider: 'openai' })
    await refresh(refreshToken, { refresh_reason: 'proactive_expiry' })
    expect(sandbox.requests()).toMatchObject([
      {
        provider: 'openai',
        path: '/openai/oauth/token',
        status: 200,
        oauth: {
          grant: 'refresh_token',
          login: id,
          refreshReason: 'proactive_expiry',
          refreshToken: { suffix: refreshToken.slice(-4) },
          outcome: 'granted',
        },
      },
    ])
    expect(JSON.stringify(sandbox.requests())).not.toContain(refreshToken)
    expect(sandbox.oauth.counters()).toEqual({
      tokenCalls: 1,
      refreshCalls: 1,
      granted: 1,
      refused: 0,
      disturbed: 0,
      inFlight: 0,
      maxInFlight: 1,
    })
  })
})

describe('an access token', () => {
  test('is refused when it has expired or was revoked', async () => {
    const { accessToken, id } = sandbox.oauth.login({ provider: 'openai' })
    expect((await ask(accessToken)).status).toBe(200)
    sandbox.oauth.advance(10 * 24 * 3600_000)
    expect(await codeOf(ask(accessToken))).toEqual([401, 'token_expired'])
    sandbox.oauth.revokeLogin(id)
    expect(await codeOf(ask(accessToken))).toEqual([401, 'token_invalidated'])
  })

  test('is good for its account only', async () => {
    const { accessToken, account } = sandbox.oauth.login({ provider: 'openai', account: { id: 'acct-3' } })
    expect((await ask(accessToken, { 'chatgpt-account-id': account.id })).status).toBe(200)
    expect(await codeOf(ask(accessToken, { 'chatgpt-account-id': 'acct-4' }))).toEqual([
      401,
      'account_mismatch',
    ])
  })

  test('can be taught like any credential', async () => {
    const { accessToken } = sandbox.oauth.login({ provider: 'openai' })
    sandbox.teach(accessToken, 'forbidden', 1)
    expect([(await ask(accessToken)).status, (await ask(accessToken)).status]).toEqual([403, 200])
  })
})

describe('POST /oauth/revoke', () => {
  test('of a refresh token ends its login', async () => {
    const { accessToken, refreshToken = '' } = sandbox.oauth.login({ provider: 'openai' })
    const hint = { token_type_hint: 'refresh_token', client_id: CLIENT }
    expect((await postJson('/oauth/revoke', { token: refreshToken, ...hint })).status).toBe(200)
    expect([(await ask(accessToken)).status, (await refresh(refreshToken)).status]).toEqual([401, 401])
  })

  test('of an access token ends that one; of something else nothing', async () => {
    const { accessToken, refreshToken = '' } = sandbox.oauth.login({ provider: 'openai' })
    expect((await postForm('/oauth/revoke', { token: 'whatever' })).status).toBe(200)
    expect((await ask(accessToken)).status).toBe(200)
    await postForm('/oauth/revoke', { token: accessToken })
    expect([(await ask(accessToken)).status, (await refresh(refreshToken)).status]).toEqual([401, 200])
  })
})

describe("OpenAI's device flow", () => {
  const begin = async () => {
    const begun = await jsonOf(postJson('/api/accounts/deviceauth/usercode', { client_id: CLIENT }))
    return { device_auth_id: String(begun.device_auth_id), user_code: String(begun.user_code), begun }
  }
  const poll = (device: { device_auth_id: string; user_code: string }) =>
    postJson('/api/accounts/deviceauth/token', {
      device_auth_id: device.device_auth_id,
      user_code: device.user_code,
    })

  test('waits with 403, then gives a code with its verifier, once', async () => {
    const device = await begin()
    expect(device.begun.interval).toBe('5')
    expect([(await poll(device)).status, (await poll(device)).status]).toEqual([403, 403])
    expect(sandbox.oauth.waitingDevices()).toEqual([device.user_code])
    expect(sandbox.oauth.decideDevice(device.user_code.toLowerCase(), 'approve')).toBe(true)
    const given = await jsonOf(poll(device))
    expect(given.code_challenge).toBe(challengeOf(String(given.code_verifier)))
    const response = await exchange(String(given.authorization_code), {
      redirect_uri: `${sandbox.issuerUrl}/deviceauth/callback`,
      code_verifier: String(given.code_verifier),
    })
    expect(await jsonOf(response)).toHaveProperty('refresh_token')
    expect((await poll(device)).status).toBe(400)
  })

  test('needs the right user code, and ends when declined or too late', async () => {
    const device = await begin()
    sandbox.oauth.decideDevice(device.user_code, 'approve')
    expect((await poll({ ...device, user_code: 'XXXX-XXXX' })).status).toBe(400)
    expect((await poll(device)).status).toBe(200)
    const declined = await begin()
    sandbox.oauth.decideDevice(declined.user_code, 'deny')
    expect(await codeOf(poll(declined))).toEqual([400, 'deviceauth_access_denied'])
    const late = await begin()
    sandbox.oauth.advance(15 * 60_000)
    expect(await codeOf(poll(late))).toEqual([400, 'deviceauth_expired_token'])
    expect(sandbox.oauth.decideDevice(late.user_code, 'approve')).toBe(false)
  })
})

describe('the standard device flow', () => {
  const begin = async () => jsonOf(postForm('/device_authorization', { client_id: CLIENT }))
  const poll = (deviceCode: unknown) =>
    postForm('/oauth/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: CLIENT,
      device_code: String(deviceCode),
    })

  test('says pending, slow_down, and gives tokens after the person agreed', async () => {
    const begun = await begin()
    expect(begun).toMatchObject({
      verification_uri: `${sandbox.issuerUrl}/codex/device`,
      expires_in: 900,
      interval: 5,
    })
    expect(await codeOf(poll(begun.device_code))).toEqual([400, 'authorization_pending'])
    expect(await codeOf(poll(begun.device_code))).toEqual([400, 'slow_down'])
    sandbox.oauth.advance(9_000) // the interval is five seconds longer now
    expect(await codeOf(poll(begun.device_code))).toEqual([400, 'slow_down'])
    sandbox.oauth.advance(15_000)
    const page = await postForm('/codex/device', { user_code: String(begun.user_code), decision: 'approve' })
    expect(page.status).toBe(200)
    expect(await jsonOf(poll(begun.device_code))).toHaveProperty('refresh_token')
    expect(await codeOf(poll(begun.device_code))).toEqual([400, 'invalid_grant'])
  })

  test('says that it was declined, and that it is too late', async () => {
    const declined = await begin()
    await postForm('/codex/device', { user_code: String(declined.user_code), decision: 'deny' })
    expect(await codeOf(poll(declined.device_code))).toEqual([400, 'access_denied'])
    const late = await begin()
    sandbox.oauth.advance(900_000)
    expect(await codeOf(poll(late.device_code))).toEqual([400, 'expired_token'])
  })

  test('an unknown user code is not agreed to, and is not markup', async () => {
    const response = await postForm('/codex/device', { user_code: '<b>', decision: 'approve' })
    expect([response.status, await response.text()]).toEqual([404, expect.not.stringContaining('<b>')])
  })
})

test('a request of another server is answered under its mount, control routes excepted', async () => {
  const { createServer } = await import('node:http')
  const front = createServer((request, response) => void sandbox.serveAs('/openai', request, response))
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const address = front.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const { refreshToken = '' } = sandbox.oauth.login({ provider: 'openai' })
  const body = JSON.stringify({ grant_type: 'refresh_token', refresh_token: refreshToken })
  const headers = { 'content-type': 'application/json' }
  expect((await fetch(`${url}/oauth/token`, { method: 'POST', headers, body })).status).toBe(200)
  expect((await fetch(`${url}/sandbox`)).status).toBe(404)
  front.closeAllConnections()
  front.close()
})
