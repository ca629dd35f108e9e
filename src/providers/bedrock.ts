// Amazon Bedrock: are an API key and an AWS access key usable for Claude there? It makes no keys.
//
// What a probe costs: a free list of inference profiles, then one request of about ten tokens to a Haiku model,
// around a thousandth of a US cent, because only an invocation tells whether the account may and can pay.

import { CREDENTIAL_TYPES, type CredentialType } from '../domain/credential-types.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { FieldValues } from '../domain/values.ts'
import {
  askJson,
  isSuccess,
  type JsonAnswer,
  type JsonCall,
  joinUrl,
  listOf,
  textOf,
  textsOf,
  type UpstreamOptions,
} from '../lib/json/ask-json.ts'
import { signRequest } from '../lib/sigv4.ts'
import type { Probe, Provider } from './provider.ts'
import { cannotProbe, fieldValue, probing, unreliable } from './upstream.ts'

const SERVICE = 'Amazon Bedrock'
const PROFILES_PATH = '/inference-profiles?maxResults=1000&type=SYSTEM_DEFINED'
// Asked when the list names no Claude model.
const FALLBACK_MODEL = 'global.anthropic.claude-haiku-4-5-20251001-v1:0'
const ANTHROPIC_VERSION = 'bedrock-2023-05-31'

const REFUSED_NAMES: readonly string[] = [
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]
const LIMITED_NAMES: readonly string[] = [
  'ServiceQuotaExceededException',
  'ThrottlingException',
  'TooManyRequestsException',
]

export interface BedrockOptions extends UpstreamOptions {
  /** One address for listing and invoking in every region; by default the two AWS hosts of the region. */
  readonly baseUrl?: string | undefined
  /** The clock that signatures carry. */
  readonly now?: (() => Date) | undefined
}

/** Adds what proves the credential to the headers of a call. */
type Authorize = (call: JsonCall) => JsonCall

/** Probes `claude/bedrock-api-key` and `claude/bedrock-access-key`. */
export function createBedrockProvider(options: BedrockOptions = {}): Provider {
  return {
    name: 'bedrock',
    probes: ['claude/bedrock-api-key', 'claude/bedrock-access-key'],
    probe: (type, fields) =>
      probing(SERVICE, async () => {
        if (type === 'claude/bedrock-api-key') {
          return await probeModels(type, fields, byApiKey(fields), options)
        }
        if (type === 'claude/bedrock-access-key') {
          return await probeModels(type, fields, byAccessKey(fields, options), options)
        }
        throw cannotProbe(type)
      }),
  }
}

async function probeModels(
  type: CredentialType,
  fields: FieldValues,
  authorize: Authorize,
  options: BedrockOptions,
): Promise<Probe> {
  const region = regionOf(type, fields)
  const control = options.baseUrl ?? `https://bedrock.${region}.amazonaws.com`
  const runtime = options.baseUrl ?? `https://bedrock-runtime.${region}.amazonaws.com`
  const list: JsonCall = { method: 'GET', url: joinUrl(control, PROFILES_PATH), headers: {} }
  const listed = await askJson(authorize(list), options)
  const profiles = isSuccess(listed) ? listOf(listed, 'inferenceProfileSummaries') : undefined
  if (profiles === undefined) return judge(type, listed) ?? unreliable(SERVICE, listed)
  const model = cheapestModel(textsOf(profiles, 'inferenceProfileId'))
  const invoke: JsonCall = {
    method: 'POST',
    url: joinUrl(runtime, `/model/${encodeURIComponent(model)}/invoke`),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      anthropic_version: ANTHROPIC_VERSION,
      max_tokens: 1,
      messages: [{ role: 'user', content: '.' }],
    }),
  }
  const answered = await askJson(authorize(invoke), options)
  if (isSuccess(answered) && answered.json?.['type'] === 'message') {
    return { result: 'works', message: 'The key works: a small test request to a Claude model went through.' }
  }
  return judge(type, answered) ?? unreliable(SERVICE, answered, true)
}

function byApiKey(fields: FieldValues): Authorize {
  const authorization = `Bearer ${fieldValue(fields, 'token')}`
  return (call) => ({ ...call, headers: { ...call.headers, authorization } })
}

