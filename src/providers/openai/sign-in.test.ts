// Signing in with ChatGPT against the sandbox's OAuth server, and against answers that no honest server gives.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../domain/secret.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import type { SignIn, StartedSignIn } from '../provider.ts'
import { startScripted } from '../scripted-upstream.ts'
import { readCodexFile } from './auth-file.ts'
import { openAiSignIn } from './sign-in.ts'

const AT = Date.UTC(2030, 0, 1)

let sandbox: Sandbox
let signIn: SignIn

beforeEach(async () => {
  sandbox = await startSandbox()
  sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  sandbox.oauth.signInAs('openai', { id: 'acct-1', email: 'ada@example.test' })
  signIn = signInAt(sandbox.issuerUrl)
})

afterEach(() => sandbox.close())

function signInAt(issuer: string): SignIn {
  return openAiSignIn({ issuer })
}

async function link(of = signIn): Promise<Extract<StartedSignIn, { kind: 'link' }>> {
  const started = await of.start('paste', 1455)
  if (started.kind !== 'link') throw new Error('It is no link.')
  return started
}

/** Where the browser ends after the person has agreed. */
async function agree(url: string): Promise<string> {
  const answer = await fetch(url, { redirect: 'manual' })
  return answer.headers.get('location') ?? ''
}

const submit = (kept: Secret, pasted: string) => signIn.submit(kept, new Secret(pasted), AT)

describe('by a link', () => {
  it('asks for what codex asks for', async () => {
    const { url } = await link()
    const { origin, pathname, searchParams } = new URL(url)
    expect(`${origin}${pathname}`).toBe(`${sandbox.issuerUrl}/oauth/authorize`)
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: 'code',
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
      redirect_uri: 'http://localhost:1455/auth/callback',
      scope: 'openid profile email offline_access api.connectors.read api.connectors.invoke',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      id_token_add_organizations: 'true',
      codex_cli_simplified_flow: 'true',
      originator: 'codex_cli_rs',
      state: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect((await link()).url).not.toBe(url)
  })

  it.each([
    ['a bare code', (back: URL) => back.searchParams.get('code') ?? ''],
    ['code#state', (back: URL) => `${back.searchParams.get('code')}#${back.searchParams.get('state')}`],
    ['a query string', (back: URL) => back.search],
    ['a whole address', (back: URL) => back.href],
  ])('takes %s, and reads whose login it is from the tokens', async (_, form) => {
    const { url, kept } = await link()
    const step = await submit(kept, form(new URL(await agree(url))))
    if (step.kind !== 'signed-in') throw new Error(JSON.stringify(step))
    const [login] = sandbox.oauth.logins()
    expect(step.tokens).toMatchObject({
      account: { id: 'acct-1', email: 'ada@example.test' },
      renewable: true,
      content: { shown: { accountId: 'acct-1' } },
    })
    expect(step.tokens.content.values['refresh']?.expose()).toBe(login?.refreshToken)
    expect(step.tokens.expiresAt).toBeGreaterThan(AT + 9 * 86_400_000)
  })

  it('goes on after what is no code, a code of another sign-in, a refusal and a wrong code', async () => {
    const [mine, other] = [await link(), await link()]
    const theirs = await agree(other.url)
    const denied = `?error=access_denied&state=${new URL(mine.url).searchParams.get('state')}`
    for (const pasted of ['what?', theirs, denied, '?error=access_denied&state=x', 'ac_wrong'])
      expect(await submit(mine.kept, pasted)).toMatchObject({ kind: 'goes-on', fault: 'pasted' })
    // Without its state too: it was made for another verifier.
    const bare = new URL(theirs).searchParams.get('code') ?? ''
    expect(await submit(mine.kept, bare)).toMatchObject({ kind: 'goes-on' })
    expect(await submit(mine.kept, await agree(mine.url))).toMatchObject({ kind: 'signed-in' })
  })

  it('goes on when the provider is away, and the code can be tried again', async () => {
    const { url, kept } = await link()
    const back = await agree(url)
    sandbox.oauth.teach({ kind: 'status', status: 503 }, { times: 1 })
    expect(await submit(kept, back)).toMatchObject({ kind: 'goes-on', fault: 'provider' })
    expect(await submit(kept, back)).toMatchObject({ kind: 'signed-in' })
  })

  it('follows no redirect, and says which setting is wrong', async () => {
    const { url, kept } = await link()
    const back = await agree(url)
    sandbox.oauth.teach({ kind: 'redirect', to: 'http://127.0.0.1:1/' }, { times: 1 })
    const step = await submit(kept, back)
    expect(step).toMatchObject({ kind: 'over', message: expect.stringContaining('CLAVIGER_OPENAI_ISSUER') })
  })

  it.each(['http://issuer.example', 'http://10.0.0.1'])('does not begin at %s', async (issuer) => {
    await expect(link(signInAt(issuer))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('CLAVIGER_OPENAI_ISSUER'),
    })
  })

  it('calls no private address', async () => {
    const inside = signInAt('https://10.0.0.1')
    const { kept } = await link(inside)
    const step = await inside.submit(kept, new Secret('ac_1'), AT)
    expect(step).toMatchObject({ kind: 'over', message: expect.stringContaining('CLAVIGER_OPENAI_ISSUER') })
  })

  it('is over after an answer that is no login, and repeats nothing of it', async () => {
    await using upstream = await startScripted([{ status: 200, body: { access_token: 'at-test-secret' } }])
    const odd = signInAt(upstream.url)
    const { kept } = await link(odd)
    const step = await odd.submit(kept, new Secret('ac_1'), AT)
    expect(step).toMatchObject({ kind: 'over' })
    expect(JSON.stringify(step)).not.toContain('at-test-secret')
  })
})

