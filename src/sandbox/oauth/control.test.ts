import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox.ts'

let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox()
})
afterEach(() => sandbox.close())

async function send(method: string, path: string, body?: unknown) {
  const response = await fetch(`${sandbox.url}/sandbox/oauth${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

function refresh(refreshToken: unknown) {
  return fetch(`${sandbox.issuerUrl}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  })
}

const makeLogin = async (more: object = {}) =>
  (await send('POST', '/logins', { provider: 'openai', ...more })).body

test('makes a login and tells its tokens once', async () => {
  const login = await makeLogin({ account: { id: 'acct-5' }, settings: { chainMs: 1000 } })
  expect(login).toMatchObject({ id: 'login-1', account: { id: 'acct-5', plan: 'pro' } })
  expect((await refresh(login.refreshToken)).status).toBe(200)
  const view = (await send('GET', '')).body
  expect(view).toMatchObject({
    counters: { tokenCalls: 1, granted: 1, maxInFlight: 1 },
    logins: [
      {
        id: 'login-1',
        revoked: false,
        settings: { rotation: 'strict', chainMs: 1000 },
        counters: { refreshes: 1, minted: 2 },
        refreshTokens: 2,
      },
    ],
  })
  const shown = JSON.stringify(view)
  for (const { accessToken, refreshTokens } of sandbox.oauth.logins()) {
    for (const token of [accessToken, ...refreshTokens]) expect(shown).not.toContain(token)
  }
})

test('sets rotation, of a login or of all to come, who signs in, and the page', async () => {
  const login = await makeLogin()
  await send('POST', '/settings', { login: login.id, grants: { rotation: 'static' } })
  await send('POST', '/settings', {
    provider: 'openai',
    grants: { rotation: 'grace', graceMs: 5, accessTokenMs: 60_000, chainMs: null },
    account: { id: 'acct-6' },
    authorize: 'deny',
    refusals: 'invalid_grant',
    deviceIntervalSeconds: 0,
  })
  expect(sandbox.oauth.logins()[0]?.settings.rotation).toBe('static')
  expect(sandbox.oauth.settings()).toMatchObject({
    authorize: 'deny',
    refusals: 'invalid_grant',
    deviceIntervalSeconds: 0,
    accounts: { openai: { id: 'acct-6' } },
    grants: {
      openai: { rotation: 'grace', graceMs: 5, accessTokenMs: 60_000, chainMs: null },
      anthropic: { rotation: 'strict' },
    },
  })
})

test('teaches faults, and takes them back', async () => {
  const { refreshToken } = await makeLogin()
  await send('POST', '/faults', { fault: { kind: 'status', status: 500 }, login: 'login-1', times: 1 })
  expect([(await refresh(refreshToken)).status, (await refresh(refreshToken)).status]).toEqual([500, 200])
  await send('POST', '/faults', { fault: { kind: 'expires-in', value: '60' }, grant: 'refresh_token' })
  await send('POST', '/faults', { fault: { kind: 'other-account', account: { id: 'acct-8' } } })
  expect(sandbox.oauth.faults()).toEqual([
    { fault: { kind: 'expires-in', value: '60' }, scope: { grant: 'refresh_token' } },
    { fault: { kind: 'other-account', account: { id: 'acct-8' } }, scope: {} },
  ])
  await send('DELETE', '/faults')
  expect(sandbox.oauth.faults()).toEqual([])
})

test('releases and drops calls that hang', async () => {
  const { refreshToken } = await makeLogin()
  await send('POST', '/faults', { fault: { kind: 'hang' }, times: 2 })
  const dropped = refresh(refreshToken)
  await sandbox.oauth.untilHeld()
  expect((await send('GET', '')).body).toMatchObject({ held: 1, counters: { inFlight: 1 } })
  await send('POST', '/release', { drop: true })
  await expect(dropped).rejects.toThrow()
  const released = refresh(refreshToken)
  await sandbox.oauth.untilHeld()
  await send('POST', '/release', {})
  expect((await released).status).toBe(200)
})

test('moves the clock, revokes, decides on devices and forgets counts', async () => {
  const before = sandbox.oauth.now().getTime()
  await send('POST', '/clock', { advanceMs: 3600_000 })
  expect(sandbox.oauth.now().getTime() - before).toBeGreaterThanOrEqual(3600_000)
  const { body } = await send('POST', '/clock', { now: '2030-01-01T00:00:00.000Z' })
  expect(String(body.now)).toMatch(/^2030-01-01T00:00:0/)
  const login = await makeLogin()
  await send('POST', '/revocations', { login: login.id })
  expect((await refresh(login.refreshToken)).status).toBe(401)
  const { accessToken } = await makeLogin()
  expect((await send('POST', '/revocations', { accessToken })).status).toBe(200)
  const begun = await fetch(`${sandbox.issuerUrl}/device_authorization`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'app-1' }),
  })
  const { user_code } = (await begun.json()) as { user_code: string }
  expect((await send('GET', '')).body.waitingDevices).toEqual([user_code])
  expect((await send('POST', '/devices', { userCode: user_code })).status).toBe(200)
  expect((await send('DELETE', '/counters')).body.counters).toMatchObject({ tokenCalls: 0 })
})

describe('refuses', () => {
  test.each([
    ['/logins', {}, 400],
    ['/logins', { provider: 'bedrock' }, 400],
    ['/logins', { provider: 'openai', account: 'acct-1' }, 400],
    ['/logins', { provider: 'openai', settings: { rotation: 'sometimes' } }, 400],
    ['/settings', { grants: { graceMs: -1 } }, 400],
    ['/settings', { account: { id: 'acct-1' } }, 400],
    ['/settings', { authorize: 'maybe' }, 400],
    ['/settings', { login: 'login-9', grants: {} }, 404],
    ['/faults', {}, 400],
    ['/faults', { fault: { kind: 'sleepy' } }, 400],
    ['/faults', { fault: { kind: 'status' } }, 400],
    ['/faults', { fault: { kind: 'delay', ms: '5' } }, 400],
    ['/faults', { fault: { kind: 'lost', at: 'dawn' } }, 400],
    ['/faults', { fault: { kind: 'lost', when: 'after-commit' } }, 400],
    ['/faults', { fault: { kind: 'lost' }, times: 0 }, 400],
    ['/faults', { fault: { kind: 'lost' }, login: 'login-9' }, 404],
    ['/clock', { advanceMs: 'much' }, 400],
    ['/clock', { now: 'tomorrow' }, 400],
    ['/revocations', {}, 400],
    ['/revocations', { login: 'login-9' }, 404],
    ['/revocations', { accessToken: 'nobody-knows' }, 404],
    ['/devices', { userCode: 'XXXX-XXXX' }, 404],
    ['/release', { drop: 'yes' }, 400],
  ])('%s %j', async (path, body, status) => {
    const answer = await send('POST', path, body)
    expect(answer).toMatchObject({ status, body: { error: { message: expect.any(String) } } })
    expect([sandbox.oauth.logins(), sandbox.oauth.faults()]).toEqual([[], []])
  })

  test('a web page', async () => {
    const response = await fetch(`${sandbox.url}/sandbox/oauth/logins`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1:3000' },
      body: JSON.stringify({ provider: 'openai' }),
    })
    expect([response.status, sandbox.oauth.logins()]).toEqual([403, []])
  })
})
