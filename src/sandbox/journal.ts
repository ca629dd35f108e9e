// What the sandbox was asked, kept in memory for tests. The journal holds whole credentials; whatever
// leaves the process goes through `redactedRequest`, which shows a suffix and a digest of each.

import { createHash } from 'node:crypto'
import type { ProviderName } from './credentials.ts'
import type { OAuthNote } from './oauth/state.ts'

// A sandbox may run for days under somebody's desk: the oldest requests go first.
const MAX_REQUESTS = 10_000
// A suffix of a shorter value would give most of it away.
const SHORTEST_VALUE_WITH_SUFFIX = 12

const credentialHeaders = [
  'authorization',
  'x-api-key',
  'api-key',
  'x-amz-security-token',
  'proxy-authorization',
  'cookie',
]
const sessionHeaderNames = [
  'x-claude-code-session-id',
  'session-id',
  'session_id',
  'thread-id',
  'conversation_id',
  'chatgpt-account-id',
]

/** One credential as a request carried it. */
export type PresentedCredential = {
  /** Lower-case header name. */
  readonly header: string
  /** `sigv4`: `value` is the access key id; `raw`: `value` is the whole header. */
  readonly scheme: 'bearer' | 'sigv4' | 'raw'
  readonly value: string
}

/** One recorded request. `status` is what it was answered with; 0: nothing, yet or for good. */
export type SandboxRequest = {
  /** 1, 2, 3 … in order of arrival, never reused by the same sandbox. */
  readonly id: number
  /** ISO 8601. */
  readonly time: string
  readonly provider: ProviderName
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: string
  /** Every header that carried a credential, in a fixed order; empty when there was none. */
  readonly credentials: readonly PresentedCredential[]
  /** More than one credential value in the headers that say who is asking. */
  readonly conflicting: boolean
  readonly status: number
  /** Why it was refused: a state the credential was taught, or what was wrong with the credential. */
  readonly refusal?: string
  readonly model?: string
  /** The last text of the last user message. */
  readonly lastUserMessage?: string
  /** Every text the request attributes to the user, in order, what the harness adds included. */
  readonly userTexts: readonly string[]
  /** What tools have answered the model so far, oldest first. */
  readonly toolResults: readonly string[]
  /** The headers by which harnesses name their session, thread or account. */
  readonly sessions: Readonly<Record<string, string>>
  readonly userAgent?: string
  /** For a call of a sign-in route: what was asked of it and what came of it, without tokens. */
  readonly oauth?: OAuthNote
}

/** A recorded request without whole credentials. */
export type RedactedRequest = Omit<SandboxRequest, 'credentials' | 'query' | 'userTexts' | 'toolResults'> & {
  readonly credentials: readonly RedactedCredential[]
}

export type RedactedCredential = {
  readonly header: string
  readonly scheme: PresentedCredential['scheme']
  readonly suffix: string
  /** Hex. */
  readonly sha256: string
}

export type Recorded = {
  readonly request: SandboxRequest
  answered(status: number): void
  note(oauth: OAuthNote): void
  /** Takes the request out again: it will be recorded by somebody else. */
  withdraw(): void
}

export type Journal = {
  /** Records a request as answered with `status`, and returns a way to correct and to complete that. */
  record(request: Omit<SandboxRequest, 'id'>): Recorded
  all(): readonly SandboxRequest[]
  clear(): void
}

/** An empty journal. */
export function journal(): Journal {
  let requests: { -readonly [Key in keyof SandboxRequest]: SandboxRequest[Key] }[] = []
  let lastId = 0
  return {
    record(seen) {
      lastId += 1
      const request = { id: lastId, ...seen }
      requests.push(request)
      if (requests.length > MAX_REQUESTS) requests.shift()
      const answered = (status: number) => {
        request.status = status
      }
      const note = (oauth: OAuthNote) => {
        request.oauth = oauth
      }
      const withdraw = () => {
        requests = requests.filter((one) => one !== request)
      }
      return { request, answered, note, withdraw }
    },
    all: () => requests.map((request) => ({ ...request })),
    clear() {
      requests = []
    },
  }
}

/**
 * Every credential in the headers of a request: those of the well-known names, and any other header in
 * which one of `secrets` occurs.
 */
export function presentedCredentials(
  headers: NodeJS.Dict<string[]>,
  secrets: readonly string[],
): readonly PresentedCredential[] {
  const carriesSecret = (values: readonly string[]) =>
    values.some((value) => secrets.some((secret) => secret !== '' && value.includes(secret)))
  const others = Object.entries(headers)
    .filter(([name, values]) => !credentialHeaders.includes(name) && carriesSecret(values ?? []))
    .map(([name]) => name)
  return [...credentialHeaders, ...others].flatMap((header) =>
    (headers[header] ?? []).map((value) => presented(header, value)),
  )
}

/** Whether the headers name more than one asker. A session token only accompanies its access key. */
export function areConflicting(credentials: readonly PresentedCredential[]): boolean {
  const askers = credentials.filter(({ header }) => header !== 'x-amz-security-token')
  return new Set(askers.map(({ value }) => value)).size > 1
}

/** The session, thread and account headers a request carries. */
export function sessionHeaders(headers: NodeJS.Dict<string[]>): Record<string, string> {
  const found = sessionHeaderNames.map((name) => [name, headers[name]?.[0]] as const)
  return Object.fromEntries(found.filter((pair): pair is [string, string] => pair[1] !== undefined))
}

/** The view of a request that may leave the process. */
export function redactedRequest(request: SandboxRequest): RedactedRequest {
  const { query: _query, userTexts: _userTexts, toolResults: _toolResults, credentials, ...rest } = request
  return {
    ...rest,
    credentials: credentials.map(({ header, scheme, value }) => ({ header, scheme, ...fingerprint(value) })),
  }
}

/** What may be shown of a credential: its last four characters (none of a short one) and its digest. */
export function fingerprint(value: string): { suffix: string; sha256: string } {
  const suffix = value.length >= SHORTEST_VALUE_WITH_SUFFIX ? value.slice(-4) : ''
  return { suffix, sha256: createHash('sha256').update(value).digest('hex') }
}

function presented(header: string, value: string): PresentedCredential {
  if (header.endsWith('authorization')) {
    const bearer = /^bearer\s*(.*)$/i.exec(value)
    if (bearer !== null) return { header, scheme: 'bearer', value: bearer[1] ?? '' }
    const accessKeyId = /^AWS4-HMAC-SHA256 .*?Credential=([^/,\s]*)/.exec(value)
    if (accessKeyId !== null) return { header, scheme: 'sigv4', value: accessKeyId[1] ?? '' }
  }
  return { header, scheme: 'raw', value }
}
