// Fakes of the model providers on one loopback port. They check the credential of every request, record
// it, and refuse when told to, so that a test can show which credential an agent really used. The server
// loop is here; what a provider answers is in its own file.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { anthropic } from './anthropic.ts'
import { bedrock } from './bedrock.ts'
import { type Controlled, control, controlMount, problem, type SandboxUrls } from './control.ts'
import {
  type CredentialState,
  type CredentialTable,
  credentialTable,
  type SandboxCredential,
  travellingSecrets,
} from './credentials.ts'
import { type Answer, BadRequest, type Call, header, jsonAnswer, readCall, writeAnswer } from './http.ts'
import {
  areConflicting,
  type Journal,
  journal,
  presentedCredentials,
  type SandboxRequest,
  sessionHeaders,
} from './journal.ts'
import { createOAuth, type OAuthDesk, type OAuthMatch, type OAuthServer } from './oauth/oauth.ts'
import { openai } from './openai.ts'
import type { Provider, Refusal, RefusalSettings, Route } from './provider.ts'
import { defaultReply, playReply, type ReplyScript } from './reply.ts'
import { startTlsProxy, type TlsProxy } from './tls/proxy.ts'

const providers: readonly Provider[] = [anthropic, openai, bedrock]

export type SandboxOptions = {
  /** 0, the default, takes a free port. */
  readonly port?: number
  /** The address to listen on: 127.0.0.1 by default. The control routes answer loopback callers only. */
  readonly host?: string
  readonly credentials?: readonly SandboxCredential[]
  readonly reply?: ReplyScript
  /** The `x-should-retry` header of Anthropic's 401: false by default, `absent` leaves it out. */
  readonly shouldRetry?: boolean | 'absent'
  /** The clock that decides whether an AWS signature is too old; the OAuth server's starts from it. */
  readonly now?: () => Date
  /** Also plays the providers' own hosts, for programs that insist on them; `ca.pem` is written to `directory`. */
  readonly tls?: { readonly directory: string }
}

