// Signing in with ChatGPT: the authorization code flow with PKCE (RFC 7636), its code brought by the person's browser or
// pasted, and OpenAI's own dialect of the device flow. Nothing is followed and nothing is tried twice.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { joinUrl, parseObject, textOf } from '../../lib/json/ask-json.ts'
import { callUpstream, OutgoingError, type UpstreamResponse } from '../../lib/outgoing.ts'
import { CODEX_CLIENT, type OpenAiLoginOptions } from '../openai-login.ts'
import { openAiTokens } from '../openai-tokens.ts'
import type { SignIn, SignInStep, StartedSignIn } from '../provider.ts'
import { readCodexFile } from './auth-file.ts'
import { readPasted } from './pasted-code.ts'

// What the codex program asks for.
const SCOPE = 'openid profile email offline_access api.connectors.read api.connectors.invoke'
const TIMEOUT_MS = 15_000
const MAX_BYTES = 1024 * 1024
const AGAIN = 'Start signing in again.'

// Between these a provider may be asked, whatever interval it names.
const [LEAST_INTERVAL, MOST_INTERVAL] = [1_000, 60_000]

/** What is kept of a sign-in between its parts. */
interface Kept {
  readonly state: string
  readonly verifier: string
  readonly redirect: string
  readonly device: string
  readonly userCode: string
}

/** Signs in for `codex/oauth`. */
export function openAiSignIn(options: OpenAiLoginOptions): SignIn {
  return {
    signsIn: 'codex/oauth',
    methods: ['browser', 'paste', 'device'],
    staysHere: false,
    start: (method, port) =>
      method === 'device' ? startDevice(options) : Promise.resolve().then(() => startLink(options, port)),
    submit: (kept, pasted, at) => submit(options, read(kept), pasted.expose(), at),
    poll: (kept, at) => poll(options, read(kept), at),
    read: readCodexFile,
  }
}

function keep(kept: Partial<Kept>): Secret {
  return new Secret(JSON.stringify(kept))
}

function read(kept: Secret): Kept {
  const { state, verifier, redirect, device, userCode } = parseObject(kept.expose()) ?? {}
  return {
    ...{ state: textOf(state), verifier: textOf(verifier), redirect: textOf(redirect) },
    ...{ device: textOf(device), userCode: textOf(userCode) },
  }
}

function startLink({ issuer }: OpenAiLoginOptions, port: number): StartedSignIn {
  mustBeSafe(issuer)
  const [state, verifier] = [randomBytes(32).toString('base64url'), randomBytes(64).toString('base64url')]
  const redirect = `http://localhost:${port}/auth/callback`
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: CODEX_CLIENT,
    redirect_uri: redirect,
    scope: SCOPE,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    id_token_add_organizations: 'true',
    codex_cli_simplified_flow: 'true',
    originator: 'codex_cli_rs',
    state,
  })
  const url = `${joinUrl(issuer, '/oauth/authorize')}?${query}`
  return { kind: 'link', url, kept: keep({ state, verifier, redirect }) }
}

// Where people type their password is not called by us, so nothing else would check it.
function mustBeSafe(issuer: string): void {
  const { protocol, hostname } = new URL(issuer)
  if (protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return
  throw wrongIssuer('names a place in plain http')
}

async function submit(
  options: OpenAiLoginOptions,
  kept: Kept,
  text: string,
  at: number,
): Promise<SignInStep> {
  const pasted = readPasted(text)
  if (pasted === null)
    return notTaken('There is no code in what was entered.', 'Paste the whole address the browser ended at.')
  // Before anything else: what belongs to another sign-in says nothing about this one.
  if (pasted.state !== null && !isState(pasted.state, kept.state))
    return notTaken('This belongs to another sign-in.', 'Use the link of this one, and what it leads to.')
  if (pasted.kind === 'refused')
    return notTaken('The sign-in page ended without a code.', 'Open the link again and agree.')
  return exchange(options, { code: pasted.code, verifier: kept.verifier, redirect: kept.redirect }, at)
}

function isState(given: string, wanted: string): boolean {
  // What codex's own page may put behind it.
  const bare = Buffer.from(given.replace(/\.onboarding_entrypoint=\w+$/, ''))
  const expected = Buffer.from(wanted)
  return bare.length === expected.length && timingSafeEqual(bare, expected)
}

interface Grant {
  readonly code: string
  readonly verifier: string
  readonly redirect: string
}

async function exchange(
  options: OpenAiLoginOptions,
  { code, verifier, redirect }: Grant,
  at: number,
): Promise<SignInStep> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: CODEX_CLIENT,
    code,
    redirect_uri: redirect,
    code_verifier: verifier,
  })
  const type = 'application/x-www-form-urlencoded'
  const answer = await post(options, '/oauth/token', type, form.toString())
  if ('kind' in answer) return answer
  const { status, body } = answer
  if (status >= 200 && status < 300) return signedIn(body, at)
  if (status >= 300 && status < 400) return redirected()
  if (status === 429 || status >= 500) return notAnswered(`OpenAI answered with status ${status}.`)
  return notTaken(
    'OpenAI does not take this code: it is incomplete, too old, or was used before.',
    'Open the link again; each time it gives another code.',
  )
}

