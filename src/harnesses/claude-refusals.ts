// Why a turn of Claude Code failed, from its structured events first and its texts last. Measured with 2.1.330; words and
// texts of older versions are from 2.1.197, 2.0.76 (no status) and 1.0.128 (no words either).

import type { Failure, FailureKind } from '../domain/runs/conversation.ts'
import { FAILURE_CODE } from './conversing.ts'
import { beginning, clipped, type KnownText, kindOfStatus, kindOfWord, knownText } from './recognition.ts'

/** What the program has told about a failure. */
export interface ClaudeFailure {
  /** The `error` of a message or a retry. */
  readonly word: string | null
  readonly status: number | null
  readonly text: string
  /** Milliseconds since 1970, of the last limit that was told. */
  readonly resetsAt: number | null
}

// Where the program's word says less than its text, or something else.
const STRONGER: readonly KnownText[] = [
  { pattern: /apiKeyHelper script is failing/i, kind: 'authentication', code: FAILURE_CODE.helperFailed },
  { pattern: /not your usage limit/i, kind: 'overload' },
  {
    pattern:
      /organization has been disabled|belongs to a disabled organization|disabled by your organization|not (?:currently )?allowed for this organization/i,
    kind: 'organization',
    code: 'organization_disabled',
  },
  // The API calls it an invalid request.
  {
    pattern: /credit balance is too low to access|^(?:API Error: )?Credit balance is too low/i,
    kind: 'billing',
    code: 'billing_error',
  },
  { pattern: /INVALID_PAYMENT_INSTRUMENT/, kind: 'billing', code: 'billing_error' },
  { pattern: /No conversation found with session ID/i, kind: 'program', code: FAILURE_CODE.sessionNotFound },
  { pattern: /Session ID \S+ is already in use/i, kind: 'program', code: FAILURE_CODE.sessionInUse },
]

// For versions and failures without a word or a status.
const TEXTS: readonly KnownText[] = [
  { pattern: /Credit balance is too low/i, kind: 'billing' },
  {
    pattern:
      /You['’]ve (?:hit|reached) your .{0,40}limit|You['’]ve hit your|usage limit reached|(?:5-hour|weekly|session) limit reached/i,
    kind: 'quota',
  },
  {
    pattern:
      /Please run \/login|Not logged in|Invalid API key|Invalid bearer token|OAuth (?:token|session) (?:has |was |has been )?(?:expired|revoked)|Failed to authenticate|AWS authentication failed|Could not load AWS credentials/i,
    kind: 'authentication',
  },
  { pattern: /overloaded|at capacity/i, kind: 'overload' },
  {
    pattern:
      /Connection (?:error|refused|closed|reset|timed out)|Unable to connect|fetch failed|Request timed out|E(?:CONN\w+|NOTFOUND|AI_AGAIN|TIMEDOUT|HOSTUNREACH|NETUNREACH)\b/i,
    kind: 'network',
  },
  { pattern: /prompt is too long|invalid_request_error/i, kind: 'request' },
]

export function claudeFailure(seen: ClaudeFailure): Failure {
  const text = beginning(seen.text)
  const status = seen.status ?? statusInText(text)
  const stronger = knownText(STRONGER, text)
  if (stronger !== undefined) return failure(stronger.kind, status, stronger.code ?? null, seen)
  const word = seen.word ?? wordInText(text)
  const byWord = word === null ? null : kindOfWord(word)
  if (byWord !== null) return failure(byWord, status, word, seen)
  const known = knownText(TEXTS, text)
  const kind = kindOfStatus(status) ?? known?.kind ?? (word === 'unknown' ? 'network' : 'program')
  return failure(kind, status, word, seen)
}

function failure(
  kind: FailureKind,
  status: number | null,
  code: string | null,
  { text, resetsAt }: ClaudeFailure,
): Failure {
  return {
    kind,
    status,
    code,
    text: clipped(text),
    resetsAt: kind === 'quota' ? (resetsAt ?? resetInText(beginning(text))) : null,
  }
}

// `API Error: 401 {…}` (2.0.76), `API Error: Request rejected (429)`, `API Error: Repeated 529 Overloaded errors`.
function statusInText(text: string): number | null {
  const found = /API Error:[^{]{0,40}?\b([45]\d\d)\b/.exec(text)
  return found === null ? null : Number(found[1])
}

// The answer of the API as it is, which older versions repeat.
function wordInText(text: string): string | null {
  const words = [...text.matchAll(/"type"\s*:\s*"(\w{1,60}_error)"/g)].map(([, word]) => word ?? '')
  return words.find((word) => kindOfWord(word) !== null) ?? null
}

// `Claude AI usage limit reached|1795377891`, of versions before there was an event for it.
function resetInText(text: string): number | null {
  const found = /limit reached\|(\d{10})\b/.exec(text)
  return found === null ? null : Number(found[1]) * 1000
}
