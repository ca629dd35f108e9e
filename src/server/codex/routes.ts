// The token endpoint that the Codex program renews its login at, and signs out at, in its own words: what it sends to its
// issuer, and the answers it understands. Anything that no waiting helps against is told it as a login that was revoked,
// upon which it stops and says so; anything else as an outage, upon which it tries again.

import type { Context, Hono } from 'hono'
import type { CodexEndpoint } from '../../control/codex/endpoint.ts'
import { asClavigerError, ClavigerError, type ErrorCode, inOneLine } from '../../domain/errors.ts'
import { readFields } from '../read-input.ts'
import { reveal } from '../reveal.ts'
import type { Connection, Visitors } from '../visitors.ts'

export interface CodexDependencies {
  readonly codex: CodexEndpoint
  readonly visitors: Visitors
  readonly requestIdOf: (request: Request) => string
  /** Answers and writes the request into the log. */
  readonly timed: (request: Request, answer: () => Promise<Response>) => Promise<Response>
  /** Writes the failure into the log. */
  readonly report: (thrown: unknown, request: Request) => void
}

type Fields = Readonly<Record<string, unknown>>
type Answer = { readonly status: number; readonly body: object; readonly retryAfter?: number | undefined }
type Served = Hono<{ Bindings: Connection }>

export function addCodexEndpoint(app: Served, dependencies: CodexDependencies): void {
  const { codex } = dependencies
  app.post('/codex/oauth/token', (c) =>
    serve(dependencies, c, async (fields, requestId) => {
      if (fields['grant_type'] !== 'refresh_token')
        throw new ClavigerError('invalid', 'Nothing but grant_type refresh_token is taken here.')
      const reason = fields['refresh_reason']
      const tokens = await codex.renew({
        token: tokenIn(fields, 'refresh_token'),
        reason: typeof reason === 'string' && reason !== '' ? reason : null,
        requestId,
      })
      const { idToken, accessToken, refreshToken, expiresInSeconds } = tokens
      const expiry = expiresInSeconds === null ? {} : { expires_in: expiresInSeconds }
      const body = { id_token: idToken, access_token: accessToken, refresh_token: refreshToken, ...expiry }
      return { ...body, token_type: 'Bearer' }
    }),
  )
  app.post('/codex/oauth/revoke', (c) =>
    serve(dependencies, c, async (fields, requestId) => {
      await codex.revoke({ token: tokenIn(fields, 'token'), requestId })
      return {}
    }),
  )
}

function serve(
  dependencies: CodexDependencies,
  { req: { raw: request }, env: connection }: Context<{ Bindings: Connection }>,
  work: (fields: Fields, requestId: string) => Promise<object>,
): Promise<Response> {
  const { visitors, requestIdOf, timed, report } = dependencies
  const requestId = requestIdOf(request)
  return timed(request, async () => {
    try {
      const fields = await readFields(request)
      try {
        return response({ status: 200, body: await work(fields, requestId) }, requestId)
      } catch (thrown) {
        // Whoever holds a lease may ask as often as with any other token; guesses are counted.
        const { code } = asClavigerError(thrown)
        if (code === 'unauthenticated')
          visitors.guessing(request, connection, tokenIn(fields, 'refresh_token'))
        throw thrown
      }
    } catch (thrown) {
      report(thrown, request)
      return response(refusal(asClavigerError(thrown)), requestId)
    }
  })
}

function tokenIn(fields: Fields, name: string): string {
  const token = fields[name]
  if (typeof token === 'string') return token
  throw new ClavigerError('invalid', `There is no ${name}.`)
}

// What is wrong with the question itself.
const QUESTION: Partial<Record<ErrorCode, { readonly status: number; readonly code: string }>> = {
  invalid: { status: 400, code: 'invalid_request' },
  too_large: { status: 413, code: 'invalid_request' },
  rate_limited: { status: 429, code: 'rate_limited' },
}

// For these the program has to wait; nothing is wrong with its lease.
const PASSING: readonly ErrorCode[] = ['upstream', 'unreachable', 'unavailable', 'storage_full', 'internal']

function refusal(error: ClavigerError): Answer {
  const { code, retryAfter } = error
  const said = inOneLine(error)
  const question = QUESTION[code]
  if (question !== undefined)
    return { status: question.status, body: { error: { code: question.code, message: said } }, retryAfter }
  if (PASSING.includes(code))
    return {
      status: 503,
      body: { error: { code: 'temporarily_unavailable', message: said } },
      retryAfter: retryAfter ?? 1,
    }
  return { status: 401, body: { error: { code: 'refresh_token_invalidated', message: said } } }
}

function response({ status, body, retryAfter }: Answer, requestId: string): Response {
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  }
  return new Response(reveal(body), { status, headers })
}
