// One call to GitHub's API, and what its refusals mean for us. It follows nobody elsewhere, waits and reads within bounds, and
// repeats nothing that GitHub answers.

import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { isObject, type JsonObject, joinUrl, textOf } from '../../lib/json/ask-json.ts'
import { callUpstream, OutgoingError, type UpstreamResponse } from '../../lib/outgoing.ts'

/** Where GitHub's API is. Set by the operator, so it may be on this machine. */
export interface GithubApi {
  readonly url: string
  /** Permits private networks, where a GitHub Enterprise Server is. */
  readonly allowPrivate: boolean
}

export interface GithubCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Null: what is asked with is in the path. */
  readonly token: Secret | null
  readonly body?: JsonObject
}

export interface GithubAnswer {
  readonly status: number
  /** Undefined: it was no JSON; of 204 there is nothing to be read. */
  readonly json: unknown
}

const TIMEOUT = 15_000

// A page of comments: thirty of 65,536 characters each.
const MAX_BYTES = 8 * 1024 * 1024

const HEADERS = {
  accept: 'application/vnd.github+json',
  'user-agent': 'claviger',
  'x-github-api-version': '2022-11-28',
}

/** An answer of GitHub: what it took, or that there is no such thing (404, 410). Everything else is thrown. */
export async function ask(api: GithubApi, call: GithubCall): Promise<GithubAnswer> {
  const answer = await called(api, call)
  const { status } = answer
  const json = jsonIn(answer)
  const isAnswer = status === 204 || (status >= 200 && status < 300 && json !== undefined)
  if (isAnswer || status === 404 || status === 410) return { status, json }
  throw refusal(answer, json)
}

/** The object that GitHub answers with. Throws `invalid` when there is no such thing. */
export async function askObject(api: GithubApi, call: GithubCall): Promise<JsonObject> {
  const { status, json } = await ask(api, call)
  if (status === 404 || status === 410) throw isGone()
  if (!isObject(json)) throw unreliable(status)
  return json
}

export function isGone(): ClavigerError {
  return new ClavigerError('invalid', 'GitHub knows of no such place, or does not show it to this channel.', {
    hint: 'The App must be installed on the repository, or the token must reach it.',
  })
}

/** For what is no answer of GitHub, or not one we know. */
export function unreliable(status: number): ClavigerError {
  return new ClavigerError('unavailable', `GitHub answered in a way we do not know (status ${status}).`, {
    hint: 'Whoever operates the server can check CLAVIGER_GITHUB_API.',
  })
}

async function called(
  { url, allowPrivate }: GithubApi,
  { method, path, token, body }: GithubCall,
): Promise<UpstreamResponse> {
  const sent = body === undefined ? undefined : JSON.stringify(body)
  const content =
    sent === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(sent)) }
  try {
    return await callUpstream(
      {
        ...{ method, url: joinUrl(url, path), timeoutMs: TIMEOUT, maxBytes: MAX_BYTES },
        headers: {
          ...{ ...HEADERS, ...content },
          ...(token !== null && { authorization: `Bearer ${token.expose()}` }),
        },
        ...(sent !== undefined && { body: sent }),
      },
      { allowPrivate, allowLoopback: true },
    )
  } catch (thrown) {
    if (!(thrown instanceof OutgoingError)) throw thrown
    throw new ClavigerError('unavailable', `GitHub did not answer at ${new URL(url).origin}.`, {
      hint: 'Try again. Whoever operates the server can check CLAVIGER_GITHUB_API.',
      detail: `${thrown.reason}: ${thrown.message}`,
    })
  }
}

function jsonIn({ body }: UpstreamResponse): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    // Not GitHub, or something before it: whoever asked says that it is no answer.
    return undefined
  }
}

function refusal(answer: UpstreamResponse, json: unknown): ClavigerError {
  const { status } = answer
  const said = isObject(json) ? textOf(json['message']) : ''
  const wait = status === 403 || status === 429 ? pauseIn(answer, said) : null
  if (wait !== null)
    return new ClavigerError('unavailable', 'GitHub takes no more calls of this channel for now.', {
      retryAfter: wait,
    })
  if (status === 401)
    return new ClavigerError('rejected', 'GitHub does not take the key or token of this channel.', {
      hint: 'Enter it again: claviger admin channel update NAME --secret-file privateKey=FILE, or token=FILE',
    })
  if (status === 403)
    return new ClavigerError('invalid', 'GitHub does not allow this channel to do that.', {
      hint: 'The App or token needs: contents read, issues and pull requests write. A locked conversation takes no comments.',
    })
  if (status === 422)
    return new ClavigerError('invalid', 'GitHub does not take what this channel asks for.', {
      hint: 'The App needs: contents read, issues and pull requests write, also for this repository.',
    })
  return unreliable(status)
}

// Seconds until GitHub answers again; null: it is not that. It says so in one of three ways.
function pauseIn({ status, headers }: UpstreamResponse, said: string): number | null {
  const after = Number(headers['retry-after'] ?? Number.NaN)
  if (Number.isFinite(after)) return Math.min(Math.max(Math.ceil(after), 1), 3600)
  const isSpent = headers['x-ratelimit-remaining'] === '0'
  return isSpent || status === 429 || /rate limit/i.test(said) ? 60 : null
}
