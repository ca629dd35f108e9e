// Asking Linear's GraphQL. Errors come with a status of 200 too, and data beside an error is not believed.

import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import {
  askJson,
  isObject,
  isSuccess,
  type JsonAnswer,
  type JsonCall,
  type JsonObject,
  joinUrl,
  listOf,
  textOf,
  type UpstreamOptions,
} from '../../lib/json/ask-json.ts'
import { OutgoingError } from '../../lib/outgoing.ts'
import { type Means, NotThere } from '../channel.ts'
import { waitIn } from '../waiting.ts'

export interface LinearPlace extends UpstreamOptions {
  /** Base URL; `/graphql` comes behind it. */
  readonly api: string
}

export type Variables = Readonly<Record<string, unknown>>

/**
 * The data of an answer without errors. Throws `unavailable` for what may work later (after too many calls it says when),
 * `rejected` when Linear does not take the token, and `NotThere` when it does not take what is asked for.
 */
export async function askLinear(
  place: LinearPlace,
  { secrets }: Pick<Means, 'secrets'>,
  query: string,
  variables: Variables = {},
): Promise<JsonObject> {
  const call: JsonCall = {
    ...{ url: joinUrl(place.api, '/graphql'), body: JSON.stringify({ query, variables }) },
    ...{ method: 'POST', headers: { authorization: authorizationOf(secrets['token']) } },
  }
  const answer = await askJson(call, place).catch((thrown: unknown) => {
    if (!(thrown instanceof OutgoingError)) throw thrown
    throw new ClavigerError('unavailable', `Linear did not answer at ${new URL(place.api).origin}.`, {
      hint: 'Try again. Whoever operates the server can check CLAVIGER_LINEAR_API.',
      detail: thrown.message,
    })
  })
  const failure = failureOf(answer)
  if (failure !== null) throw failure
  const data = answer.json?.['data']
  if (!isObject(data)) throw later('What Linear answered is not right.', 'no data')
  return data
}

/** The entries of a connection, as far as they are objects. */
export function nodesOf(connection: unknown): JsonObject[] {
  const json = isObject(connection) ? connection : undefined
  return [...(listOf({ json }, 'nodes') ?? [])]
}

// API keys stand alone, tokens of OAuth behind their scheme.
function authorizationOf(token: Secret | undefined): string {
  const text = token?.expose() ?? ''
  return text.startsWith('lin_api_') ? text : `Bearer ${text}`
}

const TOKEN_REFUSED = ['authenticationerror', 'unauthenticated']
const ASKED_WRONGLY = [
  ...['invalidinput', 'inputerror', 'usererror', 'forbidden', 'featurenotaccessible', 'graphqlerror'],
  ...['graphqlvalidationfailed', 'usagelimitexceeded'],
]

function failureOf(answer: JsonAnswer): ClavigerError | null {
  const { status, json } = answer
  const errors = listOf(answer, 'errors') ?? []
  if (isSuccess(answer) && errors.length === 0 && !('errors' in (json ?? {}))) return null
  const kinds = errors.flatMap(kindsOf)
  const has = (known: readonly string[]) => kinds.some((kind) => known.includes(kind))
  // Its status is 400 where others have 429.
  if (status === 429 || has(['ratelimited']))
    return new ClavigerError('unavailable', 'Linear wants to be asked less often.', {
      ...{ detail: 'rate limited', retryAfter: waitIn(answer.headers, resetIn(answer.headers)) },
    })
  if (status === 401 || has(TOKEN_REFUSED))
    return new ClavigerError('rejected', 'Linear does not take the token of this channel.', {
      hint: 'Make another one in Linear, and change the secrets of the channel.',
    })
  if (has(ASKED_WRONGLY) || status === 403)
    return new NotThere('Linear has no such thing, or does not let this channel have it.', {
      detail: kinds.join(' '),
    })
  return later('Linear could not do it now.', `status ${status} ${kinds.join(' ')}`)
}

// They are written as `invalid input` and as `INPUT_ERROR`. The texts of errors may quote what was asked.
function kindsOf({ extensions }: JsonObject): readonly string[] {
  if (!isObject(extensions)) return []
  return [extensions['type'], extensions['code']]
    .map((kind) =>
      textOf(kind)
        .toLowerCase()
        .replace(/[^a-z]/g, '')
        .slice(0, 40),
    )
    .filter((kind) => kind !== '')
}

// What it counts, each by itself.
const COUNTED = ['requests', 'complexity', 'endpoint-requests']

// When there is something of all it counts again; null: it does not say that anything is used up.
function resetIn(headers: JsonAnswer['headers']): number | null {
  const resets = COUNTED.filter((what) => headers[`x-ratelimit-${what}-remaining`] === '0')
    .map((what) => Number(headers[`x-ratelimit-${what}-reset`]))
    .filter((at) => !Number.isNaN(at))
  return resets.length === 0 ? null : Math.max(...resets)
}

function later(message: string, detail: string): ClavigerError {
  return new ClavigerError('unavailable', message, { detail })
}