describe('by device', () => {
  it('waits until the code was typed', async () => {
    const started = await signIn.start('device', 1455)
    if (started.kind !== 'device') throw new Error('It is no device.')
    expect(started).toMatchObject({ intervalMs: 1000, verificationUrl: `${sandbox.issuerUrl}/codex/device` })
    expect(sandbox.oauth.waitingDevices()).toEqual([started.userCode])
    expect(await signIn.poll?.(started.kept, AT)).toEqual({ kind: 'waiting' })
    sandbox.oauth.decideDevice(started.userCode, 'approve')
    const step = await signIn.poll?.(started.kept, AT)
    expect(step).toMatchObject({ kind: 'signed-in', tokens: { account: { id: 'acct-1' } } })
  })

  it('says where to allow it when the provider does not', async () => {
    await using upstream = await startScripted([{ status: 404, body: {} }])
    await expect(signInAt(upstream.url).start('device', 1455)).rejects.toMatchObject({
      code: 'upstream',
      hint: expect.stringContaining('--method paste'),
    })
  })

  it('takes an interval that is a text, and bounds one that is nonsense', async () => {
    const answer = (interval: unknown) => ({
      status: 200,
      body: { device_auth_id: 'd', usercode: 'ABCD-1234', interval },
    })
    await using upstream = await startScripted([answer('7'), answer('soon'), answer(0), answer(1e9)])
    const device = signInAt(upstream.url)
    const intervals = []
    for (let i = 0; i < 4; i += 1) {
      const started = await device.start('device', 1455)
      intervals.push(started.kind === 'device' ? started.intervalMs : null)
    }
    expect(intervals).toEqual([7000, 5000, 1000, 60_000])
  })
})

describe('the file of codex', () => {
  const read = (file: unknown) => readCodexFile(new Secret(JSON.stringify(file)), AT)
  const made = () => {
    const { idToken, accessToken, refreshToken } = sandbox.oauth.login({
      provider: 'openai',
      account: { id: 'acct-1', email: 'ada@example.test' },
    })
    return { id_token: idToken, access_token: accessToken, refresh_token: refreshToken, account_id: 'acct-1' }
  }

  it('holds a login', () => {
    const tokens = made()
    const found = read({ auth_mode: 'chatgpt', OPENAI_API_KEY: 'sk-test-beside', tokens })
    if (found.kind !== 'login') throw new Error('It is no login.')
    expect(found).toMatchObject({ type: 'codex/oauth', tokens: { account: { email: 'ada@example.test' } } })
    expect(found.tokens.content.values['refresh']?.expose()).toBe(tokens.refresh_token)
  })

  it.each([
    ['an API key', { OPENAI_API_KEY: 'sk-test-key-0123456789' }, 'codex/api-key'],
    ['an access token', { personal_access_token: 'at-test-0123456789' }, 'codex/access-token'],
    ['an API key before tokens', { OPENAI_API_KEY: 'sk-test-key-0123456789', tokens: {} }, 'codex/api-key'],
  ])('or %s', (_, file, type) => {
    expect(read(file)).toMatchObject({ kind: 'fields', type })
  })

  it('refuses what cannot be kept alive or is not whole, and repeats nothing of it', () => {
    const tokens = made()
    const bad = [
      [],
      {},
      { auth_mode: 'chatgpt' },
      { tokens: { ...tokens, refresh_token: '' } },
      { tokens: { ...tokens, refresh_token: 'clv_lease_x' } },
      { tokens: { ...tokens, id_token: 'nonsense' } },
      { tokens: { ...tokens, access_token: '' } },
      { tokens: { ...tokens, account_id: 'acct-2' } },
      { auth_mode: 'chatgptAuthTokens', tokens },
      { auth_mode: 'agentIdentity' },
      { OPENAI_API_KEY: 'nonsense of a key' },
    ]
    for (const file of bad) {
      const thrown = (() => {
        try {
          return read(file)
        } catch (error) {
          return error as Error
        }
      })()
      expect(thrown).toMatchObject({ code: 'invalid' })
      expect(String(thrown)).not.toContain(String(tokens.refresh_token))
    }
  })
})
