// The HTTP side of the use-cases as a function from Request to Response: no socket, no decision. Every operation is one
// row of api/operations.ts, served by one generic handler.

import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { OPERATION_NAMES, OPERATIONS, type OperationName, takesQuery } from '../api/operations.ts'
import { SCHEMAS } from '../api/schemas.ts'
import type { Authenticate } from '../control/authenticate.ts'
import type { AppMakings } from '../control/channels/apps/making.ts'
import type { Receiving } from '../control/channels/receiving.ts'
import type { CodexEndpoint } from '../control/codex/endpoint.ts'
import type { ComeBack } from '../control/outside/coming-back.ts'
import type { Control, NewCookie, Visitor } from '../control/use-case.ts'
import type { Caller } from '../domain/caller.ts'
import { asClavigerError, ClavigerError } from '../domain/errors.ts'
import { holdsKey } from '../domain/secret.ts'
import type { Log } from '../lib/log.ts'
import { addAppDoors } from './channels/apps.ts'
import { addChannelDoors } from './channels/routes.ts'
import { addCodexEndpoint } from './codex/routes.ts'
import { addConsole, type ElsewherePage } from './console/routes.ts'
import { eventStreamResponse, type StreamedEvent } from './events/event-stream.ts'
import { htmlHeaders } from './html.ts'
import { type Asked, harnessOfLease, type Metrics, outcomeOfLease } from './metrics.ts'
import { openApiDocument } from './openapi.ts'
import { docsPage } from './pages.ts'
import { problemResponse } from './problem.ts'
import { checkInput, readBody } from './read-input.ts'
import { reveal } from './reveal.ts'
import { goneCookie, whoAsks } from './signing-in/asking.ts'
import { addCallback, onlyLooks } from './signing-in/callback.ts'
import { cookieHeader } from './signing-in/cookies.ts'
import { addressSeen, toCanonicalOrigin } from './signing-in/origin.ts'
import { addSigningInPages } from './signing-in/routes.ts'
import { streamedResponse } from './streamed.ts'
import { type Connection, createVisitors, type Visitors } from './visitors.ts'

export interface AppDependencies {
  readonly control: Control
  readonly codex: CodexEndpoint
  readonly comeBack: ComeBack
  readonly receiving: Receiving
  readonly appMakings: AppMakings
  readonly authenticate: Authenticate
  /** Throws when the server cannot do its work now. */
  readonly ready: () => Promise<void>
  readonly metrics: Metrics
  readonly log: Log
  readonly version: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** How many proxies of ours stand before the server. */
  readonly proxies: number
  /** Where people reach this server; its pages take forms from there only. */
  readonly publicUrl: () => string
  /** Where the web console was built. Null: only programs ask here, which need the operations and the endpoint of Codex. */
  readonly consoleDirectory: string | null
  /** Ends answers that go on: the server goes down. */
  readonly ending?: AbortSignal
}

const JSON_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

export interface App {
  /** The connection is known behind a socket only. */
  fetch(request: globalThis.Request, connection?: Connection): Response | Promise<Response>
}

type Served = Hono<{ Bindings: Connection }>

export function createApp(dependencies: AppDependencies): App {
  const app: Served = new Hono()
  const visitors = createVisitors(dependencies)
  for (const name of OPERATION_NAMES) {
    const { method, path } = OPERATIONS[name]
    app.on(method, path.replace(/\{(\w+)\}/g, ':$1'), (c) =>
      serve({ ...dependencies, visitors }, name, c.req.raw, c.req.param(), c.env),
    )
  }
  const { consoleDirectory: directory } = dependencies
  const elsewhere =
    directory === null ? () => null : addForPeople(app, { ...dependencies, visitors }, directory)
  addCodexEndpoint(app, {
    ...{ codex: dependencies.codex, visitors, requestIdOf },
    timed: (request, answer) => timed(dependencies, 'none', request, answer),
    report: (thrown, request) => void answerError(dependencies, thrown, request, 'none'),
  })
  addChannelDoors(app, {
    ...{ receiving: dependencies.receiving, visitors, requestIdOf },
    timed: (request, answer) => timed(dependencies, 'none', request, answer),
    refused: (thrown, request) => answerError(dependencies, thrown, request, 'none'),
  })
  app.notFound((c) =>
    timed(dependencies, 'none', c.req.raw, async () => {
      const page = elsewhere(c.req.raw)
      if (page !== null) return page
      const error = new ClavigerError('not_found', 'There is nothing at this address.', {
        hint: 'The API is described at /docs.',
      })
      return answerError(dependencies, error, c.req.raw, 'none')
    }),
  )
  app.onError((thrown, c) => answerError(dependencies, thrown, c.req.raw, 'none'))
  const { publicUrl } = dependencies
  return {
    fetch: (request, connection) => {
      const answer = toCanonicalOrigin(publicUrl(), request) ?? app.fetch(request, connection)
      return publicUrl().startsWith('https:') ? Promise.resolve(answer).then(overHttpsOnly) : answer
    },
  }
}