function signedIn(body: Buffer, at: number): SignInStep {
  const json = parseObject(body.toString('utf8'))
  try {
    const tokens = json === undefined ? null : openAiTokens(json, {}, at)
    if (tokens !== null) return { kind: 'signed-in', tokens }
  } catch (error) {
    if (!(error instanceof ClavigerError)) throw error
  }
  return { kind: 'over', message: 'OpenAI answered with something that is no whole login.', hint: AGAIN }
}

async function startDevice(options: OpenAiLoginOptions): Promise<StartedSignIn> {
  const asked = JSON.stringify({ client_id: CODEX_CLIENT })
  const answer = await post(options, '/api/accounts/deviceauth/usercode', 'application/json', asked)
  if ('kind' in answer) {
    if (answer.kind === 'over') throw new ClavigerError('unavailable', answer.message, { hint: answer.hint })
    throw new ClavigerError('upstream', answer.message, { hint: 'Try again, or use --method paste.' })
  }
  const json = answer.status === 200 ? (parseObject(answer.body.toString('utf8')) ?? {}) : {}
  const [device, userCode] = [
    textOf(json['device_auth_id']),
    textOf(json['user_code']) || textOf(json['usercode']),
  ]
  if (device === '' || !/^[\w-]{4,40}$/.test(userCode)) throw noDevices(answer.status)
  const seconds = Number(json['interval'])
  const intervalMs = Math.min(
    Math.max((Number.isFinite(seconds) ? seconds : 5) * 1000, LEAST_INTERVAL),
    MOST_INTERVAL,
  )
  return {
    ...{ kind: 'device', userCode, intervalMs, verificationUrl: joinUrl(options.issuer, '/codex/device') },
    kept: keep({ device, userCode }),
  }
}

async function poll(
  options: OpenAiLoginOptions,
  { device, userCode }: Kept,
  at: number,
): Promise<SignInStep> {
  const asked = JSON.stringify({ device_auth_id: device, user_code: userCode })
  const answer = await post(options, '/api/accounts/deviceauth/token', 'application/json', asked)
  if ('kind' in answer) return answer
  const { status, body } = answer
  if (status === 403 || status === 404) return { kind: 'waiting' }
  if (status === 429 || status >= 500) return notAnswered(`OpenAI answered with status ${status}.`)
  const json = status === 200 ? (parseObject(body.toString('utf8')) ?? {}) : {}
  const [code, verifier] = [textOf(json['authorization_code']), textOf(json['code_verifier'])]
  if (code === '' || verifier === '')
    return { kind: 'over', message: 'OpenAI did not let this device in.', hint: AGAIN }
  const redirect = joinUrl(options.issuer, '/deviceauth/callback')
  const step = await exchange(options, { code, verifier, redirect }, at)
  // Its code is used up, and there is no other.
  return step.kind === 'goes-on' ? { kind: 'over', message: step.message, hint: AGAIN } : step
}

/** The response, or why there is none. */
async function post(
  { issuer, allowPrivate = false, allowLoopback = true }: OpenAiLoginOptions,
  path: string,
  type: string,
  body: string,
): Promise<UpstreamResponse | Extract<SignInStep, { message: string }>> {
  const headers = { 'content-type': type, accept: 'application/json', 'user-agent': 'claviger' }
  const call = { method: 'POST', url: joinUrl(issuer, path), headers, body }
  try {
    const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES }
    const response = await callUpstream({ ...call, ...limits }, { allowPrivate, allowLoopback })
    return response.status >= 300 && response.status < 400 ? redirected() : response
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error
    if (error.reason !== 'refused-url' && error.reason !== 'refused-address')
      return notAnswered('OpenAI could not be reached, or did not answer as it should.')
    const { message, hint = '' } = wrongIssuer(
      'names a place that may not be called: a private address, or plain http',
    )
    return { kind: 'over', message, hint }
  }
}

function redirected(): Extract<SignInStep, { message: string }> {
  const { message, hint = '' } = wrongIssuer('names a host that sends elsewhere, which is not followed')
  return { kind: 'over', message, hint }
}

function wrongIssuer(what: string): ClavigerError {
  return new ClavigerError('unavailable', `CLAVIGER_OPENAI_ISSUER ${what}.`, {
    hint: 'It is https://auth.openai.com unless whoever operates the server has another one of their own.',
  })
}

function noDevices(status: number): ClavigerError {
  const message =
    status === 404
      ? 'OpenAI does not let devices sign in here.'
      : `OpenAI gave no code for this device (status ${status}).`
  return new ClavigerError('upstream', message, {
    hint: 'Allow it in the security settings of ChatGPT, or use --method paste.',
  })
}

function notTaken(message: string, hint: string): SignInStep {
  return { kind: 'goes-on', fault: 'pasted', message, hint }
}

function notAnswered(message: string): Extract<SignInStep, { kind: 'goes-on' }> {
  const hint = 'Nothing is lost: try again in a moment; when the code is refused then, open the link again.'
  return { kind: 'goes-on', fault: 'provider', message, hint }
}
