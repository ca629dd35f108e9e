// The fake Amazon Bedrock under /bedrock, control plane and runtime on one address: lists of profiles and
// models, and Anthropic models invoked whole or as a stream. Requests are signed or carry a bearer token.

import { randomUUID } from 'node:crypto'
import { parseAuthorization, signingTime, verifySignature } from '../lib/sigv4.ts'
import { inputTokens, messageEvents, toolResults, userTexts, wholeMessage } from './anthropic-message.ts'
import type {
  BedrockAccessKeyCredential,
  BedrockBearerCredential,
  CredentialTable,
  SandboxCredential,
} from './credentials.ts'
import { chunkMessage } from './event-stream.ts'
import { type Answer, bearerToken, type Call, header, jsonAnswer } from './http.ts'
import type { Provider, RefusalTable, Route, Verdict } from './provider.ts'
import type { ReplyBlock } from './reply.ts'

const MAX_SKEW_MS = 5 * 60 * 1000
const foundationModel = {
  modelId: 'anthropic.claude-sonnet-4-6',
  modelName: 'Claude Sonnet (sandbox)',
  providerName: 'Anthropic',
  modelArn: 'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-6',
  inputModalities: ['TEXT'],
  outputModalities: ['TEXT'],
  responseStreamingSupported: true,
  inferenceTypesSupported: ['ON_DEMAND'],
  modelLifecycle: { status: 'ACTIVE' },
}

type ErrorShape = { status: number; type: string; message: string }

const errors: RefusalTable<ErrorShape> = {
  missing: refused('MissingAuthenticationTokenException', 'Missing Authentication Token'),
  unknown: refused('UnrecognizedClientException', 'The security token included in the request is invalid.'),
  expired: refused('ExpiredTokenException', 'The security token included in the request is expired'),
  'bad-signature': refused(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided.',
  ),
  'signed-too-long-ago': refused('InvalidSignatureException', 'Signature expired or not yet valid.'),
  'wrong-region': refused('InvalidSignatureException', 'Credential should be scoped to a valid region.'),
  'no-credit': refused(
    'AccessDeniedException',
    'Model access is denied: INVALID_PAYMENT_INSTRUMENT. A valid payment instrument is needed (sandbox).',
  ),
  'rate-limited': { status: 429, type: 'ThrottlingException', message: 'Too many requests (sandbox).' },
  'used-up': { status: 429, type: 'ThrottlingException', message: 'Too many tokens (sandbox).' },
  overloaded: { status: 503, type: 'ServiceUnavailableException', message: 'Overloaded (sandbox).' },
  forbidden: refused('AccessDeniedException', 'Not authorized to perform: bedrock:InvokeModel (sandbox).'),
}

const bearerErrors: RefusalTable<ErrorShape> = {
  ...errors,
  unknown: refused('AccessDeniedException', 'Authentication failed: the API key is not valid.'),
  expired: refused('AccessDeniedException', 'Bearer Token has expired'),
}

export const bedrock: Provider = {
  name: 'bedrock',
  mount: '/bedrock',
  route(call, path) {
    const route = `${call.method} ${path}`
    if (route === 'GET /inference-profiles') return list({ inferenceProfileSummaries: [] })
    if (route === 'GET /foundation-models') return list({ modelSummaries: [foundationModel] })
    const invoked = /^POST \/model\/([^/]+)\/(invoke|invoke-with-response-stream|count-tokens)$/.exec(route)
    if (invoked === null) return undefined
    const [, model = '', action = ''] = invoked
    return action === 'count-tokens'
      ? list({ inputTokens: inputTokens(call.body) })
      : invoke(call, model, action)
  },
  authenticate: (call, _path, accepted, now) =>
    bearerToken(call) === undefined ? bySignature(call, accepted, now) : byBearer(call, accepted),
  refuse: (refusal, call) => {
    const table = bearerToken(call) === undefined ? errors : bearerErrors
    return failure(table[refusal] ?? table.unknown)
  },
  notFound: () => failure({ status: 404, type: 'UnknownOperationException', message: 'Unknown operation.' }),
}

function byBearer(call: Call, accepted: CredentialTable): Verdict {
  const token = bearerToken(call)
  const credential = accepted.find(isBearer).find((one) => one.value === token)
  return credential === undefined ? { refusal: 'unknown' } : { credential }
}

function bySignature(call: Call, accepted: CredentialTable, now: Date): Verdict {
  const claim = parseAuthorization(header(call, 'authorization') ?? '')
  if (claim === undefined) return { refusal: 'missing' }
  const sessionToken = header(call, 'x-amz-security-token')
  const credential = accepted
    .find(isAccessKey)
    .find((one) => one.accessKeyId === claim.accessKeyId && one.sessionToken === sessionToken)
  if (credential === undefined) return { refusal: 'unknown' }
  const request = { method: call.method, target: call.target, headers: call.headers, body: call.raw }
  if (claim.service !== 'bedrock' || !verifySignature(request, claim, credential.secretAccessKey)) {
    return { refusal: 'bad-signature' }
  }
  const signedAt = signingTime(header(call, 'x-amz-date'))
  if (signedAt === undefined || Math.abs(now.getTime() - signedAt) > MAX_SKEW_MS) {
    return { refusal: 'signed-too-long-ago' }
  }
  if (credential.region !== undefined && credential.region !== claim.region)
    return { refusal: 'wrong-region' }
  return { credential }
}

function invoke(call: Call, encodedModel: string, action: string): Route {
  const { body } = call
  const model = decodeModel(encodedModel)
  const isComplete = body?.messages !== undefined && body.anthropic_version !== undefined
  return {
    access: 'model',
    model,
    userTexts: userTexts(body),
    toolResults: toolResults(body),
    answer(blocks) {
      if (!isComplete) {
        const message = 'Malformed input request: messages and anthropic_version are required.'
        return failure({ status: 400, type: 'ValidationException', message })
      }
      if (action === 'invoke') return jsonAnswer(200, wholeMessage(model, body, blocks), requestId())
      return stream(messageEvents(model, body, blocks), body, blocks)
    },
  }
}

function stream(
  events: ReturnType<typeof messageEvents>,
  body: Call['body'],
  blocks: readonly ReplyBlock[],
): Answer {
  const metrics = {
    inputTokenCount: inputTokens(body),
    outputTokenCount: blocks.length,
    invocationLatency: 1,
  }
  const chunks = events.map((event) =>
    chunkMessage(
      event.type === 'message_stop' ? { ...event, 'amazon-bedrock-invocationMetrics': metrics } : event,
    ),
  )
  const headers = {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-bedrock-content-type': 'application/json',
    ...requestId(),
  }
  return { status: 200, headers, chunks }
}

function list(body: unknown): Route {
  return { access: 'read', answer: () => jsonAnswer(200, body, requestId()) }
}

function failure(shape: ErrorShape): Answer {
  return jsonAnswer(
    shape.status,
    { message: shape.message },
    { 'x-amzn-errortype': shape.type, ...requestId() },
  )
}

function requestId() {
  return { 'x-amzn-requestid': randomUUID() }
}

function refused(type: string, message: string): ErrorShape {
  return { status: 403, type, message }
}

// A model id may hold a colon or a whole ARN, encoded; one that cannot be decoded is shown as it came.
function decodeModel(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

function isBearer(credential: SandboxCredential): credential is BedrockBearerCredential {
  return credential.provider === 'bedrock' && credential.kind === 'bearer'
}

function isAccessKey(credential: SandboxCredential): credential is BedrockAccessKeyCredential {
  return credential.provider === 'bedrock' && credential.kind === 'access-key'
}
