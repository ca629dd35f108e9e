// The sandbox's own routes under /sandbox, by which another process reads what was recorded and says
// which credentials are accepted. They answer programs on this machine, never a web page, and never
// give out a whole credential.

import {
  type CredentialState,
  type CredentialTable,
  credentialHandle,
  credentialStates,
  type SandboxCredential,
} from './credentials.ts'
import { type Answer, BadRequest, type Call, header, isObject, jsonAnswer, objectBody } from './http.ts'
import { fingerprint, type Journal, redactedRequest } from './journal.ts'
import { oauthChanges, oauthView } from './oauth/control.ts'
import type { OAuthServer } from './oauth/oauth.ts'
import type { RefusalSettings } from './provider.ts'

export const controlMount = '/sandbox'

/** The addresses of a running sandbox. */
export type SandboxUrls = {
  readonly url: string
  readonly anthropicUrl: string
  readonly openaiUrl: string
  /** The base address of OpenAI's sign-in; Anthropic's is `anthropicUrl`. */
  readonly issuerUrl: string
  readonly bedrockUrl: string
}

/** What the control routes act on. */
export type Controlled = {
  readonly urls: SandboxUrls
  readonly credentials: CredentialTable
  readonly journal: Journal
  readonly oauth: OAuthServer
  setReply(text: string): void
  setShouldRetry(value: RefusalSettings['shouldRetry']): void
}

/** Answers a control call; `remoteAddress` is where it came from. */
export function control(call: Call, remoteAddress: string | undefined, sandbox: Controlled): Answer {
  const refusal = refuseBrowsers(call, remoteAddress)
  if (refusal !== undefined) return problem(403, refusal)
  const route = `${call.method} ${call.path}`
  if (route === 'GET /sandbox') return describe(call, sandbox)
  if (route === 'GET /sandbox/requests') {
    return jsonAnswer(200, { requests: sandbox.journal.all().map(redactedRequest) })
  }
  if (route === 'GET /sandbox/oauth') return jsonAnswer(200, oauthView(sandbox.oauth))
  const change = changes[route]
  if (change === undefined) return problem(404, `There is no ${route}. See GET /sandbox.`)
  if (!/^application\/json\s*(;|$)/i.test(header(call, 'content-type') ?? '')) {
    return problem(415, 'Send content-type: application/json.')
  }
  try {
    return change(call, sandbox)
  } catch (error) {
    if (error instanceof BadRequest) return problem(error.status, error.message)
    throw error
  }
}

/** An answer in the shape all control errors have. */
export function problem(status: number, message: string): Answer {
  return jsonAnswer(status, { error: { message } })
}

const changes: Readonly<Record<string, (call: Call, sandbox: Controlled) => Answer>> = {
  'DELETE /sandbox/requests': (_call, sandbox) => {
    sandbox.journal.clear()
    return jsonAnswer(200, { requests: [] })
  },
  'POST /sandbox/credentials': changeCredential,
  'POST /sandbox/settings': changeSettings,
  ...Object.fromEntries(
    Object.entries(oauthChanges).map(([route, change]) => [
      route,
      (call: Call, { oauth }: Controlled) => jsonAnswer(200, change(call.body ?? {}, oauth)),
    ]),
  ),
}

// A web page can send a request to any address, and by re-binding a name even read the answer. What it
// cannot do is leave out these marks, set a loopback Host, or send JSON across origins unasked.
function refuseBrowsers(call: Call, remoteAddress: string | undefined): string | undefined {
  const hostName = (header(call, 'host') ?? '').replace(/:\d+$/, '')
  const isLocalName = ['127.0.0.1', 'localhost', '[::1]'].includes(hostName)
  const isLocalPeer = /^(::ffff:)?127\.|^::1$/.test(remoteAddress ?? '')
  if (!isLocalName || !isLocalPeer) return 'The control routes answer on a loopback address only.'
  const site = header(call, 'sec-fetch-site') ?? 'none'
  if (header(call, 'origin') !== undefined || site !== 'none') {
    return 'The control routes do not answer web pages.'
  }
  return undefined
}

function describe(call: Call, sandbox: Controlled): Answer {
  const setup = setupLines(sandbox.urls)
  if (!(header(call, 'accept') ?? '').includes('application/json')) {
    const text = `${setup.join('\n')}\n`
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, chunks: [text] }
  }
  const credentials = sandbox.credentials
    .list()
    .map(({ credential, state }) => redactedCredential(credential, state))
  return jsonAnswer(200, { ...sandbox.urls, credentials, setup })
}

