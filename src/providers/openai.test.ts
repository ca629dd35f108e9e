import { describe, expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { startSandbox } from '../sandbox/sandbox.ts'
import { createOpenAiProvider } from './openai.ts'
import { describeProvider } from './provider.conformance.ts'
import { startScripted } from './scripted-upstream.ts'

const KEY = 'sk-test-key'
const TOKEN = 'at-test-token'
// Nobody listens on port 1 of this machine.
const NOWHERE = 'http://127.0.0.1:1'

describeProvider('openai', {
  type: 'codex/api-key',
  fields: { key: new Secret(KEY) },
  unknownFields: { key: new Secret('sk-test-unknown') },
  create: (options) => createOpenAiProvider({ ...options, issuer: NOWHERE }),
  async start() {
    const credential = { provider: 'openai', kind: 'api-key', value: KEY } as const
    const sandbox = await startSandbox({ credentials: [credential] })
    return {
      baseUrl: sandbox.openaiUrl,
      teach: (state) => sandbox.teach(credential, state),
      close: sandbox.close,
    }
  },
})

describeProvider('openai', {
  type: 'codex/access-token',
  fields: { token: new Secret(TOKEN) },
  unknownFields: { token: new Secret('at-test-unknown') },
  create: ({ baseUrl, timeoutMs }) => createOpenAiProvider({ baseUrl: NOWHERE, issuer: baseUrl, timeoutMs }),
  async start() {
    const credential = { provider: 'openai', kind: 'access-token', value: TOKEN } as const
    const sandbox = await startSandbox({ credentials: [credential] })
    return {
      baseUrl: `${sandbox.url}/openai`,
      teach: (state) => sandbox.teach(credential, state),
      close: sandbox.close,
    }
  },
  // It makes no model call, so it cannot see these.
  results: { 'no-credit': 'works', 'rate-limited': 'works', overloaded: 'works' },
})

describe("a credential's own base URL", () => {
  it('wins over the default, for both calls', async () => {
    const sandbox = await startSandbox({ credentials: [{ provider: 'openai', kind: 'api-key', value: KEY }] })
    const provider = createOpenAiProvider({ baseUrl: NOWHERE, issuer: NOWHERE, allowPrivate: true })
    const fields = { key: new Secret(KEY), baseUrl: new Secret(sandbox.openaiUrl) }
    const probe = await provider.probe('codex/api-key', fields)
    const asked = sandbox.requests().map(({ method, path, model }) => [method, path, model])
    await sandbox.close()
    expect(probe.result).toBe('works')
    expect(asked).toEqual([
      ['GET', '/openai/v1/models', undefined],
      ['POST', '/openai/v1/responses', 'gpt-5.6-mini'],
    ])
  })

  it.each([
    ['https://10.0.0.1/v1', 'private network'],
    ['https://169.254.169.254/latest', 'private network'],
    ['http://127.0.0.1:5432/v1', 'on this machine'],
    ['https://localhost/v1', 'on this machine'],
    ['http://[::1]:7717/v1', 'on this machine'],
    ['http://0x7f.1/v1', 'plain https URL'],
    ['http://example.com/v1', 'plain https URL'],
    ['https://user:pass@example.com/v1', 'plain https URL'],
  ])('is held to the same guard: %s', async (url, words) => {
    // That the operator has pointed at one port of this machine opens no other.
    const provider = createOpenAiProvider({ baseUrl: NOWHERE, issuer: NOWHERE })
    const probe = await provider.probe('codex/api-key', { key: new Secret(KEY), baseUrl: new Secret(url) })
    expect(probe.result).toBe('unknown')
    expect(probe.message).toContain(words)
    expect(probe.message).not.toContain('pass')
  })

  it('says of a name that leads nowhere what it says of one that leads into a private network', async () => {
    const provider = createOpenAiProvider({ baseUrl: NOWHERE, issuer: NOWHERE })
    const messageOf = async (url: string) =>
      (await provider.probe('codex/api-key', { key: new Secret(KEY), baseUrl: new Secret(url) })).message
    expect(await messageOf('https://nosuch.invalid/v1')).toBe(await messageOf('https://10.0.0.1/v1'))
  })

  it('may be on this machine where the operator has pointed already', async () => {
    const sandbox = await startSandbox({ credentials: [{ provider: 'openai', kind: 'api-key', value: KEY }] })
    const provider = createOpenAiProvider({ baseUrl: sandbox.openaiUrl, issuer: NOWHERE })
    const fields = { key: new Secret(KEY), baseUrl: new Secret(`${sandbox.openaiUrl}/`) }
    const probe = await provider.probe('codex/api-key', fields)
    await sandbox.close()
    expect(probe.result).toBe('works')
  })

  it('is not told to go to OpenAI for credit', async () => {
    const body = { error: { code: 'insufficient_quota', message: 'x' } }
    await using upstream = await startScripted([{ status: 429, body }])
    const provider = createOpenAiProvider({ baseUrl: NOWHERE, issuer: NOWHERE, allowPrivate: true })
    const fields = { key: new Secret(KEY), baseUrl: new Secret(upstream.url) }
    const probe = await provider.probe('codex/api-key', fields)
    expect(probe.result).toBe('no_credit')
    expect(probe.message).not.toContain('openai.com')
  })
})

describe('what an OpenAI answer means', () => {
  const models = { status: 200, body: { data: [{ id: 'gpt-5-nano' }] } }
  const scopes = 'You have insufficient permissions for this operation. Missing scopes: api.responses.write.'

  it.each([
    [429, 'insufficient_quota', 'x', 'no_credit'],
    [429, 'billing_not_active', 'x', 'no_credit'],
    [400, 'billing_hard_limit_reached', 'x', 'no_credit'],
    [402, 'x', 'x', 'no_credit'],
    [429, 'rate_limit_exceeded', 'x', 'limited'],
    [401, 'invalid_api_key', 'x', 'refused'],
    [401, null, scopes, 'forbidden'],
    [403, null, scopes, 'forbidden'],
    [403, 'x', 'Not allowed', 'forbidden'],
    [403, 'model_not_found', 'x', 'unknown'],
    [403, 'unsupported_country_region_territory', 'x', 'unknown'],
    [404, 'model_not_found', 'x', 'unknown'],
    [503, 'server_is_overloaded', 'x', 'unknown'],
  ])('%i %s %j to a key is %s', async (status, code, message, result) => {
    const body = { error: { type: 'some_type', code, message, param: null } }
    await using upstream = await startScripted([models, { status, body }])
    const provider = createOpenAiProvider({ baseUrl: upstream.url, issuer: NOWHERE })
    const probe = await provider.probe('codex/api-key', { key: new Secret(KEY) })
    expect(probe.result).toBe(result)
  })

  it.each([
    ['completed', 'works'],
    ['incomplete', 'works'],
    ['failed', 'unknown'],
  ])('a response that is %s is %s', async (status, result) => {
    await using upstream = await startScripted([
      models,
      { status: 200, body: { object: 'response', status } },
    ])
    const provider = createOpenAiProvider({ baseUrl: upstream.url, issuer: NOWHERE })
    expect((await provider.probe('codex/api-key', { key: new Secret(KEY) })).result).toBe(result)
  })

  it('no model at all is a missing right', async () => {
    await using upstream = await startScripted([{ status: 200, body: { data: [] } }])
    const provider = createOpenAiProvider({ baseUrl: upstream.url, issuer: NOWHERE })
    expect((await provider.probe('codex/api-key', { key: new Secret(KEY) })).result).toBe('forbidden')
  })

  it('somebody who is nobody does not make a token work', async () => {
    await using upstream = await startScripted([{ status: 200, body: { email: 'x' } }])
    const provider = createOpenAiProvider({ baseUrl: NOWHERE, issuer: upstream.url })
    expect((await provider.probe('codex/access-token', { token: new Secret(TOKEN) })).result).toBe('unknown')
  })
})