// Pages, what describes the server, and how browsers sign in.
function addForPeople(app: Served, serving: Serving, directory: string): ElsewherePage {
  const { control, comeBack, appMakings, publicUrl, visitors } = serving
  const report = (thrown: unknown, request: globalThis.Request) =>
    void answerError(serving, thrown, request, 'none')
  addPages(app, serving)
  const elsewhere = addConsole(app, { directory, publicUrl })
  addSigningInPages(app, { control, publicUrl, visitors, requestIdOf, report })
  addAppDoors(app, { appMakings, publicUrl, visitors, requestIdOf, report })
  addCallback(app, { comeBack, publicUrl, visitors, requestIdOf, report })
  return elsewhere
}

// A year of https, for whoever was here once by it. Nothing of other hosts below ours: they are not ours to decide.
function overHttpsOnly(response: Response): Response {
  response.headers.set('strict-transport-security', 'max-age=31536000')
  return response
}

type Serving = AppDependencies & { readonly visitors: Visitors }

// One operation: who asks, for what, the use-case, the answer.
function serve(
  dependencies: Serving,
  name: OperationName,
  request: globalThis.Request,
  parameters: Record<string, string>,
  connection: Connection | undefined,
): Promise<Response> {
  const asks = async () => {
    const asking = await whoAsks(dependencies, name, request, connection, requestIdOf(request))
    if ('kind' in asking) callers.set(request, asking)
    return asking
  }
  return timed(
    dependencies,
    name,
    request,
    async () => onlyLooks(request) ?? attempt(dependencies, name, request, parameters, asks),
  )
}

async function timed(
  { metrics, log }: AppDependencies,
  operation: Asked,
  request: globalThis.Request,
  answer: () => Promise<Response>,
): Promise<Response> {
  const started = performance.now()
  const response = await answer()
  const seconds = (performance.now() - started) / 1000
  metrics.answered(operation, response.status, seconds)
  log.debug({ ...lineOf(request, operation, response.status), seconds }, 'answered')
  return response
}

async function attempt(
  dependencies: AppDependencies,
  name: OperationName,
  request: globalThis.Request,
  parameters: Record<string, string>,
  asks: () => Promise<Caller | Visitor>,
): Promise<Response> {
  const requestId = requestIdOf(request)
  let harness: string | null = null
  try {
    const asking = await asks()
    const rest = takesQuery(OPERATIONS[name]) ? queryOf(request) : await readBody(request)
    const input = checkInput(SCHEMAS[name].input, { ...rest, ...parameters, ...resumption(name, request) })
    harness = harnessOfLease(name, input)
    // The table ties name, input and use-case together; the compiler cannot see that for a name it does not know.
    const useCase = dependencies.control[name] as (asking: unknown, input: unknown) => Promise<unknown>
    const answer = await useCase(asking, input)
    if (harness !== null) dependencies.metrics.lease(harness, outcomeOfLease(answer))
    const headers = { ...JSON_HEADERS, 'x-request-id': requestId }
    const { status, answers } = OPERATIONS[name]
    if (answers === EVENT_STREAM)
      return eventsResponse(dependencies, answer, { ...headers, 'content-type': answers }, asks)
    if (answers !== undefined)
      return fileResponse(dependencies, answer, { ...headers, 'content-type': answers })
    const { cookie, body } = parted(name, answer)
    return new Response(reveal(body), {
      status,
      headers: { ...headers, ...cookieHeader(addressSeen(dependencies.publicUrl(), request), cookie) },
    })
  } catch (thrown) {
    if (harness !== null) dependencies.metrics.lease(harness, asClavigerError(thrown).code)
    const response = answerError(dependencies, thrown, request, name)
    // Whoever was known is signed in, whatever was refused.
    if (response.status !== 401 || callers.has(request)) return response
    const { 'set-cookie': gone } = goneCookie(dependencies.publicUrl(), name, request)
    if (gone !== undefined) response.headers.set('set-cookie', gone)
    return response
  }
}