function byAccessKey(fields: FieldValues, options: BedrockOptions): Authorize {
  const sessionToken = fields['sessionToken']?.expose()
  const credential = {
    accessKeyId: fieldValue(fields, 'accessKeyId'),
    secretAccessKey: fieldValue(fields, 'secretAccessKey'),
    region: fieldValue(fields, 'region'),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  }
  return (call) => {
    const now = options.now?.() ?? new Date()
    const signed = signRequest({ ...call, body: call.body ?? '', service: 'bedrock', ...credential, now })
    return { ...call, headers: { ...call.headers, ...signed } }
  }
}

// Checked again although the store checked it: it becomes part of a host name.
function regionOf(type: CredentialType, fields: FieldValues): string {
  const region = fieldValue(fields, 'region')
  const definition = CREDENTIAL_TYPES[type].fields.find((field) => field.name === 'region')
  if (definition?.pattern.test(region)) return region
  throw new ClavigerError('invalid', 'The AWS region does not look right.', { hint: 'An example: us-east-1' })
}

// By text, backwards: `claude-haiku-4-5` comes before the retiring `claude-3-haiku`.
function cheapestModel(ids: readonly string[]): string {
  const haikus = ids.filter((id) => /\banthropic\.claude\b.*haiku/.test(id))
  const byModel = haikus.sort((a, b) => compare(modelOf(b), modelOf(a)))
  return byModel[0] ?? ids.find((id) => /\banthropic\.claude\b/.test(id)) ?? FALLBACK_MODEL
}

function modelOf(profileId: string): string {
  return profileId.slice(profileId.indexOf('anthropic.'))
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

// AWS answers nearly everything with 403: the error's name, and for bearer keys its text, make the difference.
function judge(type: CredentialType, answer: JsonAnswer): Probe | undefined {
  if (answer.json === undefined || answer.status < 400 || answer.status >= 500) return undefined
  const name = errorName(answer)
  const text = textOf(answer.json['message']) || textOf(answer.json['Message'])
  if (/signature (has )?expired|not yet (current|valid)/i.test(text)) {
    const message =
      'Amazon Bedrock could not check the signature because the clock of this server is wrong. Set the clock; this says nothing about the key.'
    return { result: 'unknown', message }
  }
  if (LIMITED_NAMES.includes(name)) {
    const message =
      'The key is right, but its account is asked too often, or over its Bedrock quota, right now. Wait a minute and test again, or raise the quota in the AWS console.'
    return { result: 'limited', message }
  }
  if (/payment/i.test(text)) {
    const message =
      'The key is right, but its AWS account cannot pay for the model. Set a valid payment method at https://console.aws.amazon.com/billing/.'
    return { result: 'no_credit', message }
  }
  return judgeAccess(type, name, text)
}

function judgeAccess(type: CredentialType, name: string, text: string): Probe | undefined {
  if (/not authorized to perform/i.test(text)) return lacksRights(type)
  if (REFUSED_NAMES.includes(name) || /authentication failed|invalid api key|bearer token/i.test(text)) {
    const message = `AWS refuses the key: it is wrong, revoked, expired or for another region. Check the region, or make a new one: ${CREDENTIAL_TYPES[type].whereToGet}.`
    return { result: 'refused', message }
  }
  if (/use case/i.test(text)) {
    const message =
      'The key is right, but the AWS account has not sent the form that Anthropic models need. Fill it in under Amazon Bedrock, Model catalog, in the AWS console.'
    return { result: 'forbidden', message }
  }
  return name === 'AccessDeniedException' ? lacksRights(type) : undefined
}

function lacksRights(type: CredentialType): Probe {
  const message = `The key is right, but lacks a right or access to the model. It needs ${CREDENTIAL_TYPES[type].rights}`
  return { result: 'forbidden', message }
}

// `AccessDeniedException:http://…` in the header, `com.amazon…#AccessDeniedException` in the body.
function errorName(answer: JsonAnswer): string {
  const header = answer.headers['x-amzn-errortype']
  if (typeof header === 'string') return header.split(':')[0] ?? ''
  return textOf(answer.json?.['__type']).split('#').at(-1) ?? ''
}
