// The form of our own tokens: `clv_api_…`, `clv_enrol_…` and, naming its lease, `clv_lease_<lease>_…`, each with 43 random
// characters and a checksum of 6. The checksum lets a secret scanner, and us, tell a token from a typing error without
// asking a database. Digests are made elsewhere.

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const BODY_LENGTH = 43
const CHECKSUM_LENGTH = 6
const FORM = /^clv_(api|enrol|lease_[0-9a-f]{32})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/

/** `api`: a person's, agent's or worker's token. `enrol`: a code that makes one worker. `lease`: the handle of one lease. */
export type TokenKind = 'api' | 'enrol' | 'lease'

/** An API token from 43 or more random bytes. The few bytes above 247 fold over; the loss is far below one bit. */
export function formatToken(random: Uint8Array): string {
  return format('api', random)
}

/** A code that enrols one worker, once. */
export function formatEnrolmentCode(random: Uint8Array): string {
  return format('enrol', random)
}

/** The handle of a lease. It names the lease, so that no index over digests is needed to find it. */
export function formatHandle(leaseId: string, random: Uint8Array): string {
  return format(leaseId, random)
}

/** The kind of a well-formed token, or null: wrong form or checksum. Says nothing about its being valid. */
export function tokenKind(text: string): TokenKind | null {
  const subject = subjectOf(text)
  if (subject === null) return null
  return subject === 'api' || subject === 'enrol' ? subject : 'lease'
}

/** The id of the lease a well-formed handle names; null for anything else. */
export function leaseOfHandle(text: string): string | null {
  const subject = subjectOf(text)
  return subject === 'api' || subject === 'enrol' ? null : subject
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