// What goes into the body, and what the browser is to keep.
function parted(name: OperationName, answer: unknown): { body: unknown; cookie?: NewCookie | 'none' } {
  if (OPERATIONS[name].cookie === undefined) return { body: answer }
  const { cookie, ...body } = answer as { readonly cookie?: NewCookie | 'none' }
  return { body, ...(cookie !== undefined && { cookie }) }
}

const EVENT_STREAM = 'text/event-stream'

// Whoever listens is asked for again: a token that is revoked hears no more.
function eventsResponse(
  { ending }: AppDependencies,
  answer: unknown,
  headers: Readonly<Record<string, string>>,
  asks: () => Promise<unknown>,
): Response {
  return eventStreamResponse(answer as AsyncIterableIterator<StreamedEvent | null>, {
    ...{ headers, ending, stillMay: asks },
    reasonOf: (thrown) => asClavigerError(thrown).message,
  })
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

function answerError(
  { log, metrics }: AppDependencies,
  thrown: unknown,
  request: globalThis.Request,
  operation: Asked,
): Response {
  const error = asClavigerError(thrown)
  const { code, message, detail, logged } = error
  metrics.refused(code)
  const response = problemResponse(error, requestIdOf(request))
  const line = { ...lineOf(request, operation, response.status), code, detail }
  const grave = code === 'internal' || code === 'unavailable' || code === 'storage_full'
  if (grave) {
    // The stack begins with the message.
    const stack = error.cause instanceof Error ? error.cause.stack : error.stack
    log.error(logged === undefined ? { ...line, stack } : line, logged ?? message)
  } else {
    // The message may name a credential; the audit log and the caller have it.
    log.info(line, `refused: ${code.replaceAll('_', ' ')}`)
  }
  return response
}

const callers = new WeakMap<globalThis.Request, Pick<Caller, 'kind' | 'id'>>() // request → who asks, once known

// What every log line of a request says.
function lineOf(request: globalThis.Request, operation: Asked, status: number) {
  const { kind, id } = callers.get(request) ?? { kind: null, id: null }
  return { requestId: requestIdOf(request), operation, status, caller: kind === null ? null : { kind, id } }
}

function addPages(app: Served, { ready, metrics, version, log }: AppDependencies): void {
  // Made when somebody asks: no server has to wait for it to start.
  let document: ReturnType<typeof openApiDocument> | undefined
  const described = () => {
    document ??= openApiDocument(version)
    return document
  }
  app.get('/docs', () => new Response(docsPage(described()), { headers: htmlHeaders() }))
  app.get('/openapi.json', () => new Response(JSON.stringify(described()), { headers: JSON_HEADERS }))
  app.get('/healthz', () => new Response('{"status":"alive"}', { headers: JSON_HEADERS }))
  app.get('/readyz', async (c) => {
    try {
      await ready()
      return new Response('{"status":"ready"}', { headers: JSON_HEADERS })
    } catch (thrown) {
      log.warn({ ...lineOf(c.req.raw, 'none', 503), reason: asClavigerError(thrown).message }, 'not ready')
      const { message, hint } =
        thrown instanceof ClavigerError ? thrown : { message: 'The server is not ready.', hint: undefined }
      const error = new ClavigerError('unavailable', message, hint === undefined ? {} : { hint })
      return problemResponse(error, requestIdOf(c.req.raw))
    }
  })
  app.get(
    '/metrics',
    async () =>
      new Response(await metrics.text(), {
        headers: { ...JSON_HEADERS, 'content-type': metrics.contentType },
      }),
  )
}

// Where a reader of events goes on: browsers say it so when they connect again.
function resumption(name: OperationName, request: globalThis.Request): { after?: string } {
  const last = request.headers.get('last-event-id')
  if (last === null || (name !== 'runs.events' && name !== 'live')) return {}
  if (/^\d{1,15}$/.test(last)) return { after: last }
  // Whoever has a place that is none of ours has old lists: they are told everything.
  return name === 'live' ? { after: '0' } : {}
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
