// One call to GitHub's API, and what its refusals mean for us. It follows nobody elsewhere, waits and reads within bounds, and
// repeats nothing that GitHub answers.

import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { isObject, type JsonObject, joinUrl, listOf, textOf } from '../../lib/json/ask-json.ts'
import { callUpstream, OutgoingError, type UpstreamResponse } from '../../lib/outgoing.ts'
import { NotThere } from '../channel.ts'
import { waitIn } from '../waiting.ts'

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
  /** That GitHub does not allow it (403) is an answer here. */
  readonly mayBeForbidden?: boolean
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

/** An answer of GitHub: what it took, or that there is no such thing (`isMissing`). Everything else is thrown. */
export async function ask(api: GithubApi, call: GithubCall): Promise<GithubAnswer> {
  const response = await called(api, call)
  const { status } = response
  const answer = { status, json: jsonIn(response) }
  const wait = pauseIn(response, answer)
  if (wait !== null) throw takesNoMore(wait)
  const isTaken = status === 204 || (status >= 200 && status < 300 && answer.json !== undefined)
  if (isTaken || isMissing(answer) || (status === 403 && call.mayBeForbidden === true)) return answer
  throw refusal(status)
}

/** Whether an answer says that there is no such thing here, or not any more: what was moved is in a repository of its own. */
export function isMissing({ status, json }: GithubAnswer): boolean {
  if (status === 404 || status === 410) return true
  // Others, before GitHub, lead elsewhere too.
  const isOfGithub = isObject(json) && textOf(json['url']) !== ''
  return [301, 307, 308].includes(status) && isOfGithub
}

/** The object that GitHub answers with. Throws `NotThere` when there is no such thing. */
export async function askObject(api: GithubApi, call: GithubCall): Promise<JsonObject> {
  const answer = await ask(api, call)
  if (isMissing(answer)) throw isGone()
  if (!isObject(answer.json)) throw unreliable(answer.status)
  return answer.json
}

export function isGone(): NotThere {
  return new NotThere('GitHub knows of no such place, or does not show it to this channel.', {
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

function refusal(status: number): ClavigerError {
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

// Seconds until GitHub answers again; null: it is not that. It says so in one of several ways; GraphQL with a status of 200.
function pauseIn({ headers }: UpstreamResponse, { status, json }: GithubAnswer): number | null {
  const isSpent = headers['x-ratelimit-remaining'] === '0'
  const isRefused = status === 403 || status === 429
  const isOver = isSpent || status === 429 || headers['retry-after'] !== undefined || saysSo(json)
  const isOfGraphql = status === 200 && (listOf({ json: bodyOf(json) }, 'errors') ?? []).some(isLimit)
  if (!(isRefused && isOver) && !isOfGraphql) return null
  return waitIn(headers, isSpent ? Number(headers['x-ratelimit-reset']) * 1000 : null)
}

function isLimit(error: JsonObject): boolean {
  return error['type'] === 'RATE_LIMITED' || saysSo(error)
}

function saysSo(json: unknown): boolean {
  return /rate limit/i.test(textOf(bodyOf(json)?.['message']))
}

function bodyOf(json: unknown): JsonObject | undefined {
  return isObject(json) ? json : undefined
}

function takesNoMore(retryAfter: number): ClavigerError {
  return new ClavigerError('unavailable', 'GitHub takes no more calls of this channel for now.', {
    retryAfter,
  })
}
