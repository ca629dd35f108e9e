// What identity providers have in common: a code for a token, answers that are JSON, and what is said when they are not.

import { createHash } from 'node:crypto'
import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { isObject, type JsonCall, type JsonObject, textOf } from '../../lib/json/ask-json.ts'
import { callUpstream, OutgoingError } from '../../lib/outgoing.ts'
import type { Trip } from './identity-provider.ts'

export interface ClientOptions {
  readonly clientId: string
  readonly clientSecret: Secret
  /** What people call the provider. */
  readonly name: string
  readonly allowPrivate: boolean
}

const MAX_BYTES = 1024 * 1024
const TIMEOUT_MS = 10_000

/** The JSON of a successful answer; throws as `IdentityProvider.identify`. */
export async function askJson(call: JsonCall, { name, allowPrivate }: ClientOptions): Promise<unknown> {
  const headers = { accept: 'application/json', 'user-agent': 'claviger', ...call.headers }
  const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES }
  try {
    const { status, body } = await callUpstream(
      { ...call, headers, ...limits },
      { allowPrivate, allowLoopback: true },
    )
    if (status >= 500) throw unreachable(name)
    if (status < 200 || status >= 300) throw notRight(name, `status ${status}`)
    return parsed(body.toString('utf8'), name)
  } catch (error) {
    if (error instanceof OutgoingError) throw unreachable(name, error)
    throw error
  }
}

/** As `askJson`, for a JSON object. */
export async function askObject(call: JsonCall, options: ClientOptions): Promise<JsonObject> {
  const json = await askJson(call, options)
  if (isObject(json)) return json
  throw notRight(options.name, 'no JSON object')
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the text.
    throw notRight(name, 'no JSON')
  }
}

/** Trades the code in; returns the answer, which has an access token. */
export async function trade(
  url: string,
  { code, redirectUri, verifier }: Trip & { readonly code: string },
  options: ClientOptions,
  byHeader = false,
): Promise<JsonObject & { readonly access_token: string }> {
  const { clientId, clientSecret, name } = options
  const client = byHeader ? {} : { client_id: clientId, client_secret: clientSecret.expose() }
  const body = new URLSearchParams({
    ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
    ...{ code_verifier: verifier.expose(), ...client },
  })
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret.expose())}`
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...(byHeader && { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }),
  }
  const json = await askObject({ method: 'POST', url, headers, body: body.toString() }, options)
  const token = textOf(json['access_token'])
  // GitHub refuses with a status of 200.
  if (token === '') throw notRight(name, 'no access token')
  return { ...json, access_token: token }
}

/** The address of a page that the browser is sent to. */
export function pageAt(url: string, query: Readonly<Record<string, string>>): string {
  const page = new URL(url)
  for (const [name, value] of Object.entries(query)) page.searchParams.set(name, value)
  return page.href
}

/** PKCE: what the verifier is shown as before. */
export function challenge(verifier: Secret) {
  const digest = createHash('sha256').update(verifier.expose()).digest('base64url')
  return { code_challenge: digest, code_challenge_method: 'S256' }
}

/** The error for an answer that is not to be believed. */
export function notRight(name: string, detail: string): ClavigerError {
  return new ClavigerError('upstream', `What ${name} answered is not right.`, {
    ...{ detail, hint: 'Try again. If it stays so, the operator should look at how it is set up.' },
  })
}

function unreachable(name: string, cause?: OutgoingError): ClavigerError {
  return new ClavigerError('unreachable', `${name} does not answer.`, {
    ...{ hint: 'Try again in a while.', detail: cause?.message ?? 'a status of 500 or more' },
  })
}
