import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox.ts'
import { challengeOf } from './authorizations.ts'

const CLIENT = '9d1c250a-e61b-44d9-88ed-5944d1962f5e'
const PASTED = 'https://platform.claude.com/oauth/code/callback'
const VERIFIER = randomBytes(32).toString('base64url')
let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox()
})
afterEach(() => sandbox.close())

function authorize(redirectUri: string, scope = 'user:inference user:profile') {
  const query = new URLSearchParams({
    code: 'true',
    client_id: CLIENT,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    code_challenge: challengeOf(VERIFIER),
    code_challenge_method: 'S256',
    state: 'state-1',
  })
  return fetch(`${sandbox.anthropicUrl}/oauth/authorize?${query}`, { redirect: 'manual' })
}

async function pastedCode(scope?: string) {
  const page = await (await authorize(PASTED, scope)).text()
  return (/<code id="code">(.*)<\/code>/.exec(page)?.[1] ?? '').split('#')
}

function post(path: string, body: unknown) {
  return fetch(`${sandbox.anthropicUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

function exchange(code = '', more: Record<string, unknown> = {}) {
  return post('/v1/oauth/token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: PASTED,
    client_id: CLIENT,
    code_verifier: VERIFIER,
    state: 'state-1',
    ...more,
  })
}

function get(path: string, token: string) {
  const headers = { authorization: `Bearer ${token}`, 'anthropic-beta': 'oauth-2025-04-20' }
  return fetch(`${sandbox.anthropicUrl}${path}`, { headers })
}

type TokenAnswer = { access_token: string; refresh_token?: string }

describe('signing in', () => {
  test('shows code#state to paste, which buys tokens the messages API takes', async () => {
    const [code, state] = await pastedCode()
    expect(state).toBe('state-1')
    const tokens = (await (await exchange(code)).json()) as TokenAnswer
    expect(tokens).toEqual({
      token_type: 'Bearer',
      access_token: expect.stringMatching(/^sk-ant-oat01-/),
      refresh_token: expect.stringMatching(/^sk-ant-ort01-/),
      expires_in: 28_800,
      scope: 'user:inference user:profile',
      organization: { uuid: expect.any(String), name: 'Sandbox' },
      account: { uuid: expect.any(String), email_address: 'person@sandbox.invalid' },
    })
    expect((await get('/v1/models', tokens.access_token)).status).toBe(200)
    expect((await exchange(code)).status).toBe(400)
  })

  test('takes the short addresses that claude prints, for the client and page it likes', async () => {
    const challenge = challengeOf(VERIFIER)
    for (const [mark, scope] of [
      ['z-', /user:profile/],
      ['I_', /^user:inference$/],
    ] as const) {
      const shown = await fetch(`${sandbox.anthropicUrl}/oauth/authorize?${mark}${challenge}`)
      const [code] = (/<code id="code">(.*)<\/code>/.exec(await shown.text())?.[1] ?? '').split('#')
      expect((await exchange(code, { code_verifier: 'x'.repeat(43) })).status).toBe(400)
      expect(await (await exchange(code)).json()).toMatchObject({ scope: expect.stringMatching(scope) })
    }
  })

  test('redirects to a loopback address, and nowhere else', async () => {
    const response = await authorize('http://localhost:54545/callback')
    expect(response.headers.get('location')).toMatch(
      /^http:\/\/localhost:54545\/callback\?code=.+&state=state-1$/,
    )
    expect((await authorize('https://claude.ai.example/callback')).status).toBe(400)
  })

  test('may be declined where codes are pasted too', async () => {
    sandbox.oauth.set({ authorize: 'deny' })
    expect(await (await authorize(PASTED)).text()).toContain('declined')
  })

  test('a named lifetime gives a long token that cannot be refreshed or ask for the profile', async () => {
    const [code] = await pastedCode('user:inference')
    const tokens = await (await exchange(code, { expires_in: 31_536_000 })).json()
    expect(tokens).toMatchObject({ expires_in: 31_536_000, scope: 'user:inference' })
    expect(tokens).not.toHaveProperty('refresh_token')
    const { access_token } = tokens as TokenAnswer
    sandbox.oauth.advance(31_535_999_000)
    expect((await get('/v1/models', access_token)).status).toBe(200)
    expect((await get('/api/oauth/profile', access_token)).status).toBe(403)
    sandbox.oauth.advance(1000)
    expect((await get('/v1/models', access_token)).status).toBe(401)
  })
})

describe('refreshing', () => {
  const refresh = (refreshToken: string | undefined, more = {}) =>
    post('/v1/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: CLIENT,
      ...more,
    })

  test('rotates, and refuses a used token as invalid_grant', async () => {
    const { refreshToken } = sandbox.oauth.login({ provider: 'anthropic' })
    const rotated = (await (await refresh(refreshToken, { expires_in: 31_536_000 })).json()) as TokenAnswer
    expect(rotated).toMatchObject({ expires_in: 28_800, refresh_token: expect.stringMatching(/^sk-ant-ort/) })
    expect(rotated.refresh_token).not.toBe(refreshToken)
    const again = await refresh(refreshToken)
    expect([again.status, await again.json()]).toEqual([
      400,
      { error: 'invalid_grant', error_description: expect.stringContaining('reused') },
    ])
  })

  test('works for thirty days from the sign-in, and needs a client', async () => {
    const { refreshToken } = sandbox.oauth.login({ provider: 'anthropic' })
    expect((await refresh(refreshToken, { client_id: undefined })).status).toBe(400)
    sandbox.oauth.advance(29 * 24 * 3600_000)
    const { refresh_token } = (await (await refresh(refreshToken)).json()) as TokenAnswer
    sandbox.oauth.advance(24 * 3600_000)
    expect((await refresh(refresh_token)).status).toBe(400)
  })
})

describe('about the account', () => {
  test('a token of a sign-in is told profile and roles', async () => {
    const account = { email: 'who@sandbox.invalid', plan: 'pro' }
    const { accessToken } = sandbox.oauth.login({ provider: 'anthropic', account })
    expect(await (await get('/api/oauth/profile', accessToken)).json()).toMatchObject({
      account: { email: 'who@sandbox.invalid' },
      organization: { organization_type: 'claude_pro', rate_limit_tier: 'default_claude_ai' },
    })
    const roles = await get('/api/oauth/claude_cli/roles', accessToken)
    expect(await roles.json()).toMatchObject({ organization_name: 'Sandbox' })
  })

  test('an expired or revoked one is refused, by the profile and by the API', async () => {
    const { accessToken, id } = sandbox.oauth.login({ provider: 'anthropic' })
    sandbox.oauth.advance(8 * 3600_000)
    const statuses = async () => [
      (await get('/api/oauth/profile', accessToken)).status,
      (await get('/v1/models', accessToken)).status,
    ]
    expect(await statuses()).toEqual([401, 401])
    sandbox.oauth.revokeLogin(id)
    expect(await statuses()).toEqual([403, 403])
  })

  test('one that was only accepted has none, and is recorded once', async () => {
    sandbox.accept({ provider: 'anthropic', kind: 'oauth', value: 'sk-ant-oat01-test-accepted' })
    expect((await get('/api/oauth/profile', 'sk-ant-oat01-test-accepted')).status).toBe(404)
    expect(sandbox.requests()).toMatchObject([{ path: '/anthropic/api/oauth/profile', status: 404 }])
  })
})

test('logging out revokes the login', async () => {
  const { refreshToken, accessToken } = sandbox.oauth.login({ provider: 'anthropic' })
  expect((await post('/v1/oauth/token/revoke', { token: refreshToken })).status).toBe(200)
  expect((await get('/v1/models', accessToken)).status).toBe(403)
})

test('the greetings need no credential', async () => {
  const paths = ['/v1/oauth/hello', '/api/hello']
  const statuses = paths.map(async (path) => (await fetch(`${sandbox.anthropicUrl}${path}`)).status)
  expect(await Promise.all(statuses)).toEqual([200, 200])
})