/** A running sandbox. `openaiUrl` ends in `/v1`; the other addresses are base URLs as the agents take them. */
export type Sandbox = SandboxUrls & {
  /** The sign-ins, and how they misbehave. The access tokens it mints are accepted while they are good. */
  readonly oauth: OAuthServer
  /** The way to the hosts it plays; null unless it was asked for. */
  readonly tls: TlsProxy | null
  /** Accepts a credential from now on; accepting it again sets it back to `ok`. */
  accept(credential: SandboxCredential): void
  /**
   * Makes requests with this credential (itself, its value, or its access key id) end as `state` says;
   * with `times`, only the next so many that it applies to; with `after`, so many are answered before. Throws when
   * it was never accepted.
   */
  teach(credential: SandboxCredential | string, state: CredentialState, times?: number, after?: number): void
  /** Every provider request so far, oldest first (the last 10,000), with whole credentials. */
  requests(): readonly SandboxRequest[]
  /** Forgets the requests; credentials, states and the reply stay. */
  reset(): void
  /** What the model says from now on. */
  reply(script: ReplyScript): void
  /** Sets the `x-should-retry` header of Anthropic's 401 from now on. */
  setShouldRetry(value: boolean | 'absent'): void
  /**
   * Answers a request of another server, for instance one that speaks TLS, as if it had come to the address
   * `mount` of this one: the path is put behind it.
   */
  serveAs(mount: SandboxMount, request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Ends open connections and frees the port. */
  close(): Promise<void>
}

/** Where the sandbox has one provider, on all of its host names; empty for all of them, as at its own address. */
export type SandboxMount = '/anthropic' | '/openai' | '/bedrock' | ''

// The hosts that the agents' programs cannot be turned away from by a setting.
const PLAYED: Readonly<Record<string, SandboxMount>> = {
  'api.anthropic.com': '/anthropic',
  'platform.claude.com': '/anthropic',
  'console.anthropic.com': '/anthropic',
  'claude.ai': '/anthropic',
  'claude.com': '/anthropic',
  'api.openai.com': '/openai',
  'auth.openai.com': '/openai',
  'chatgpt.com': '/openai',
}

type State = {
  readonly credentials: CredentialTable
  readonly oauth: OAuthDesk
  readonly journal: Journal
  readonly now: () => Date
  script: ReplyScript
  refusals: RefusalSettings
}

/** Starts a sandbox. Rejects when an address cannot be listened on, or `ca.pem` cannot be written. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startPlain(options)
  if (options.tls === undefined) return sandbox
  const { serveAs } = sandbox
  const playing = (mount: SandboxMount) => (request: IncomingMessage, response: ServerResponse) =>
    void serveAs(mount, request, response)
  const hosts = Object.entries(PLAYED).map(([host, mount]) => [host, playing(mount)] as const)
  const tls = await startTlsProxy({
    hosts: Object.fromEntries(hosts),
    directory: options.tls.directory,
    direct: playing(''),
    ...(options.host === undefined ? {} : { host: options.host }),
  }).catch(async (error: unknown) => {
    await sandbox.close()
    throw error
  })
  return {
    ...sandbox,
    tls,
    reset() {
      sandbox.reset()
      tls.reset()
    },
    async close() {
      await Promise.all([sandbox.close(), tls.close()])
    },
  }
}

async function startPlain(options: SandboxOptions): Promise<Sandbox> {
  const state = initialState(options)
  const server = createServer()
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1')
  const urls = urlsOf(server.address() as AddressInfo)
  const sandbox: Sandbox = {
    ...urls,
    oauth: state.oauth.server,
    tls: null,
    accept: state.credentials.accept,
    teach: state.credentials.teach,
    requests: state.journal.all,
    reset: state.journal.clear,
    reply(script) {
      state.script = script
    },
    setShouldRetry(shouldRetry) {
      state.refusals = { shouldRetry }
    },
    serveAs: (mount, request, response) => serve(request, response, state, { mount }),
    close() {
      state.oauth.server.release({ drop: true })
      return close(server)
    },
  }
  const controlled: Controlled = {
    urls,
    credentials: state.credentials,
    journal: state.journal,
    oauth: state.oauth.server,
    setReply: sandbox.reply,
    setShouldRetry: sandbox.setShouldRetry,
  }
  server.on('request', (request, response) => void serve(request, response, state, { controlled }))
  return sandbox
}

function initialState(options: SandboxOptions): State {
  const now = options.now ?? (() => new Date())
  const credentials = credentialTable(options.credentials ?? [])
  return {
    credentials,
    oauth: createOAuth(now, (provider, value, { id }) => {
      if (provider === 'anthropic') credentials.accept({ provider, kind: 'oauth', value })
      else credentials.accept({ provider, kind: 'access-token', value, accountId: id })
    }),
    journal: journal(),
    now,
    script: options.reply ?? defaultReply,
    refusals: { shouldRetry: options.shouldRetry ?? false },
  }
}

// A request either comes to the sandbox's own address, which has control routes, or is put under a mount.
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  state: State,
  at: { readonly controlled?: Controlled; readonly mount?: SandboxMount },
): Promise<void> {
  let answer: Answer
  try {
    const call = await readCall(request, at.mount)
    const isControl = call.path === controlMount || call.path.startsWith(`${controlMount}/`)
    answer =
      isControl && at.controlled !== undefined
        ? control(call, request.socket.remoteAddress, at.controlled)
        : ((await answerOAuth(call, state)) ?? (await answerProvider(call, state)))
  } catch (error) {
    const status = error instanceof BadRequest ? error.status : 500
    answer = problem(status, error instanceof Error ? error.message : String(error))
  }
  await writeAnswer(response, answer)
}

async function answerOAuth(call: Call, state: State): Promise<Answer | undefined> {
  const match = state.oauth.route(call)
  if (match === undefined) return undefined
  const recorded = recordOAuth(call, match, state)
  try {
    const answer = await match.answer(recorded.note)
    if (answer === undefined) recorded.withdraw()
    else recorded.answered(answer.status)
    return answer
  } catch (error) {
    recorded.answered(500)
    throw error
  }
}

async function answerProvider(call: Call, state: State): Promise<Answer> {
  const provider = providers.find(({ mount }) => call.path.startsWith(`${mount}/`))
  if (provider === undefined) {
    return jsonAnswer(404, { error: { message: 'Nothing here. GET /sandbox says what there is.' } })
  }
  const path = call.path.slice(provider.mount.length)
  const route = provider.route(call, path)
  if (route === undefined) {
    const answer = provider.notFound(call)
    record(call, provider, state, { status: answer.status })
    return answer
  }
  const { refusal, asker } = judge(call, path, provider, route, state)
  if (refusal !== undefined) {
    const answer = provider.refuse(refusal, call, state.refusals, state.now())
    record(call, provider, state, { status: answer.status, refusal, route })
    return answer
  }
  const recorded = record(call, provider, state, { status: 200, route })
  try {
    const blocks = route.access === 'model' ? await playReply(state.script, recorded.request) : []
    const answer = route.answer(blocks, asker)
    recorded.answered(answer.status)
    return answer
  } catch (error) {
    recorded.answered(500)
    throw error
  }
}

function judge(
  call: Call,
  path: string,
  provider: Provider,
  route: Route,
  state: State,
): { refusal?: Refusal; asker?: SandboxCredential } {
  if (route.access === 'open') return {}
  const verdict = provider.authenticate(call, path, state.credentials, state.now())
  if (verdict.credential === undefined) return { refusal: verdict.refusal }
  const { credential } = verdict
  const ended = credential.kind === 'access-key' ? undefined : state.oauth.refusalOf(credential.value)
  const treated = ended ?? state.credentials.use(credential, route.access === 'model')
  return treated === 'ok' ? { asker: credential } : { refusal: treated }
}

// Status 0: not answered yet, or never.
function recordOAuth(call: Call, match: OAuthMatch, state: State) {
  return record(call, { name: match.provider }, state, { status: 0 })
}

function record(
  call: Call,
  provider: Pick<Provider, 'name'>,
  state: State,
  outcome: { status: number; refusal?: Refusal; route?: Route },
) {
  const secrets = state.credentials.list().flatMap(({ credential }) => travellingSecrets(credential))
  const credentials = presentedCredentials(call.headers, secrets)
  const userTexts = outcome.route?.userTexts ?? []
  const lastUserMessage = userTexts.at(-1)
  const userAgent = header(call, 'user-agent')
  const model = outcome.route?.model
  return state.journal.record({
    time: state.now().toISOString(),
    provider: provider.name,
    method: call.method,
    path: call.path,
    query: call.query,
    credentials,
    conflicting: areConflicting(credentials),
    status: outcome.status,
    ...(outcome.refusal === undefined ? {} : { refusal: outcome.refusal }),
    ...(model === undefined ? {} : { model }),
    ...(lastUserMessage === undefined ? {} : { lastUserMessage }),
    userTexts,
    toolResults: outcome.route?.toolResults ?? [],
    sessions: sessionHeaders(call.headers),
    ...(userAgent === undefined ? {} : { userAgent }),
  })
}

function urlsOf({ address, family, port }: AddressInfo): SandboxUrls {
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  return {
    url,
    anthropicUrl: `${url}${anthropic.mount}`,
    openaiUrl: `${url}${openai.mount}/v1`,
    issuerUrl: `${url}${openai.mount}`,
    bedrockUrl: `${url}${bedrock.mount}`,
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)))
    server.closeAllConnections()
  })
}
