import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signRequest } from '../lib/sigv4.ts'
import { type Sandbox, startSandbox } from './sandbox.ts'

const token = 'bedrock-test-token-1'
const accessKey = { accessKeyId: 'access-key-1', secretAccessKey: 'secret-access-key-1' }
const session = {
  accessKeyId: 'access-key-2',
  secretAccessKey: 'secret-access-key-2',
  sessionToken: 'session-1',
}
const now = new Date('2026-01-02T03:04:05Z')
const model = 'eu.vendor.model-v1:0'
const body = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 1,
  messages: [{ role: 'user', content: 'say hi' }],
})
let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({
    now: () => now,
    credentials: [
      { provider: 'bedrock', kind: 'bearer', value: token },
      { provider: 'bedrock', kind: 'access-key', ...accessKey, region: 'eu-west-1' },
      { provider: 'bedrock', kind: 'access-key', ...session },
    ],
  })
})
afterEach(() => sandbox.close())

type Signer = typeof accessKey & { sessionToken?: string; region?: string; now?: Date; service?: string }

function signed(signer: Signer, path = `/model/${encodeURIComponent(model)}/invoke`, sent = body) {
  const url = `${sandbox.bedrockUrl}${path}`
  const headers = { 'content-type': 'application/json' }
  const defaults = { service: 'bedrock', region: 'eu-west-1', now }
  const added = signRequest({ method: 'POST', url, headers, body: sent, ...defaults, ...signer })
  return { url, init: { method: 'POST', headers: { ...headers, ...added }, body: sent } }
}

function invoke(signer: Signer, path?: string) {
  const { url, init } = signed(signer, path)
  return fetch(url, init)
}

function byBearer(value: string, path: string, method = 'POST') {
  const init = { method, headers: { authorization: `Bearer ${value}` } }
  return fetch(`${sandbox.bedrockUrl}${path}`, method === 'POST' ? { ...init, body } : init)
}

function withoutToken({ accessKeyId, secretAccessKey }: typeof session): Signer {
  return { accessKeyId, secretAccessKey }
}

async function expectRefused(response: Response, status: number, type: string, refusal: string) {
  expect(response.status).toBe(status)
  expect(response.headers.get('x-amzn-errortype')).toBe(type)
  expect(await response.json()).toEqual({ message: expect.any(String) })
  expect(sandbox.requests()).toMatchObject([{ status, refusal }])
}

describe('invoke', () => {
  test('answers whole to a signed request, and records who asked what', async () => {
    const response = await invoke(accessKey)
    expect(await response.json()).toMatchObject({ type: 'message', model, content: [{ type: 'text' }] })
    expect(sandbox.requests()).toMatchObject([
      {
        provider: 'bedrock',
        model,
        lastUserMessage: 'say hi',
        credentials: [{ header: 'authorization', scheme: 'sigv4', value: 'access-key-1' }],
        conflicting: false,
      },
    ])
  })

  test('records the session token beside its key', async () => {
    expect((await invoke(session)).status).toBe(200)
    expect(sandbox.requests()[0]?.credentials).toEqual([
      { header: 'authorization', scheme: 'sigv4', value: 'access-key-2' },
      { header: 'x-amz-security-token', scheme: 'raw', value: 'session-1' },
    ])
    expect(sandbox.requests()[0]?.conflicting).toBe(false)
  })

  test('needs messages and a version', async () => {
    const { url, init } = signed(accessKey, '/model/m/invoke', '{}')
    const response = await fetch(url, init)
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([400, 'ValidationException'])
  })

  test('streams the same answer as framed events', async () => {
    const response = await byBearer(token, '/model/m/invoke-with-response-stream')
    expect(response.headers.get('content-type')).toBe('application/vnd.amazon.eventstream')
    const events = framesOf(Buffer.from(await response.arrayBuffer()))
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'ping',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(events[3]?.delta?.text).toBe('Hello from the Claviger sandbox.')
    expect(events.at(-1)).toHaveProperty('amazon-bedrock-invocationMetrics')
  })
})

