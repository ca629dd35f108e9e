// The HTTP side of the use-cases as a function from Request to Response: no socket, no decision. Every operation is one
// row of api/operations.ts, served by one generic handler.

import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { OPERATION_NAMES, OPERATIONS, type OperationName, takesQuery } from '../api/operations.ts'
import { SCHEMAS } from '../api/schemas.ts'
import type { Authenticate } from '../control/authenticate.ts'
import type { Control } from '../control/use-case.ts'
import type { Caller } from '../domain/caller.ts'
import { asClavigerError, ClavigerError } from '../domain/errors.ts'
import { holdsKey } from '../domain/secret.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from './metrics.ts'
import { openApiDocument } from './openapi.ts'
import { docsPage, homePage } from './pages.ts'
import { problemResponse } from './problem.ts'
import { checkInput, readBody } from './read-input.ts'
import { reveal } from './reveal.ts'
import { streamedResponse } from './streamed.ts'

export interface AppDependencies {
  readonly control: Control
  readonly authenticate: Authenticate
  /** Throws when the server cannot do its work now. */
  readonly ready: () => Promise<void>
  readonly metrics: Metrics
  readonly log: Log
  readonly version: string
}

const HTML_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

const JSON_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

export interface App {
  fetch(request: globalThis.Request): Response | Promise<Response>
}

export function createApp(dependencies: AppDependencies): App {
  const app = new Hono()
  for (const name of OPERATION_NAMES) {
    const { method, path } = OPERATIONS[name]
    app.on(method, path.replace(/\{(\w+)\}/g, ':$1'), (c) =>
      serve(dependencies, name, c.req.raw, c.req.param()),
    )
  }
  addPages(app, dependencies)
  app.notFound((c) => {
    const error = new ClavigerError('not_found', 'There is nothing at this address.', {
      hint: 'The API is described at /docs.',
    })
    return problemResponse(error, requestIdOf(c.req.raw))
  })
  app.onError((thrown, c) => answerError(dependencies, thrown, requestIdOf(c.req.raw)))
  return app
}

// One operation: who asks, for what, the use-case, the answer.
async function serve(
  dependencies: AppDependencies,
  name: OperationName,
  request: globalThis.Request,
  parameters: Record<string, string>,
): Promise<Response> {
  const started = performance.now()
  const requestId = requestIdOf(request)
  const response = await attempt(dependencies, name, request, parameters, requestId)
  const seconds = (performance.now() - started) / 1000
  dependencies.metrics.answered(name, response.status, seconds)
  dependencies.log.debug({ requestId, operation: name, status: response.status, seconds }, 'answered')
  return response
}

async function attempt(
  dependencies: AppDependencies,
  name: OperationName,
  request: globalThis.Request,
  parameters: Record<string, string>,
  requestId: string,
): Promise<Response> {
  let harness = ''
  try {
    const caller = await dependencies.authenticate(bearerOf(request), requestId)
    const rest = takesQuery(OPERATIONS[name]) ? queryOf(request) : await readBody(request)
    const input = checkInput(SCHEMAS[name].input, { ...rest, ...parameters })
    if ('harness' in input && name === 'leases.create') harness = String(input.harness)
    // The table ties name, input and use-case together; the compiler cannot see that for a name it does not know.
    const useCase = dependencies.control[name] as (caller: Caller, input: unknown) => Promise<unknown>
    const answer = await useCase(caller, input)
    if (harness !== '') dependencies.metrics.lease(harness, 'granted')
    const headers = { ...JSON_HEADERS, 'x-request-id': requestId }
    const { status, answers } = OPERATIONS[name]
    if (answers !== undefined)
      return fileResponse(dependencies, answer, { ...headers, 'content-type': answers })
    return new Response(reveal(answer), { status, headers })
  } catch (thrown) {
    if (harness !== '') dependencies.metrics.lease(harness, asClavigerError(thrown).code)
    return answerError(dependencies, thrown, requestId)
  }
}

function fileResponse(
  { log }: AppDependencies,
  answer: unknown,
  headers: Readonly<Record<string, string>>,
): Response {
  return streamedResponse(answer as AsyncIterableIterator<Uint8Array>, {
    headers,
    failed(thrown) {
      const { code, message, detail } = asClavigerError(thrown)
      log.error({ requestId: headers['x-request-id'], code, detail }, `broke off: ${message}`)
    },
  })
}

function answerError({ log }: AppDependencies, thrown: unknown, requestId: string): Response {
  const error = asClavigerError(thrown)
  const { code, message, detail } = error
  const grave = code === 'internal' || code === 'unavailable' || code === 'storage_full'
  if (grave)
    log.error(
      { requestId, code, detail, stack: error.cause instanceof Error ? error.cause.stack : error.stack },
      message,
    )
  else log.info({ requestId, code, detail }, message)
  return problemResponse(error, requestId)
}

function addPages(app: Hono, { ready, metrics, version, log }: AppDependencies): void {
  const document = openApiDocument(version)
  const docs = docsPage(document)
  app.get('/', () => new Response(homePage(version), { headers: HTML_HEADERS }))
  app.get('/docs', () => new Response(docs, { headers: HTML_HEADERS }))
  app.get('/openapi.json', () => new Response(JSON.stringify(document), { headers: JSON_HEADERS }))
  app.get('/healthz', () => new Response('{"status":"alive"}', { headers: JSON_HEADERS }))
  app.get('/readyz', async (c) => {
    try {
      await ready()
      return new Response('{"status":"ready"}', { headers: JSON_HEADERS })
    } catch (thrown) {
      log.warn({ reason: asClavigerError(thrown).message }, 'not ready')
      const error =
        thrown instanceof ClavigerError
          ? thrown
          : new ClavigerError('unavailable', 'The server is not ready.')
      return problemResponse(new ClavigerError('unavailable', error.message), requestIdOf(c.req.raw))
    }
  })
  app.get(
    '/metrics',
    async () => new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } }),
  )
}

function bearerOf(request: globalThis.Request): string {
  const header = request.headers.get('authorization') ?? ''
  const token = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header)?.[1]
  if (token !== undefined) return token
  throw new ClavigerError('unauthenticated', 'This needs a token.', {
    hint: 'Send Authorization: Bearer TOKEN. On the command line: claviger login --token, or set CLAVIGER_TOKEN.',
  })
}

function queryOf(request: globalThis.Request): Record<string, string> {
  return Object.fromEntries(new URL(request.url).searchParams)
}

const requestIds = new WeakMap<globalThis.Request, string>() // request → its id, once given

function requestIdOf(request: globalThis.Request): string {
  const known = requestIds.get(request)
  if (known !== undefined) return known
  const given = request.headers.get('x-request-id') ?? ''
  const id = /^[A-Za-z0-9._-]{8,64}$/.test(given) && !holdsKey(given) ? given : randomUUID()
  requestIds.set(request, id)
  return id
}
