import { describe, expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { startSandbox } from '../sandbox/sandbox.ts'
import { createBedrockProvider } from './bedrock.ts'
import { describeProvider } from './provider.conformance.ts'
import { startScripted } from './scripted-upstream.ts'

const REGION = 'eu-central-1'
const TOKEN = 'ABSK-test-token'
const ACCESS_KEY_ID = `AKIA${'TEST'.repeat(4)}`
const SECRET_ACCESS_KEY = 'test-secret-access-key'
const SESSION_TOKEN = 'test-session-token'

const bearerFields = { token: new Secret(TOKEN), region: new Secret(REGION) }
const accessKeyFields = {
  accessKeyId: new Secret(ACCESS_KEY_ID),
  secretAccessKey: new Secret(SECRET_ACCESS_KEY),
  region: new Secret(REGION),
}

describeProvider('bedrock', {
  type: 'claude/bedrock-api-key',
  fields: bearerFields,
  unknownFields: { ...bearerFields, token: new Secret('ABSK-test-unknown') },
  create: createBedrockProvider,
  async start() {
    const credential = { provider: 'bedrock', kind: 'bearer', value: TOKEN } as const
    const sandbox = await startSandbox({ credentials: [credential] })
    return {
      baseUrl: sandbox.bedrockUrl,
      teach: (state) => sandbox.teach(credential, state),
      close: sandbox.close,
    }
  },
})

for (const sessionToken of [undefined, SESSION_TOKEN]) {
  const session = sessionToken === undefined ? {} : { sessionToken }
  const fields = {
    ...accessKeyFields,
    ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
  }
  describeProvider(sessionToken === undefined ? 'bedrock' : 'bedrock with a session token', {
    type: 'claude/bedrock-access-key',
    fields,
    unknownFields: { ...fields, secretAccessKey: new Secret('test-another-secret') },
    create: createBedrockProvider,
    async start() {
      const credential = {
        provider: 'bedrock',
        kind: 'access-key',
        accessKeyId: ACCESS_KEY_ID,
        secretAccessKey: SECRET_ACCESS_KEY,
        region: REGION,
        ...session,
      } as const
      const sandbox = await startSandbox({ credentials: [credential] })
      return {
        baseUrl: sandbox.bedrockUrl,
        teach: (state) => sandbox.teach(credential, state),
        close: sandbox.close,
      }
    },
  })
}

describe('what a Bedrock probe asks', () => {
  it.each([
    [
      [
        'eu.anthropic.claude-3-haiku-20240307-v1:0',
        'eu.anthropic.claude-haiku-4-5-20251001-v1:0',
        'eu.meta.llama-haiku',
      ],
      'eu.anthropic.claude-haiku-4-5-20251001-v1%3A0',
    ],
    [['eu.meta.llama', 'eu.anthropic.claude-sonnet-4-6'], 'eu.anthropic.claude-sonnet-4-6'],
    [[], 'global.anthropic.claude-haiku-4-5-20251001-v1%3A0'],
  ])('of the profiles %j, the cheapest of Claude', async (ids, asked) => {
    const inferenceProfileSummaries = ids.map((inferenceProfileId) => ({ inferenceProfileId }))
    await using upstream = await startScripted([
      { status: 200, body: { inferenceProfileSummaries } },
      { status: 200, body: { type: 'message' } },
    ])
    const provider = createBedrockProvider({ baseUrl: upstream.url })
    expect((await provider.probe('claude/bedrock-api-key', bearerFields)).result).toBe('works')
    expect(upstream.asked).toEqual([
      'GET /inference-profiles?maxResults=1000&type=SYSTEM_DEFINED',
      `POST /model/${asked}/invoke`,
    ])
  })

  it.each(['example.com/', 'us-east-1.example.com', ''])(
    'never a host made of the region %j',
    async (region) => {
      const fields = { ...bearerFields, region: new Secret(region) }
      const probing = createBedrockProvider().probe('claude/bedrock-api-key', fields)
      await expect(probing).rejects.toMatchObject({ code: 'invalid' })
    },
  )
})

describe('what a Bedrock answer means', () => {
  it.each([
    [403, 'AccessDeniedException', 'User: x is not authorized to perform: bedrock:InvokeModel', 'forbidden'],
    [
      403,
      'AccessDeniedException',
      'x is not authorized to perform: bedrock:CallWithBearerToken',
      'forbidden',
    ],
    [403, 'AccessDeniedException', "You don't have access to the model.", 'forbidden'],
    [403, 'AccessDeniedException:http://internal.invalid/', 'x', 'forbidden'],
    [404, 'ResourceNotFoundException', 'Model use case details have not been submitted.', 'forbidden'],
    [403, 'AccessDeniedException', 'Model access is denied due to INVALID_PAYMENT_INSTRUMENT', 'no_credit'],
    [403, '', 'Authentication failed: Please make sure your API Key is valid.', 'refused'],
    [403, '', 'Invalid API Key format: Must start with pre-defined prefix', 'refused'],
    [403, 'AccessDeniedException', 'Bearer Token has expired', 'refused'],
    [403, 'UnrecognizedClientException', 'x', 'refused'],
    [403, 'InvalidSignatureException', 'The request signature does not match.', 'refused'],
    [403, 'InvalidSignatureException', 'Signature expired: 1 is now earlier than 2', 'unknown'],
    [403, 'InvalidSignatureException', 'Signature not yet current: 1', 'unknown'],
    [429, 'ThrottlingException', 'Too many tokens per day', 'limited'],
    [400, 'ServiceQuotaExceededException', 'x', 'limited'],
    [400, 'ValidationException', 'The provided model identifier is invalid.', 'unknown'],
    [403, '', 'Blocked by your company', 'unknown'],
    [503, 'ServiceUnavailableException', 'x', 'unknown'],
  ])('%i %s %j is %s', async (status, name, text, result) => {
    const listed = { status: 200, body: { inferenceProfileSummaries: [] } }
    for (const [key, value] of [
      ['message', text],
      ['Message', text],
    ] as const) {
      const headers = { 'x-amzn-errortype': name }
      await using upstream = await startScripted([listed, { status, headers, body: { [key]: value } }])
      const provider = createBedrockProvider({ baseUrl: upstream.url })
      expect((await provider.probe('claude/bedrock-api-key', bearerFields)).result).toBe(result)
    }
  })

  it('a signature made by a wrong clock says nothing about the key', async () => {
    const credential = {
      provider: 'bedrock',
      kind: 'access-key',
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET_ACCESS_KEY,
    } as const
    const sandbox = await startSandbox({ credentials: [credential] })
    const now = () => new Date(Date.now() - 3_600_000)
    const provider = createBedrockProvider({ baseUrl: sandbox.bedrockUrl, now })
    const probe = await provider.probe('claude/bedrock-access-key', accessKeyFields)
    await sandbox.close()
    expect(probe.result).toBe('unknown')
    expect(probe.message).toContain('clock')
  })

  it('the wrong region is refused with a hint to check it', async () => {
    const credential = {
      provider: 'bedrock',
      kind: 'access-key',
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET_ACCESS_KEY,
      region: 'us-west-2',
    } as const
    const sandbox = await startSandbox({ credentials: [credential] })
    const provider = createBedrockProvider({ baseUrl: sandbox.bedrockUrl })
    const probe = await provider.probe('claude/bedrock-access-key', accessKeyFields)
    await sandbox.close()
    expect(probe.result).toBe('refused')
    expect(probe.message).toContain('Check the region')
  })
})