describe('a signature is refused', () => {
  test.each([
    [
      'of an unknown key',
      { ...accessKey, accessKeyId: 'access-key-9' },
      'UnrecognizedClientException',
      'unknown',
    ],
    [
      'with another secret',
      { ...accessKey, secretAccessKey: 'x' },
      'InvalidSignatureException',
      'bad-signature',
    ],
    ['without its session token', withoutToken(session), 'UnrecognizedClientException', 'unknown'],
    [
      'with a session token it has not',
      { ...accessKey, sessionToken: 'session-1' },
      'UnrecognizedClientException',
      'unknown',
    ],
    [
      'for another region',
      { ...accessKey, region: 'us-east-1' },
      'InvalidSignatureException',
      'wrong-region',
    ],
    ['for another service', { ...accessKey, service: 's3' }, 'InvalidSignatureException', 'bad-signature'],
    [
      'that is too old',
      { ...accessKey, now: new Date(now.getTime() - 301_000) },
      'InvalidSignatureException',
      'signed-too-long-ago',
    ],
    [
      'that is from the future',
      { ...accessKey, now: new Date(now.getTime() + 301_000) },
      'InvalidSignatureException',
      'signed-too-long-ago',
    ],
  ])('%s', async (_, signer, type, refusal) => {
    await expectRefused(await invoke(signer), 403, type, refusal)
  })

  test('of another body', async () => {
    const { url, init } = signed(accessKey)
    const response = await fetch(url, { ...init, body: body.replace('say hi', 'say ho') })
    await expectRefused(response, 403, 'InvalidSignatureException', 'bad-signature')
  })

  test('but accepted within five minutes', async () => {
    expect((await invoke({ ...accessKey, now: new Date(now.getTime() - 299_000) })).status).toBe(200)
  })
})

describe('refusals', () => {
  test.each([
    ['revoked', 403, 'UnrecognizedClientException'],
    ['expired', 403, 'ExpiredTokenException'],
    ['no-credit', 403, 'AccessDeniedException'],
    ['rate-limited', 429, 'ThrottlingException'],
    ['overloaded', 503, 'ServiceUnavailableException'],
    ['forbidden', 403, 'AccessDeniedException'],
  ] as const)('%s is %i %s', async (state, status, type) => {
    sandbox.teach('access-key-1', state)
    await expectRefused(await invoke(accessKey), status, type, state)
  })

  test('an unknown bearer token', async () => {
    await expectRefused(await byBearer('other', '/model/m/invoke'), 403, 'AccessDeniedException', 'unknown')
  })

  test('no credential at all', async () => {
    const response = await fetch(`${sandbox.bedrockUrl}/foundation-models`)
    await expectRefused(response, 403, 'MissingAuthenticationTokenException', 'missing')
  })
})

describe('the other routes', () => {
  test('list profiles and models, count tokens', async () => {
    const profiles = await byBearer(token, '/inference-profiles?type=SYSTEM_DEFINED', 'GET')
    expect(await profiles.json()).toEqual({ inferenceProfileSummaries: [] })
    const models = await byBearer(token, '/foundation-models', 'GET')
    expect(await models.json()).toMatchObject({ modelSummaries: [{ modelId: expect.any(String) }] })
    const counted = await byBearer(token, '/model/m/count-tokens')
    expect(await counted.json()).toEqual({ inputTokens: expect.any(Number) })
  })

  test('a model id that is not valid encoding is shown as it came', async () => {
    expect((await byBearer(token, '/model/%ff/invoke')).status).toBe(200)
    expect(sandbox.requests()[0]?.model).toBe('%ff')
  })

  test('an unknown one is not found', async () => {
    expect((await byBearer(token, '/model/m/converse')).status).toBe(404)
  })
})

// Takes a body of frames apart, checking both sums of each.
function framesOf(bytes: Buffer): { type: string; delta?: { text?: string } }[] {
  const events = []
  for (let start = 0; start < bytes.length; ) {
    const frame = bytes.subarray(start, start + bytes.readUInt32BE(start))
    expect(frame.readUInt32BE(8)).toBe(crc32(frame.subarray(0, 8)))
    expect(frame.readUInt32BE(frame.length - 4)).toBe(crc32(frame.subarray(0, -4)))
    const payload = JSON.parse(frame.subarray(12 + frame.readUInt32BE(4), -4).toString())
    events.push(JSON.parse(Buffer.from(payload.bytes, 'base64').toString()))
    start += frame.length
  }
  return events
}
