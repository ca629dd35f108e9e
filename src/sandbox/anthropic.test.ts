import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from './sandbox.ts'

const key = 'sk-ant-test-key-1'
const oauth = 'sk-ant-test-oauth-1'
const gateway = 'gateway-test-token-1'
const oauthBeta = { 'anthropic-beta': 'something-2026-01-01,oauth-2025-04-20' }
let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({
    credentials: [
      { provider: 'anthropic', kind: 'api-key', value: key },
      { provider: 'anthropic', kind: 'oauth', value: oauth },
      { provider: 'anthropic', kind: 'bearer', value: gateway },
    ],
  })
})
afterEach(() => sandbox.close())

const message = {
  model: 'claude-test',
  max_tokens: 10,
  messages: [
    { role: 'user', content: 'first' },
    { role: 'assistant', content: 'not the user' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'second' },
        { type: 'tool_result', content: 'no' },
        { type: 'text', text: 'third' },
      ],
    },
  ],
}

function post(path: string, headers: Record<string, string>, body: unknown = message) {
  return fetch(`${sandbox.anthropicUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
    body: JSON.stringify(body),
  })
}

describe('POST /v1/messages', () => {
  test('answers whole, and records who asked what', async () => {
    const response = await post('/v1/messages', { 'x-api-key': key, 'x-claude-code-session-id': 'session-1' })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'claude-test',
      content: [{ type: 'text', text: 'Hello from the Claviger sandbox.' }],
      stop_reason: 'end_turn',
    })
    expect(sandbox.requests()).toMatchObject([
      {
        status: 200,
        model: 'claude-test',
        lastUserMessage: 'third',
        userTexts: ['first', 'second', 'third'],
        sessions: { 'x-claude-code-session-id': 'session-1' },
        credentials: [{ header: 'x-api-key', scheme: 'raw', value: key }],
      },
    ])
  })

  test('streams the same answer as events', async () => {
    sandbox.reply([
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two' },
    ])
    const response = await post('/v1/messages?beta=true', { 'x-api-key': key }, { ...message, stream: true })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const events = (await response.text()).trim().split('\n\n')
    const data = events.map((event) => JSON.parse(event.split('\ndata: ')[1] ?? ''))
    expect(events.map((event) => event.split('\n')[0])).toEqual(data.map(({ type }) => `event: ${type}`))
    expect(data.map(({ type }) => type)).toEqual([
      'message_start',
      'ping',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(data.flatMap(({ delta }) => delta?.text ?? []).join('')).toBe('onetwo')
  })

  test('uses a tool, whole and streamed, and records what the tool answered', async () => {
    const tool = { type: 'tool', name: 'Write', input: { path: 'a', lines: [1] } } as const
    sandbox.reply([{ type: 'text', text: 'So:' }, tool])
    const whole = await (await post('/v1/messages', { 'x-api-key': key })).json()
    const use = {
      type: 'tool_use',
      id: expect.stringMatching(/^toolu_/),
      name: 'Write',
      input: tool.input,
    }
    expect(whole).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'text', text: 'So:' }, use],
    })
    const streamed = await post('/v1/messages', { 'x-api-key': key }, { ...message, stream: true })
    const events = (await streamed.text()).trim().split('\n\n')
    const data = events.map((event) => JSON.parse(event.split('\ndata: ')[1] ?? ''))
    expect(data).toContainEqual({
      ...{ type: 'content_block_start', index: 1 },
      content_block: { ...use, input: {} },
    })
    const input = data.flatMap(({ delta }) => delta?.partial_json ?? []).join('')
    expect(JSON.parse(input)).toEqual(tool.input)
    const results = [
      { type: 'tool_result', tool_use_id: 'a', content: 'one' },
      { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'two' }] },
    ]
    const messages = [{ role: 'user', content: results }]
    await post('/v1/messages', { 'x-api-key': key }, { ...message, messages })
    expect(sandbox.requests().at(-1)?.toolResults).toEqual(['one', 'two'])
  })

  test('cannot give a tool a plain text', async () => {
    sandbox.reply([{ type: 'tool', name: 'Write', input: 'x' }])
    expect((await post('/v1/messages', { 'x-api-key': key })).status).toBe(500)
  })

  test.each([
    ['model', { 'x-api-key': key }, { ...message, model: undefined }],
    ['messages', { 'x-api-key': key }, {}],
    ['max_tokens', { 'x-api-key': key }, { ...message, max_tokens: undefined }],
    ['anything', { 'x-api-key': key }, 'no object'],
  ])('without %s is an invalid request', async (_, headers, body) => {
    const response = await post('/v1/messages', headers, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
    expect(sandbox.requests().at(-1)?.status).toBe(400)
  })
})

test('a plan that is used up says when it is there again, a key that is does not', async () => {
  for (const value of [oauth, key]) sandbox.teach(value, 'used-up')
  const seconds = Math.floor(Date.now() / 1000)
  const bySubscription = await post('/v1/messages', { authorization: `Bearer ${oauth}`, ...oauthBeta })
  expect(bySubscription.status).toBe(429)
  expect(bySubscription.headers.get('anthropic-ratelimit-unified-status')).toBe('rejected')
  const reset = Number(bySubscription.headers.get('anthropic-ratelimit-unified-reset'))
  expect(reset - seconds).toBeGreaterThanOrEqual(3600)
  expect(reset - seconds).toBeLessThan(3610)
  const byKey = await post('/v1/messages', { 'x-api-key': key })
  expect(byKey.status).toBe(429)
  expect(byKey.headers.get('anthropic-ratelimit-unified-reset')).toBeNull()
})

describe('who is let in', () => {
  const statusOf = async (headers: Record<string, string>) => (await post('/v1/messages', headers)).status

  test('a key as x-api-key, an OAuth token with the beta header, a gateway token as bearer', async () => {
    expect(await statusOf({ 'x-api-key': key })).toBe(200)
    expect(await statusOf({ authorization: `Bearer ${oauth}`, ...oauthBeta })).toBe(200)
    expect(await statusOf({ authorization: `Bearer ${gateway}` })).toBe(200)
  })

  test.each([
    ['nothing', {}, 'missing'],
    ['an empty bearer token', { authorization: 'Bearer ' }, 'missing'],
    ['an unknown key', { 'x-api-key': 'sk-ant-test-other' }, 'unknown'],
    ['a key as bearer', { authorization: `Bearer ${key}` }, 'unknown'],
    ['an OAuth token as key', { 'x-api-key': oauth, ...oauthBeta }, 'unknown'],
    ['an OAuth token without the beta', { authorization: `Bearer ${oauth}` }, 'not-for-this-api'],
    ['a wrong key beside a right token', { 'x-api-key': 'x', authorization: `Bearer ${gateway}` }, 'unknown'],
  ])('but not %s', async (_, headers, refusal) => {
    const response = await post('/v1/messages', headers as Record<string, string>)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type: 'authentication_error', message: expect.any(String) },
      request_id: response.headers.get('request-id'),
    })
    expect(sandbox.requests()).toMatchObject([{ status: 401, refusal }])
  })

  test('a value in both headers is no conflict, two values are', async () => {
    await post('/v1/messages', { 'x-api-key': key, authorization: `Bearer ${key}` })
    await post('/v1/messages', { 'x-api-key': key, authorization: `Bearer ${gateway}` })
    expect(sandbox.requests()).toMatchObject([
      { status: 200, conflicting: false },
      { status: 200, conflicting: true },
    ])
  })
})

describe('refusals that were taught', () => {
  test.each([
    ['revoked', 401, 'authentication_error'],
    ['expired', 401, 'authentication_error'],
    ['no-credit', 400, 'invalid_request_error'],
    ['rate-limited', 429, 'rate_limit_error'],
    ['overloaded', 529, 'overloaded_error'],
    ['forbidden', 403, 'permission_error'],
  ] as const)('%s is %i %s', async (state, status, type) => {
    sandbox.teach(key, state)
    const response = await post('/v1/messages', { 'x-api-key': key })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { type } })
    expect(response.headers.has('retry-after')).toBe(status === 429)
    expect(sandbox.requests()).toMatchObject([{ status, refusal: state }])
  })

  test('a revoked OAuth token is 403, an expired one 401', async () => {
    const headers = { authorization: `Bearer ${oauth}`, ...oauthBeta }
    sandbox.teach(oauth, 'revoked', 1)
    const revoked = await post('/v1/messages', headers)
    expect([revoked.status, await revoked.text()]).toEqual([403, expect.stringContaining('revoked')])
    sandbox.teach(oauth, 'expired', 1)
    const expired = await post('/v1/messages', headers)
    expect([expired.status, await expired.text()]).toEqual([401, expect.stringContaining('expired')])
  })

  test('without credit the models are still listed', async () => {
    sandbox.teach(key, 'no-credit')
    const listed = await fetch(`${sandbox.anthropicUrl}/v1/models`, { headers: { 'x-api-key': key } })
    expect(listed.status).toBe(200)
    expect((await post('/v1/messages', { 'x-api-key': key })).status).toBe(400)
  })

  test.each([
    [true, 'true'],
    [false, 'false'],
    ['absent', null],
  ] as const)('x-should-retry set to %s', async (setting, expected) => {
    sandbox.setShouldRetry(setting)
    const response = await post('/v1/messages', { 'x-api-key': 'sk-ant-test-other' })
    expect(response.headers.get('x-should-retry')).toBe(expected)
  })
})

describe('the other routes', () => {
  test('count tokens', async () => {
    const response = await post('/v1/messages/count_tokens', { 'x-api-key': key })
    expect(await response.json()).toEqual({ input_tokens: expect.any(Number) })
  })

  test('list models', async () => {
    const response = await fetch(`${sandbox.anthropicUrl}/v1/models`, { headers: { 'x-api-key': key } })
    const { data } = (await response.json()) as { data: unknown[] }
    expect(data.length).toBeGreaterThan(0)
    expect(data[0]).toMatchObject({ type: 'model', id: expect.any(String), display_name: expect.any(String) })
  })

  test.each(['GET', 'HEAD'])('%s /api/hello needs no credential', async (method) => {
    const response = await fetch(`${sandbox.anthropicUrl}/api/hello`, { method })
    expect(response.status).toBe(200)
    expect(sandbox.requests()).toMatchObject([{ method, status: 200, credentials: [] }])
  })

  test('an unknown one is recorded as not found', async () => {
    const response = await post('/v1/complete', { 'x-api-key': key })
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { error: { type: 'not_found_error' } },
    ])
    expect(sandbox.requests()).toMatchObject([{ path: '/anthropic/v1/complete', status: 404 }])
  })
})
