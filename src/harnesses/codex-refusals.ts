// Why a turn of Codex failed. `codex exec` has no words for it, only texts, which are the same for people: measured with
// 0.169.0 and 0.155.1; those of older versions are from the reference of 0.130 on.

import { type Failure, type FailureKind, isAboutTheCredential } from '../domain/runs/conversation.ts'
import { FAILURE_CODE } from './conversing.ts'
import {
  beginning,
  clipped,
  type KnownText,
  kindOfStatus,
  kindOfWord,
  knownText,
  timeOf,
} from './recognition.ts'

const TEXTS: readonly KnownText[] = [
  {
    pattern: /could not be refreshed because your refresh token has expired/i,
    kind: 'authentication',
    code: 'refresh_token_expired',
  },
  {
    pattern: /could not be refreshed because your refresh token was already used/i,
    kind: 'authentication',
    code: 'refresh_token_reused',
  },
  {
    pattern: /could not be refreshed because your refresh token was revoked/i,
    kind: 'authentication',
    code: 'refresh_token_invalidated',
  },
  // Also what it says when it has no credential at all.
  {
    pattern:
      /could not be refreshed|Please log out and sign in again|Not logged in|Token data is not available|credential export command exited|Failed to resolve external auth/i,
    kind: 'authentication',
  },
  { pattern: /workspace routing discovery unauthorized/i, kind: 'authentication' },
  // The server of the tokens cannot do it now; Codex asks again.
  { pattern: /Failed to refresh token: (?:5\d\d|.*(?:connect|timed? ?out|error sending))/i, kind: 'network' },
  {
    pattern: /hit your usage limit|usage limit has been reached/i,
    kind: 'quota',
    code: 'usage_limit_reached',
  },
  { pattern: /Quota exceeded|exceeded your current quota/i, kind: 'billing', code: 'insufficient_quota' },
  {
    pattern: /To use Codex with your ChatGPT plan|usage[ _]not[ _]included/i,
    kind: 'organization',
    code: 'usage_not_included',
  },
  { pattern: /account (?:has been |is )?deactivated/i, kind: 'organization', code: 'account_deactivated' },
  { pattern: /workspace-managed policies|forced_chatgpt_workspace_id/i, kind: 'organization' },
  // By where the machine is, not by who asks.
  { pattern: /blocked by Cloudflare/i, kind: 'network' },
  {
    pattern: /unsupported_country_region_territory|Country, region, or territory not supported/i,
    kind: 'request',
    code: 'unsupported_country_region_territory',
  },
  { pattern: /at capacity|overloaded|experiencing high demand/i, kind: 'overload' },
  {
    pattern: /no rollout found for thread id|No saved session found/i,
    kind: 'program',
    code: FAILURE_CODE.sessionNotFound,
  },
  { pattern: /ran out of room|context window|No prompt provided/i, kind: 'request' },
]

// After the status: these stand around one as well.
const LAST: readonly KnownText[] = [
  { pattern: /Incorrect API key provided|invalid API key/i, kind: 'authentication' },
  { pattern: /invalid_request_error|model .{0,80}(?:not exist|not supported|not found)/i, kind: 'request' },
  {
    pattern:
      /waiting for network|Connection (?:failed|refused|reset|closed)|stream (?:disconnected|closed)|error sending request|timed? ?out|dns error|workspace routing discovery/i,
    kind: 'network',
  },
]

/** `now`: milliseconds since 1970; times of day in a text are taken to be of the program's and our common time zone. */
export function codexFailure(whole: string, now: number): Failure {
  const text = beginning(whole)
  const status = statusInText(text)
  // A refused request may quote whatever was asked; what is said of a credential comes without a status, or with its own.
  const isQuoting = kindOfStatus(status) === 'request'
  const known = knownText(isQuoting ? TEXTS.filter((one) => !isAboutTheCredential(one)) : TEXTS, text)
  if (known !== undefined) return failure(known.kind, status, known.code ?? null, text, now)
  const word = wordInText(text)
  const kind =
    (word === null ? null : kindOfWord(word)) ??
    kindOfStatus(status) ??
    knownText(LAST, text)?.kind ??
    'program'
  return failure(kind, status, word, text, now)
}

function failure(
  kind: FailureKind,
  status: number | null,
  code: string | null,
  text: string,
  now: number,
): Failure {
  return {
    kind,
    status,
    code,
    text: clipped(text),
    resetsAt: kind === 'quota' ? timeOf(resetInText(text, now)) : null,
  }
}

// `unexpected status 401 Unauthorized: …`, `exceeded retry limit, last status: 429 Too Many Requests`.
function statusInText(text: string): number | null {
  const found = /\b(?:unexpected|last) status:? ([1-5]\d\d)\b/i.exec(text)
  return found === null ? null : Number(found[1])
}

// The answer of the API as it is, where it is shown.
function wordInText(text: string): string | null {
  const words = [...text.matchAll(/"(?:code|type)"\s*:\s*"(\w{1,60})"/g)].map(([, word]) => word ?? '')
  return words.find((word) => kindOfWord(word) !== null) ?? null
}

const AT =
  /try again at (?:([A-Z][a-z]{2})[a-z]* (\d{1,2})(?:st|nd|rd|th)?,? (?:(\d{4}),? )?)?(\d{1,2}):(\d{2}) ?([AP])M/i
const IN = /try again in ((?:\d{1,4} (?:days?|hours?|minutes?)(?:,? and |,? )?){1,3})/i
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const UNITS: Readonly<Record<string, number>> = { day: 86_400_000, hour: 3_600_000, minute: 60_000 }
const DAY = 86_400_000

// `try again at 8:04 PM.` today, `try again at Nov 25th, 2026 8:04 PM.` another day; older versions `in 3 hours 5 minutes`.
function resetInText(text: string, now: number): number | null {
  const span = IN.exec(text)?.[1]
  if (span !== undefined) {
    const parts = [...span.matchAll(/(\d+) (day|hour|minute)/g)]
    return now + parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0)
  }
  const at = AT.exec(text)
  if (at === null) return null
  const [, month, day, year, hour, minute, half] = at
  const today = new Date(now)
  const at24 = (Number(hour) % 12) + (half?.toUpperCase() === 'P' ? 12 : 0)
  const index = month === undefined ? today.getMonth() : MONTHS.indexOf(month.toLowerCase())
  if (index === -1) return null
  const [years, days] = [Number(year ?? today.getFullYear()), Number(day ?? today.getDate())]
  // Its seconds are left out.
  const time = new Date(years, index, days, at24, Number(minute) + 1).getTime()
  // A time of day that is over by far is one of tomorrow.
  return month === undefined && time < now - DAY / 2 ? time + DAY : time
}
