// What the claude program's own words about a failed login mean. Measured with 2.1.330; the words stay in here.
//
// For every answer of the token endpoint but 200 it prints `Couldn't log in: Request failed with status code N` on
// standard error, exit code 1, no login file, and nothing of the answer's body: an invalid_grant looks like any other
// 400, and a Retry-After cannot be seen. A broken connection is `socket hang up`, no answer for 30 s is `timeout of
// 30000ms exceeded`, an unreachable host `connect ECONNREFUSED …`. An answer of 200 that it cannot use leaves a login file
// that says `{}`: without expires_in it prints `Login successful.`, exit code 0; for HTML it goes on to ask for an API key
// and fails at that, exit code 1.

/**
 * `refused`: the provider does not take what it was given. `limited`, `server`, `blocked`: it answered, and said nothing
 * about the grant. `unreachable`: nothing was sent. `broken`: sent, and no answer came back.
 */
export type Failure =
  | 'refused'
  | 'limited'
  | 'server'
  | 'blocked'
  | 'unreachable'
  | 'broken'
  | 'too_old'
  | 'unknown'

// Tried in this order: an HTTP status is the surest.
const STATUS = /Request failed with status code (\d{3})/
const WORDS: readonly (readonly [RegExp, Failure])[] = [
  [/That code wasn't accepted/, 'refused'],
  [/\bunknown (command|option)\b/i, 'too_old'],
  [/\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)\b/, 'unreachable'],
  [/\bcertificate\b|\b(CERT|SSL|TLS)\b|UNABLE_TO_(VERIFY|GET)/, 'unreachable'],
  [/socket hang up|timeout of \d+ms|\b(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED)\b|\babort/i, 'broken'],
]

/** What a program that left no login has to say. */
export function failureOf(output: string): Failure {
  const status = STATUS.exec(output)?.[1]
  if (status !== undefined) return failureOfStatus(Number(status))
  return WORDS.find(([words]) => words.test(output))?.[1] ?? 'unknown'
}

function failureOfStatus(status: number): Failure {
  if (status === 400 || status === 401) return 'refused'
  if (status === 429) return 'limited'
  // Of the network in front of the provider, which judges where the call comes from.
  if (status >= 400 && status < 500) return 'blocked'
  return 'server'
}
