// Keeping a ChatGPT login alive: one call to the token endpoint of the issuer, and what its answers mean. It follows no
// redirect and tries nothing twice.

import type { RefusalReason } from '../domain/grants/grant.ts'
import { Secret } from '../domain/secret.ts'
import type { FieldValues } from '../domain/values.ts'
import { joinUrl, parseObject, textOf, type UpstreamOptions } from '../lib/json/ask-json.ts'
import { callUpstream, OutgoingError, type OutgoingPolicy, type UpstreamResponse } from '../lib/outgoing.ts'
import { openAiTokens } from './openai-tokens.ts'
import type { Renewal, RenewalFailure, Renewer } from './provider.ts'

/** The client that the codex program is registered as; a login belongs to the client it was made by. */
export const CODEX_CLIENT = 'app_EMoamEEZ73f0CkXaXp7hrann'

// Too slow, too often: whoever asks is told so.
const OF_ALL: readonly number[] = [408, 429]

const MAX_BYTES = 1024 * 1024
const REVOKE_TIMEOUT = 10_000

const REFUSALS: Readonly<Record<string, RefusalReason>> = {
  refresh_token_expired: 'expired',
  refresh_token_reused: 'reused',
  refresh_token_invalidated: 'revoked',
  invalid_grant: 'refused',
}

export interface OpenAiLoginOptions extends UpstreamOptions {
  /** For example `https://auth.openai.com`. */
  readonly issuer: string
}

/** Renews `codex/oauth`. */
export function openAiRenewer(options: OpenAiLoginOptions): Renewer {
  return {
    renews: ['codex/oauth'],
    renew: (_, fields, { timeoutMs }) => renew(options, fields, timeoutMs),
    tokensIn: (_, raw, before, at) => {
      const json = parseObject(raw.expose())
      return json === undefined ? null : openAiTokens(json, before, at)
    },
    tokensOf: (_, fields, ends, at) => {
      const named = { id_token: 'id', access_token: 'access', refresh_token: 'refresh' }
      const json = Object.entries(named).map(([name, field]) => [name, fields[field]?.expose() ?? ''])
      const tokens = openAiTokens(Object.fromEntries(json), fields, at)
      return tokens && { ...tokens, ...ends }
    },
    revoke: (_, fields) => revoke(options, fields),
  }
}

async function renew(options: OpenAiLoginOptions, fields: FieldValues, timeoutMs: number): Promise<Renewal> {
  const asked = {
    client_id: CODEX_CLIENT,
    grant_type: 'refresh_token',
    refresh_token: fields['refresh']?.expose() ?? '',
  }
  try {
    return meaning(await post(options, '/oauth/token', asked, timeoutMs))
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error
    return unanswered(error)
  }
}

function meaning(response: UpstreamResponse): Renewal {
  const { status, headers, body } = response
  if (status >= 200 && status < 300) return { kind: 'answered', raw: new Secret(body.toString('utf8')) }
  const reason = REFUSALS[codeOf(body)]
  // A page of something in between says nothing of the login, and a refusal is believed for ever.
  const isTheirs = parseObject(body.toString('utf8')) !== undefined
  if ((status === 401 && isTheirs) || (status === 400 && reason !== undefined))
    return { kind: 'refused', reason: reason ?? 'refused' }
  return {
    kind: 'failed',
    // Behind a gateway that gives up the renewal may have been made.
    doubtful: status >= 500,
    retryAfterMs: secondsOf(headers['retry-after']),
    isOwn: isTheirs && status >= 400 && status < 500 && !OF_ALL.includes(status),
    message: `OpenAI answered with status ${status}.`,
  }
}

// The code may be `error.code`, `error` itself, or `code`.
function codeOf(body: Buffer): string {
  const json = parseObject(body.toString('utf8')) ?? {}
  const { error, code } = json
  if (typeof error === 'object' && error !== null && 'code' in error) return textOf(error.code)
  return textOf(error) || textOf(code)
}

function secondsOf(header: string | undefined): number | null {
  const seconds = Number(header)
  return header === undefined || !Number.isFinite(seconds) || seconds < 0 ? null : seconds * 1_000
}

function unanswered({ reason }: OutgoingError): RenewalFailure {
  const failed = (message: string, doubtful: boolean): RenewalFailure => ({
    ...{ kind: 'failed', doubtful, retryAfterMs: null, message },
  })
  switch (reason) {
    case 'refused-url':
    case 'refused-address':
      return failed('CLAVIGER_OPENAI_ISSUER names a place that may not be called.', false)
    case 'timeout':
      return failed('OpenAI did not answer in time.', true)
    case 'too-large':
      return failed('The answer was too long to be one of OpenAI.', true)
    case 'network':
      return failed('OpenAI could not be reached, or the connection broke.', true)
  }
}

// A token that it does not know is over already, and telling it again of one that it refuses would change nothing.
async function revoke(options: OpenAiLoginOptions, fields: FieldValues): Promise<boolean> {
  const token = fields['refresh']?.expose()
  if (token === undefined) return true
  const asked = { token, token_type_hint: 'refresh_token', client_id: CODEX_CLIENT }
  try {
    const { status } = await post(options, '/oauth/revoke', asked, REVOKE_TIMEOUT)
    return status < 500 && status !== 408 && status !== 429
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error
    return false
  }
}

function post(
  { issuer, allowPrivate = false, allowLoopback = true }: OpenAiLoginOptions,
  path: string,
  body: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<UpstreamResponse> {
  const policy: OutgoingPolicy = { allowPrivate, allowLoopback }
  const headers = { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'claviger' }
  const call = { method: 'POST', url: joinUrl(issuer, path), headers, body: JSON.stringify(body) }
  return callUpstream({ ...call, timeoutMs, maxBytes: MAX_BYTES }, policy)
}
