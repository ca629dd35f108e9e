import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { createAnthropicProvider } from './anthropic.ts'
import { describeProvider } from './provider.conformance.ts'
import { startScripted } from './scripted-upstream.ts'

const KEY = 'sk-ant-test-key'
const TOKEN = 'sk-ant-oat01-test-token'

describeProvider('anthropic', {
  type: 'claude/api-key',
  fields: { key: new Secret(KEY) },
  unknownFields: { key: new Secret('sk-ant-test-unknown') },
  create: createAnthropicProvider,
  async start() {
    const credential = { provider: 'anthropic', kind: 'api-key', value: KEY } as const
    const sandbox = await startSandbox({ credentials: [credential] })
    return {
      baseUrl: sandbox.anthropicUrl,
      teach: (state) => sandbox.teach(credential, state),
      close: sandbox.close,
    }
  },
})

describeProvider('anthropic', {
  type: 'claude/setup-token',
  fields: { token: new Secret(TOKEN) },
  unknownFields: { token: new Secret('sk-ant-oat01-test-unknown') },
  create: createAnthropicProvider,
  async start() {
    const credential = { provider: 'anthropic', kind: 'oauth', value: TOKEN } as const
    const sandbox = await startSandbox({ credentials: [credential] })
    return {
      baseUrl: sandbox.anthropicUrl,
      teach: (state) => sandbox.teach(credential, state),
      close: sandbox.close,
    }
  },
  // It makes no model call, so it cannot see these.
  results: { 'no-credit': 'works', 'rate-limited': 'works', overloaded: 'works' },
})

describe('what an Anthropic probe asks', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await startSandbox({
      credentials: [
        { provider: 'anthropic', kind: 'api-key', value: KEY },
        { provider: 'anthropic', kind: 'oauth', value: TOKEN },
      ],
    })
  })
  afterEach(() => sandbox.close())

  it('with an API key: the list, then one request to a Haiku model', async () => {
    const provider = createAnthropicProvider({ baseUrl: sandbox.anthropicUrl })
    await provider.probe('claude/api-key', { key: new Secret(KEY) })
    const asked = sandbox.requests().map(({ method, path, model }) => [method, path, model])
    expect(asked).toEqual([
      ['GET', '/anthropic/v1/models', undefined],
      ['POST', '/anthropic/v1/messages', 'claude-haiku-4-5-20251001'],
    ])
  })

  it('with a setup token: nothing but the list, and it claims no more', async () => {
    const provider = createAnthropicProvider({ baseUrl: sandbox.anthropicUrl })
    const probe = await provider.probe('claude/setup-token', { token: new Secret(TOKEN) })
    expect(sandbox.requests().map(({ method, path }) => [method, path])).toEqual([
      ['GET', '/anthropic/v1/models'],
    ])
    expect(probe.message).toContain('shows only when claude runs')
  })

  it('is nothing after a refusal', async () => {
    sandbox.teach(KEY, 'revoked')
    const provider = createAnthropicProvider({ baseUrl: sandbox.anthropicUrl })
    await provider.probe('claude/api-key', { key: new Secret(KEY) })
    expect(sandbox.requests()).toHaveLength(1)
  })
})

describe('what an Anthropic answer means', () => {
  const models = { status: 200, body: { data: [{ id: 'claude-haiku-x' }] } }

  it.each([
    [402, 'x', 'Payment needed', 'no_credit', 'Add credit'],
    [400, 'billing_error', 'x', 'no_credit', 'Add credit'],
    [400, 'invalid_request_error', 'Your CREDIT BALANCE is too low', 'no_credit', 'Add credit'],
    [400, 'invalid_request_error', 'You have reached your specified API usage limits.', 'no_credit', 'limit'],
    [400, 'invalid_request_error', 'This organization has been disabled.', 'forbidden', 'disabled'],
    [400, 'invalid_request_error', 'messages: at least one', 'unknown', 'accepted'],
    [404, 'not_found_error', 'model: claude-haiku-x', 'unknown', 'accepted'],
    [403, 'permission_error', 'x', 'forbidden', 'permission'],
    [403, 'forbidden', 'Request not allowed', 'unknown', 'country'],
    [429, 'rate_limit_error', 'x', 'limited', 'Wait'],
    [529, 'overloaded_error', 'x', 'unknown', 'out of order'],
  ])('%i %s %j to a key is %s', async (status, type, message, result, words) => {
    await using upstream = await startScripted([models, { status, body: { error: { type, message } } }])
    const provider = createAnthropicProvider({ baseUrl: upstream.url })
    const probe = await provider.probe('claude/api-key', { key: new Secret(KEY) })
    expect(probe.result).toBe(result)
    expect(probe.message).toContain(words)
  })

  it('no model at all is a missing right', async () => {
    await using upstream = await startScripted([{ status: 200, body: { data: [] } }])
    const provider = createAnthropicProvider({ baseUrl: upstream.url })
    const probe = await provider.probe('claude/api-key', { key: new Secret(KEY) })
    expect(probe.result).toBe('forbidden')
  })

  it.each([
    [403, 'permission_error', 'OAuth token has been revoked.', 'refused'],
    [403, 'permission_error', 'OAuth token does not meet scope requirement', 'unknown'],
    [403, 'permission_error', 'x', 'forbidden'],
    [403, 'forbidden', 'Request not allowed', 'unknown'],
    [400, 'invalid_request_error', 'This credential is only authorized for use with Claude Code.', 'unknown'],
    [429, 'rate_limit_error', 'Error', 'limited'],
  ])('%i %s %j to a setup token is %s', async (status, type, message, result) => {
    await using upstream = await startScripted([{ status, body: { error: { type, message } } }])
    const provider = createAnthropicProvider({ baseUrl: upstream.url })
    const probe = await provider.probe('claude/setup-token', { token: new Secret(TOKEN) })
    expect(probe.result).toBe(result)
  })
})
