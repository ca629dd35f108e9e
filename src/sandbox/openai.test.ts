import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from './sandbox.ts'

const key = 'sk-test-openai-1'
const accessToken = 'at-test-token-1'
let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({
    credentials: [
      { provider: 'openai', kind: 'api-key', value: key },
      { provider: 'openai', kind: 'access-token', value: accessToken, accountId: 'acct-7' },
    ],
  })
})
afterEach(() => sandbox.close())

const body = {
  model: 'gpt-test',
  input: [
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'environment' }] },
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'not the user' }] },
    { type: 'message', role: 'user', content: 'say hi' },
  ],
}

function post(token: string, sent: unknown = body, path = '/openai/v1/responses') {
  return fetch(`${sandbox.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'session-id': 's-1' },
    body: JSON.stringify(sent),
  })
}

function get(path: string, token: string) {
  return fetch(`${sandbox.url}/openai${path}`, { headers: { authorization: `Bearer ${token}` } })
}

describe('POST /v1/responses', () => {
  test('answers whole, and records who asked what', async () => {
    expect(await (await post(key)).json()).toMatchObject({
      object: 'response',
      status: 'completed',
      output: [
        { type: 'message', content: [{ type: 'output_text', text: 'Hello from the Claviger sandbox.' }] },
      ],
    })
    expect(sandbox.requests()).toMatchObject([
      {
        provider: 'openai',
        status: 200,
        model: 'gpt-test',
        userTexts: ['environment', 'say hi'],
        lastUserMessage: 'say hi',
        sessions: { 'session-id': 's-1' },
        credentials: [{ header: 'authorization', scheme: 'bearer', value: key }],
      },
    ])
  })

  test('streams the same answer as numbered events', async () => {
    const text = await (await post(key, { ...body, input: 'hi', stream: true })).text()
    const data = text
      .trim()
      .split('\n\n')
      .map((event) => JSON.parse(event.split('\ndata: ')[1] ?? ''))
    expect(data.map(({ type }) => type)).toEqual([
      'response.created',
      'response.output_item.added',
      'response.output_text.delta',
      'response.output_item.done',
      'response.completed',
    ])
    expect(data.map(({ sequence_number }) => sequence_number)).toEqual([0, 1, 2, 3, 4])
    expect(sandbox.requests()[0]?.lastUserMessage).toBe('hi')
  })

  test('uses tools, a function and a custom one, and records what they answered', async () => {
    sandbox.reply([
      { type: 'tool', name: 'shell', input: { command: ['ls'] } },
      { type: 'tool', namespace: 'functions', name: 'exec', input: 'text(1)' },
    ])
    const text = await (await post(key, { ...body, stream: true })).text()
    const data = text
      .trim()
      .split('\n\n')
      .map((event) => JSON.parse(event.split('\ndata: ')[1] ?? ''))
    const done = data.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item)
    expect(done).toMatchObject([
      { type: 'function_call', name: 'shell', arguments: '{"command":["ls"]}' },
      { type: 'custom_tool_call', namespace: 'functions', name: 'exec', input: 'text(1)' },
    ])
    expect(data.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'response.function_call_arguments.delta',
        'response.custom_tool_call_input.delta',
      ]),
    )
    const output = [{ type: 'input_text', text: 'two' }]
    const input = [
      { type: 'function_call_output', call_id: 'a', output: 'one' },
      { type: 'custom_tool_call_output', call_id: 'b', output },
    ]
    await post(key, { ...body, input })
    expect(sandbox.requests().at(-1)?.toolResults).toEqual(['one', 'two'])
  })

  test('a plan that is used up says when it is there again', async () => {
    sandbox.teach(key, 'used-up')
    const response = await post(key)
    expect(response.status).toBe(429)
    expect(await response.json()).toMatchObject({
      error: { type: 'usage_limit_reached', resets_at: expect.any(Number), resets_in_seconds: 3600 },
    })
  })

  test('needs model and input', async () => {
    const response = await post(key, { model: 'gpt-test' })
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { type: 'invalid_request_error', code: 'missing_required_parameter', param: null } },
    ])
  })

  test('asked to become a websocket, says to use HTTP', async () => {
    const response = await get('/v1/responses', key)
    expect(response.status).toBe(426)
    expect(sandbox.requests()).toMatchObject([{ status: 426, credentials: [{ value: key }] }])
  })
})

describe('refusals', () => {
  test.each([
    ['revoked', 401, 'invalid_api_key'],
    ['expired', 401, 'token_expired'],
    ['no-credit', 429, 'insufficient_quota'],
    ['rate-limited', 429, 'rate_limit_exceeded'],
    ['overloaded', 503, 'server_is_overloaded'],
    ['forbidden', 403, 'insufficient_permissions'],
  ] as const)('%s is %i %s', async (state, status, code) => {
    sandbox.teach(key, state)
    const response = await post(key)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({
      error: { code, param: null, type: expect.any(String), message: expect.any(String) },
    })
    expect(sandbox.requests()).toMatchObject([{ status, refusal: state }])
  })

  test.each([
    ['an unknown key', 'sk-test-other', '/openai/v1/responses', 'unknown'],
    ['an access token for the platform', accessToken, '/openai/v1/responses', 'not-for-this-api'],
    ['a key for ChatGPT', key, '/openai/backend-api/codex/responses', 'not-for-this-api'],
  ])('%s', async (_, token, path, refusal) => {
    expect((await post(token, body, path)).status).toBe(401)
    expect(sandbox.requests()).toMatchObject([{ status: 401, refusal }])
  })

  test('no credential at all', async () => {
    expect((await fetch(`${sandbox.openaiUrl}/models`)).status).toBe(401)
    expect(sandbox.requests()).toMatchObject([{ refusal: 'missing', credentials: [] }])
  })
})

describe('GET /v1/models', () => {
  test('lists models, to Codex in its own shape', async () => {
    expect(await (await get('/v1/models', key)).json()).toMatchObject({ object: 'list' })
    expect(await (await get('/v1/models?client_version=0.169.0', key)).json()).toEqual({ models: [] })
  })
})

describe('an access token', () => {
  test('belongs to its account everywhere', async () => {
    const whoAmI = await get('/api/accounts/v1/user-auth-credential/whoami', accessToken)
    expect(await whoAmI.json()).toMatchObject({ chatgpt_account_id: 'acct-7', chatgpt_plan_type: 'pro' })
    const check = await get('/backend-api/wham/accounts/check', accessToken)
    expect(await check.json()).toMatchObject({ accounts: [{ id: 'acct-7' }] })
  })

  test('asks with a compressed body', async () => {
    const response = await fetch(`${sandbox.url}/openai/backend-api/codex/responses`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        'content-encoding': 'zstd',
      },
      body: zstdCompressSync(JSON.stringify(body)),
    })
    expect(response.status).toBe(200)
    expect(sandbox.requests()[0]?.lastUserMessage).toBe('say hi')
  })
})
