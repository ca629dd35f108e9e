import { request as httpRequest } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SandboxCredential } from './credentials.ts'
import { type Sandbox, startSandbox } from './sandbox.ts'

const key: SandboxCredential = { provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-control-1' }
const json = { 'content-type': 'application/json' }
let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox()
})
afterEach(() => sandbox.close())

function send(method: string, path: string, body?: unknown, headers: Record<string, string> = json) {
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
  return fetch(`${sandbox.url}${path}`, init)
}

function listModels(apiKey: string): Promise<Response> {
  return fetch(`${sandbox.anthropicUrl}/v1/models`, { headers: { 'x-api-key': apiKey } })
}

// fetch does not let a caller set Host.
function statusWithHost(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${sandbox.url}/sandbox`, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.once('error', reject).end()
  })
}

describe('POST /sandbox/credentials', () => {
  test('accepts a credential, and says so without its value', async () => {
    expect((await listModels(key.value)).status).toBe(401)
    const response = await send('POST', '/sandbox/credentials', { accept: key })
    const text = await response.text()
    expect(response.status).toBe(200)
    expect(JSON.parse(text)).toEqual({
      credentials: [
        { provider: 'anthropic', kind: 'api-key', suffix: 'ol-1', sha256: expect.any(String), state: 'ok' },
      ],
    })
    expect(text).not.toContain(key.value)
    expect((await listModels(key.value)).status).toBe(200)
  })

  test('teaches an accepted one, for a number of requests if asked', async () => {
    sandbox.accept(key)
    await send('POST', '/sandbox/credentials', { teach: key.value, state: 'revoked', times: 1 })
    expect((await listModels(key.value)).status).toBe(401)
    expect((await listModels(key.value)).status).toBe(200)
    await send('POST', '/sandbox/credentials', { accept: key, state: 'forbidden' })
    expect((await listModels(key.value)).status).toBe(403)
  })

  test('teaches it for later', async () => {
    sandbox.accept(key)
    await send('POST', '/sandbox/credentials', { teach: key.value, state: 'revoked', after: 1 })
    expect((await listModels(key.value)).status).toBe(200)
    expect((await listModels(key.value)).status).toBe(401)
    const refused = await send('POST', '/sandbox/credentials', {
      teach: key.value,
      state: 'revoked',
      after: 'x',
    })
    expect(refused.status).toBe(400)
  })

  test.each([
    ['nothing', {}, 400],
    ['a credential of no kind', { accept: { provider: 'anthropic', kind: 'cookie', value: 'x' } }, 400],
    ['a credential without a value', { accept: { provider: 'openai', kind: 'api-key' } }, 400],
    ['a state there is not', { accept: key, state: 'sleepy' }, 400],
    ['a count that is none', { accept: key, state: 'revoked', times: 0 }, 400],
    ['an unknown credential to teach', { teach: 'sk-ant-test-other', state: 'revoked' }, 404],
  ])('refuses %s and changes nothing', async (_, body, status) => {
    expect((await send('POST', '/sandbox/credentials', body)).status).toBe(status)
    expect((await listModels(key.value)).status).toBe(401)
  })
})

test('POST /sandbox/credentials does not guess the state to teach', async () => {
  sandbox.accept(key)
  expect((await send('POST', '/sandbox/credentials', { teach: key.value })).status).toBe(400)
})

describe('/sandbox/requests', () => {
  test('shows suffix and digest only, and forgets on DELETE', async () => {
    sandbox.accept(key)
    await listModels(key.value)
    const text = await (await send('GET', '/sandbox/requests')).text()
    expect(JSON.parse(text).requests).toMatchObject([
      {
        id: 1,
        provider: 'anthropic',
        method: 'GET',
        path: '/anthropic/v1/models',
        status: 200,
        credentials: [
          { header: 'x-api-key', suffix: 'ol-1', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        ],
      },
    ])
    expect(text).not.toContain(key.value)
    expect((await send('DELETE', '/sandbox/requests')).status).toBe(200)
    expect(sandbox.requests()).toEqual([])
  })
})

describe('POST /sandbox/settings', () => {
  test('sets the reply and the retry header', async () => {
    await send('POST', '/sandbox/settings', { reply: 'Another greeting.', shouldRetry: true })
    expect((await listModels('sk-ant-test-wrong')).headers.get('x-should-retry')).toBe('true')
    sandbox.accept(key)
    const body = { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hi' }] }
    const headers = { ...json, 'x-api-key': key.value, 'anthropic-version': '2023-06-01' }
    const answer = await send('POST', '/anthropic/v1/messages', body, headers)
    expect(await answer.json()).toMatchObject({ content: [{ type: 'text', text: 'Another greeting.' }] })
  })

  test.each([{ reply: 1 }, { shouldRetry: 'perhaps' }])('refuses %j', async (body) => {
    expect((await send('POST', '/sandbox/settings', body)).status).toBe(400)
  })
})

describe('GET /sandbox', () => {
  test('is a page for people', async () => {
    const text = await (await send('GET', '/sandbox')).text()
    expect(text).toContain(`ANTHROPIC_BASE_URL=${sandbox.anthropicUrl}`)
    expect(text).toContain(`openai_base_url = "${sandbox.openaiUrl}"`)
    expect(text).toContain(`--experimental_issuer ${sandbox.issuerUrl}`)
    expect(text).toContain(`ANTHROPIC_BEDROCK_BASE_URL=${sandbox.bedrockUrl}`)
  })

  test('and data for programs', async () => {
    sandbox.accept(key)
    const response = await send('GET', '/sandbox', undefined, { accept: 'application/json' })
    expect(await response.json()).toMatchObject({
      url: sandbox.url,
      anthropicUrl: sandbox.anthropicUrl,
      openaiUrl: sandbox.openaiUrl,
      issuerUrl: `${sandbox.url}/openai`,
      bedrockUrl: sandbox.bedrockUrl,
      credentials: [{ provider: 'anthropic', kind: 'api-key', suffix: 'ol-1', state: 'ok' }],
    })
  })
})

describe('the control routes refuse', () => {
  test.each(['evil.example', `evil.example:80`, '127.0.0.1.evil.example', '10.0.0.1', 'localhost.'])(
    'the Host %s',
    async (host) => expect(await statusWithHost(host)).toBe(403),
  )

  test.each(['localhost', '127.0.0.1:99', '[::1]:99'])('but not the Host %s', async (host) => {
    expect(await statusWithHost(host)).toBe(200)
  })

  test.each([{ origin: 'http://127.0.0.1:3000' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])(
    'a web page (%j), and give it no CORS header',
    async (mark) => {
      const response = await send('POST', '/sandbox/credentials', { accept: key }, { ...json, ...mark })
      expect(response.status).toBe(403)
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
      expect((await listModels(key.value)).status).toBe(401)
    },
  )

  test.each([
    ['POST', '/sandbox/credentials'],
    ['POST', '/sandbox/settings'],
    ['DELETE', '/sandbox/requests'],
  ])('%s %s without content-type application/json', async (method, path) => {
    expect((await send(method, path, { accept: key }, { 'content-type': 'text/plain' })).status).toBe(415)
  })

  test('a body that is not an object, and a route there is not', async () => {
    expect((await send('POST', '/sandbox/credentials', [1])).status).toBe(400)
    expect((await send('GET', '/sandbox/secrets')).status).toBe(404)
  })
})
