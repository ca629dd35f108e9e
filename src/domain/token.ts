// The form of our own tokens: `clv_api_…` and, naming its lease, `clv_lease_<lease>_…`, and of codes that are good once:
// `clv_join_…` lets somebody in, `clv_enrol_…` makes one worker, `clv_relogin_…` lets one person sign in for one credential,
// `clv_device_…` is a terminal that waits. What the cookie of a browser holds is of that form too: `clv_session_…`. Each has 43
// random characters and a checksum of 6. The checksum lets a secret scanner, and us, tell a token from a typing error
// without asking a database. What a program holds in the place of a refresh token is a handle with what it was given
// behind it: `HANDLE~GENERATION~SUM`, with a checksum of its own. Digests are made elsewhere. Codes that people type are short: they are good for minutes,
// and guesses are counted.

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const BODY_LENGTH = 43
const CHECKSUM_LENGTH = 6
// No vowels, so that a code never spells a word; nothing that looks like a digit.
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const USER_CODE_LENGTH = 8
const REFRESH_HANDLE = /^(clv_lease_[0-9A-Za-z_]{1,100})~([1-9][0-9]{0,8})~([0-9A-Za-z]{6})$/
const FORM =
  /^clv_(api|join|device|enrol|relogin|session|lease_[0-9a-f]{32})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/

/** `api`: a person's, agent's or worker's token. `lease`: the handle of one lease. */
export type TokenKind = 'api' | 'lease'

/**
 * `join`: an invitation or a sign-in link. `device`: a terminal that waits to be let in. `enrol`: makes one worker.
 * `relogin`: one person signs in again for one credential.
 */
export type CodeKind = 'join' | 'device' | 'enrol' | 'relogin'

/** An API token from 43 or more random bytes. The few bytes above 247 fold over; the loss is far below one bit. */
export function formatToken(random: Uint8Array): string {
  return format('api', random)
}

/** The handle of a lease. It names the lease, so that no index over digests is needed to find it. */
export function formatHandle(leaseId: string, random: Uint8Array): string {
  return format(leaseId, random)
}

/** A code of this kind, from 43 or more random bytes. */
export function formatCode(kind: CodeKind, random: Uint8Array): string {
  return format(kind, random)
}

/** What the cookie of a browser holds, from 43 or more random bytes. */
export function formatSession(random: Uint8Array): string {
  return format('session', random)
}

/** Whether it is a well-formed one. Says nothing about its being valid. */
export function isSession(text: string): boolean {
  return subjectOf(text) === 'session'
}

/** The kind of a well-formed token, or null: wrong form or checksum, or no token. Says nothing about its being valid. */
export function tokenKind(text: string): TokenKind | null {
  const subject = subjectOf(text)
  if (subject === null || subject === 'session' || isCodeKind(subject)) return null
  return subject === 'api' ? 'api' : 'lease'
}

/** The kind of a well-formed code; null for anything else. */
export function codeKind(text: string): CodeKind | null {
  const subject = subjectOf(text)
  return subject !== null && isCodeKind(subject) ? subject : null
}

/** The id of the lease a well-formed handle names; null for anything else. */
export function leaseOfHandle(text: string): string | null {
  return tokenKind(text) === 'lease' ? subjectOf(text) : null
}

/** What a program holds that renews its login with us, as if it were a refresh token. */
export interface RefreshHandle {
  readonly handle: string
  /** The one it was given with it. */
  readonly generation: number
  /** False for another account than the one whose tokens it was given with, and for a number that was changed. */
  isFor(account: string): boolean
}

/**
 * The handle of a lease as a refresh token. It names the generation, so that a program which has an older one gets the
 * current one without another being made; its checksum also covers whose account it is.
 */
export function formatRefreshHandle(handle: string, generation: number, account: string): string {
  const given = `${handle}~${generation}`
  return `${given}~${checksum(`${given}~${account}`)}`
}

/** The parts of a well-formed one; null for anything else. Says nothing about its being valid. */
export function readRefreshHandle(text: string): RefreshHandle | null {
  const [, handle = '', number = '', sum] = REFRESH_HANDLE.exec(text) ?? []
  if (tokenKind(handle) !== 'lease') return null
  const isFor = (account: string) => sum === checksum(`${handle}~${number}~${account}`)
  return { handle, generation: Number(number), isFor }
}

/** What a terminal shows and a person types to let it in: eight letters, from as many random bytes. */
export function makeUserCode(random: Uint8Array): string {
  let code = ''
  for (let i = 0; i < USER_CODE_LENGTH; i += 1) code += LETTERS.charAt((random[i] ?? 0) % LETTERS.length)
  return code
}

/** The letters of what somebody typed, whatever the case, dashes and blanks; null when it cannot be a code. */
export function readUserCode(text: string): string | null {
  const letters = text.replace(/[\s-]/g, '').toUpperCase()
  return letters.length === USER_CODE_LENGTH && [...letters].every((letter) => LETTERS.includes(letter))
    ? letters
    : null
}

/** As people read it: `XXXX-XXXX`. */
export function showUserCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

function isCodeKind(subject: string): subject is CodeKind {
  return subject === 'join' || subject === 'device' || subject === 'enrol' || subject === 'relogin'
}

function format(subject: string, random: Uint8Array): string {
  let body = ''
  for (let i = 0; i < BODY_LENGTH; i += 1) body += ALPHABET.charAt((random[i] ?? 0) % ALPHABET.length)
  return `clv_${subject}_${body}${checksum(`${subject}_${body}`)}`
}

function subjectOf(text: string): string | null {
  const [, subject, body, sum] = FORM.exec(text) ?? []
  return subject !== undefined && sum === checksum(`${subject}_${body}`) ? subject : null
}

// CRC-32 (IEEE 802.3), written out in base 62.
function checksum(text: string): string {
  let crc = 0xffffffff
  for (let i = 0; i < text.length; i += 1) {
    crc ^= text.charCodeAt(i)
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  let rest = (crc ^ 0xffffffff) >>> 0
  let out = ''
  for (let i = 0; i < CHECKSUM_LENGTH; i += 1) {
    out = ALPHABET.charAt(rest % 62) + out
    rest = Math.floor(rest / 62)
  }
  return out
}

/** What a server says of a token that it has never made: it is of another one. */
export const UNKNOWN_TOKEN = 'This token is unknown.'