/** How to point the agent programs at the sandbox, as lines for a person to read and copy from. */
function setupLines(urls: SandboxUrls): readonly string[] {
  const chatgpt = `${urls.url}/openai`
  const credential = '{"provider":"anthropic","kind":"api-key","value":"sk-ant-test-1"}'
  return [
    'This is a sandbox: fakes of the Anthropic, OpenAI and Amazon Bedrock APIs. No model answers here.',
    '',
    '# It refuses every credential it was not told to accept:',
    `curl ${urls.url}${controlMount}/credentials -H 'content-type: application/json' \\`,
    `  -d '{"accept":${credential}}'`,
    '',
    '# Claude Code with an API key',
    `ANTHROPIC_BASE_URL=${urls.anthropicUrl}`,
    'ANTHROPIC_API_KEY=…',
    '',
    '# Claude Code on Bedrock, with a bearer token or with an access key',
    'CLAUDE_CODE_USE_BEDROCK=1',
    `ANTHROPIC_BEDROCK_BASE_URL=${urls.bedrockUrl}`,
    'AWS_REGION=us-east-1',
    'AWS_BEARER_TOKEN_BEDROCK=…',
    'AWS_ACCESS_KEY_ID=…',
    'AWS_SECRET_ACCESS_KEY=…',
    'AWS_SESSION_TOKEN=…',
    '',
    '# Codex with an API key, in config.toml and auth.json of $CODEX_HOME',
    `openai_base_url = "${urls.openaiUrl}"`,
    '{"auth_mode":"apikey","OPENAI_API_KEY":"…"}',
    '',
    '# Codex with an access token, in config.toml (two names for one address) and in the environment',
    `openai_base_url = "${chatgpt}/backend-api/codex"`,
    `chatgpt_base_url = "${chatgpt.replace('127.0.0.1', 'localhost')}/backend-api/"`,
    `CODEX_AUTHAPI_BASE_URL=${chatgpt}/api/accounts`,
    'CODEX_ACCESS_TOKEN=at-…',
    '',
    '# Codex signed in by device code to the OAuth server here: agree on the page, or with the control route',
    `codex login --device-auth --experimental_issuer ${urls.issuerUrl}`,
    `${urls.issuerUrl}/codex/device`,
    `CODEX_REFRESH_TOKEN_URL_OVERRIDE=${urls.issuerUrl}/oauth/token`,
    `CODEX_REVOKE_TOKEN_URL_OVERRIDE=${urls.issuerUrl}/oauth/revoke`,
    '',
    '# A sign-in without a person, with its tokens; what the OAuth server knows, and how often it was asked',
    `curl ${urls.url}${controlMount}/oauth/logins -H 'content-type: application/json' -d '{"provider":"openai"}'`,
    `curl ${urls.url}${controlMount}/oauth`,
    '',
    '# What was asked, without whole credentials',
    `curl ${urls.url}${controlMount}/requests`,
  ]
}

function changeCredential(call: Call, { credentials }: Controlled): Answer {
  const body = objectBody(call)
  const subject =
    body.accept === undefined ? parseHandle(body.teach, credentials) : parseCredential(body.accept)
  const state = parseState(body.state)
  const times = parseCount('times', body.times, 1)
  const after = parseCount('after', body.after, 0)
  if (typeof subject !== 'string') credentials.accept(subject)
  else if (state === undefined) throw new BadRequest(400, 'teach needs a state.')
  if (state !== undefined) credentials.teach(subject, state, times, after)
  const handle = typeof subject === 'string' ? subject : credentialHandle(subject)
  const changed = credentials.list().filter((one) => credentialHandle(one.credential) === handle)
  return jsonAnswer(200, {
    credentials: changed.map((one) => redactedCredential(one.credential, one.state)),
  })
}

function changeSettings(call: Call, sandbox: Controlled): Answer {
  const { reply, shouldRetry } = objectBody(call)
  if (reply !== undefined && typeof reply !== 'string') throw new BadRequest(400, 'reply must be a text.')
  if (shouldRetry !== undefined && typeof shouldRetry !== 'boolean' && shouldRetry !== 'absent') {
    throw new BadRequest(400, 'shouldRetry must be true, false or "absent".')
  }
  if (reply !== undefined) sandbox.setReply(reply)
  if (shouldRetry !== undefined) sandbox.setShouldRetry(shouldRetry)
  return jsonAnswer(200, {})
}

function parseHandle(value: unknown, credentials: CredentialTable): string {
  if (typeof value !== 'string') {
    throw new BadRequest(400, 'Send accept (a credential), or teach (the value or access key id of one).')
  }
  const isAccepted = credentials.list().some((one) => credentialHandle(one.credential) === value)
  if (!isAccepted) throw new BadRequest(404, 'This credential has not been accepted: send it as accept.')
  return value
}

function parseState(value: unknown): CredentialState | undefined {
  const state = credentialStates.find((one) => one === value)
  if (value !== undefined && state === undefined) {
    throw new BadRequest(400, `state must be one of ${credentialStates.join(', ')}.`)
  }
  return state
}

function parseCount(name: string, value: unknown, least: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value
  throw new BadRequest(
    400,
    least > 0 ? `${name} must be a whole number above 0.` : `${name} must be a whole number, 0 or more.`,
  )
}

const kinds: Readonly<Record<string, readonly string[]>> = {
  'anthropic/api-key': ['value'],
  'anthropic/oauth': ['value'],
  'anthropic/bearer': ['value'],
  'openai/api-key': ['value'],
  'openai/access-token': ['value', 'accountId?'],
  'bedrock/bearer': ['value'],
  'bedrock/access-key': ['accessKeyId', 'secretAccessKey', 'sessionToken?', 'region?'],
}

function parseCredential(value: unknown): SandboxCredential {
  if (!isObject(value)) throw new BadRequest(400, 'accept must be an object.')
  const fields = kinds[`${String(value.provider)}/${String(value.kind)}`]
  if (fields === undefined) {
    throw new BadRequest(400, `provider and kind must be one of ${Object.keys(kinds).join(', ')}.`)
  }
  const parsed: Record<string, unknown> = { provider: value.provider, kind: value.kind }
  for (const field of fields) {
    const name = field.replace('?', '')
    const given = value[name]
    if (given === undefined && field.endsWith('?')) continue
    if (typeof given !== 'string' || given === '') throw new BadRequest(400, `${name} must be a text.`)
    parsed[name] = given
  }
  return parsed as SandboxCredential
}

function redactedCredential(credential: SandboxCredential, state: CredentialState) {
  const { provider, kind } = credential
  return { provider, kind, ...fingerprint(credentialHandle(credential)), state }
}
