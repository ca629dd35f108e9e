import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox.ts'
import { createFaults, type TokenFault } from './faults.ts'
import type { MadeLogin } from './oauth.ts'

let sandbox: Sandbox
let login: MadeLogin

beforeEach(async () => {
  sandbox = await startSandbox()
  login = sandbox.oauth.login({ provider: 'openai' })
})
afterEach(() => sandbox.close())

function refresh(refreshToken = login.refreshToken, signal?: AbortSignal) {
  return fetch(`${sandbox.issuerUrl}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ grant_type: 'refresh_token', refresh_token: refreshToken }),
    redirect: 'manual',
    signal: signal ?? null,
  })
}

async function tokensOf(response: Response) {
  return (await response.json()) as Record<string, unknown>
}

const once = { times: 1 }
const refreshes = () => sandbox.oauth.logins()[0]?.counters.refreshes
const outcomes = () => sandbox.requests().map(({ oauth }) => oauth?.outcome)

describe('an answer instead of tokens', () => {
  test.each([
    ['500', { kind: 'status', status: 500 }, 500],
    ['429', { kind: 'status', status: 429, retryAfter: '7' }, 429],
    ['a page', { kind: 'html' }, 200],
    ['a redirect', { kind: 'redirect', to: 'http://127.0.0.1:9/elsewhere' }, 307],
    ['too much', { kind: 'huge', bytes: 300_000 }, 200],
  ] as const)('%s comes as often as told, and changes nothing', async (_, fault, status) => {
    sandbox.oauth.teach(fault, { times: 2 })
    const answers = [await refresh(), await refresh()]
    expect(answers.map((one) => one.status)).toEqual([status, status])
    expect(refreshes()).toBe(0)
    expect((await refresh()).status).toBe(200)
    expect(outcomes()).toEqual(['disturbed', 'disturbed', 'granted'])
    expect(sandbox.oauth.counters()).toMatchObject({ tokenCalls: 3, disturbed: 2, granted: 1 })
  })

  test('may come after the tokens were changed', async () => {
    sandbox.oauth.teach({ kind: 'status', status: 502, at: 'after-commit' }, once)
    expect((await refresh()).status).toBe(502)
    expect(refreshes()).toBe(1)
    expect((await refresh()).status).toBe(401)
  })

  test('has the header, body or size it was told', async () => {
    sandbox.oauth.teach({ kind: 'status', status: 429, retryAfter: '7', code: 'slow' }, once)
    const limited = await refresh()
    expect(limited.headers.get('retry-after')).toBe('7')
    expect(await limited.json()).toMatchObject({ error: { code: 'slow' } })
    sandbox.oauth.teach({ kind: 'html' }, once)
    const page = await refresh()
    expect(page.headers.get('content-type')).toContain('text/html')
    sandbox.oauth.teach({ kind: 'redirect', to: 'http://127.0.0.1:9/elsewhere' }, once)
    expect((await refresh()).headers.get('location')).toBe('http://127.0.0.1:9/elsewhere')
    sandbox.oauth.teach({ kind: 'huge', bytes: 300_000 }, once)
    expect((await (await refresh()).arrayBuffer()).byteLength).toBe(300_000)
  })
})

describe('a lost answer', () => {
  test('before the commit leaves the token as it was', async () => {
    sandbox.oauth.teach({ kind: 'lost' }, once)
    await expect(refresh()).rejects.toThrow()
    expect((await refresh()).status).toBe(200)
    expect(outcomes()).toEqual(['lost', 'granted'])
  })

  test('after the commit has used it up', async () => {
    sandbox.oauth.teach({ kind: 'lost', at: 'after-commit' }, once)
    await expect(refresh()).rejects.toThrow()
    expect(refreshes()).toBe(1)
    expect((await refresh()).status).toBe(401)
    expect(sandbox.requests()).toMatchObject([{ status: 0 }, { status: 401 }])
  })

  test('costs nothing when the server has grace', async () => {
    sandbox.oauth.configure({ rotation: 'grace' }, { login: login.id })
    sandbox.oauth.teach({ kind: 'lost', at: 'after-commit' }, once)
    await expect(refresh()).rejects.toThrow()
    const minted = sandbox.oauth.logins()[0]?.refreshToken
    expect(await tokensOf(await refresh())).toMatchObject({ refresh_token: minted })
  })
})

describe('a lie', () => {
  test('no refresh token: the old one stays good', async () => {
    sandbox.oauth.teach({ kind: 'no-refresh-token' }, once)
    const tokens = await tokensOf(await refresh())
    expect(tokens).toHaveProperty('access_token')
    expect(tokens).not.toHaveProperty('refresh_token')
    expect((await refresh()).status).toBe(200)
  })

  test('an unchanged refresh token, which stays good', async () => {
    sandbox.oauth.teach({ kind: 'unchanged-refresh-token' }, once)
    expect(await tokensOf(await refresh())).toMatchObject({ refresh_token: login.refreshToken })
    expect(await tokensOf(await refresh())).not.toMatchObject({ refresh_token: login.refreshToken })
  })

  test.each([0, -3600, 1e18, '3600'])('expires_in %j', async (value) => {
    sandbox.oauth.teach({ kind: 'expires-in', value }, once)
    expect(await tokensOf(await refresh())).toMatchObject({ expires_in: value })
  })

  test('no expires_in', async () => {
    sandbox.oauth.teach({ kind: 'expires-in' }, once)
    expect(await tokensOf(await refresh())).not.toHaveProperty('expires_in')
  })

  test('another account in every token', async () => {
    sandbox.oauth.teach({ kind: 'other-account', account: { plan: 'free' } }, once)
    const tokens = await tokensOf(await refresh())
    for (const token of [tokens.access_token, tokens.id_token]) {
      const claims = JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
      expect(claims['https://api.openai.com/auth']).toMatchObject({
        chatgpt_account_id: 'acct-other',
        chatgpt_plan_type: 'free',
      })
    }
  })
})

describe('slowness', () => {
  test('delays on top of another fault', async () => {
    sandbox.oauth.teach({ kind: 'delay', ms: 60 })
    sandbox.oauth.teach({ kind: 'status', status: 503 }, once)
    const started = performance.now()
    expect([(await refresh()).status, (await refresh()).status]).toEqual([503, 200])
    expect(performance.now() - started).toBeGreaterThan(110)
  })

  test('drips the right answer', async () => {
    sandbox.oauth.teach({ kind: 'drip', everyMs: 20, bytes: 300 }, once)
    const started = performance.now()
    const text = await (await refresh()).text()
    expect(performance.now() - started).toBeGreaterThan(20 * Math.floor(text.length / 300) * 0.9)
    expect(JSON.parse(text)).toHaveProperty('refresh_token')
  })

  test('lives on when the caller has had enough of the drip', async () => {
    sandbox.oauth.teach({ kind: 'drip', everyMs: 5 }, once)
    const caller = new AbortController()
    const response = await refresh(login.refreshToken, caller.signal)
    caller.abort()
    await expect(response.text()).rejects.toThrow()
    expect(await (await fetch(`${sandbox.url}/sandbox`)).text()).toContain('sandbox')
  })
})

describe('a call that hangs', () => {
  test('before the commit goes on when released', async () => {
    sandbox.oauth.teach({ kind: 'hang' }, { times: 2 })
    const answers = [refresh(), refresh(sandbox.oauth.login({ provider: 'openai' }).refreshToken)]
    await sandbox.oauth.untilHeld(2)
    expect([sandbox.oauth.held(), refreshes()]).toEqual([2, 0])
    expect(sandbox.oauth.counters()).toMatchObject({ inFlight: 2, maxInFlight: 2 })
    sandbox.oauth.release()
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect([statuses, sandbox.oauth.held()]).toEqual([[200, 200], 0])
    expect(sandbox.oauth.counters()).toMatchObject({ inFlight: 0, maxInFlight: 2 })
  })

  test('before the commit does nothing when dropped', async () => {
    sandbox.oauth.teach({ kind: 'hang' }, once)
    const answer = refresh()
    await sandbox.oauth.untilHeld()
    sandbox.oauth.release({ drop: true })
    await expect(answer).rejects.toThrow()
    expect(refreshes()).toBe(0)
  })

  test('after the commit is carried out though the caller has died', async () => {
    sandbox.oauth.teach({ kind: 'hang', at: 'after-commit' }, once)
    const caller = new AbortController()
    const answer = refresh(login.refreshToken, caller.signal)
    await sandbox.oauth.untilHeld()
    caller.abort()
    await expect(answer).rejects.toThrow()
    expect(refreshes()).toBe(1)
    sandbox.oauth.release()
    expect((await refresh()).status).toBe(401)
  })

  test('does not keep the sandbox from closing', async () => {
    sandbox.oauth.teach({ kind: 'hang' })
    const answer = refresh()
    await sandbox.oauth.untilHeld()
    await sandbox.close()
    await expect(answer).rejects.toThrow()
    sandbox = await startSandbox()
  })
})

describe('which calls', () => {
  const fault: TokenFault = { kind: 'lost' }
  const call = { login: 'login-1', provider: 'openai', grant: 'refresh_token' } as const

  test('are of the login, provider and grant that were named', () => {
    const faults = createFaults()
    faults.teach(fault, { login: 'login-2' })
    faults.teach(fault, { provider: 'anthropic' })
    faults.teach(fault, { grant: 'authorization_code' })
    expect(faults.take(call)).toEqual([])
    expect(faults.take({ ...call, login: 'login-2' })).toEqual([fault])
    expect(faults.list()).toHaveLength(3)
  })

  test('come in the order of teaching, one fault and every pause for each', () => {
    const faults = createFaults()
    const hang: TokenFault = { kind: 'hang' }
    const html: TokenFault = { kind: 'html' }
    faults.teach(fault, once)
    faults.teach(html, once)
    faults.teach(hang, { times: 3 })
    expect([1, 2, 3, 4].map(() => faults.take(call))).toEqual([[fault, hang], [html, hang], [hang], []])
  })

  test('end when told, and a count must be one', () => {
    const faults = createFaults()
    faults.teach(fault)
    faults.clear()
    expect(faults.take(call)).toEqual([])
    expect(() => faults.teach(fault, { times: 0 })).toThrow(RangeError)
  })
})
