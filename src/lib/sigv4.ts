// AWS Signature Version 4 in request headers: signing, and checking what somebody else signed.
// It follows the rules of every service but S3 (path encoded once more, body hash not sent as a
// header). It opens no connection and reads no clock; query-string signatures are not supported.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const TERMINATOR = 'aws4_request'

/** What is to be signed: `headers` are signed as well as `host` and `x-amz-date`. */
export type SigningInput = {
  readonly method: string
  readonly url: string | URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  readonly service: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly now: Date
}

/** A request as it arrived: `target` is path and query, byte for byte as on the request line. */
export type SignedRequest = {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string | Uint8Array
}

/** The parts of an `Authorization: AWS4-HMAC-SHA256 …` header. */
export type SignatureClaim = {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

type SigningScope = Pick<SignatureClaim, 'date' | 'region' | 'service'>
type PlainRequest = Omit<SignedRequest, 'headers'> & { readonly headers: Readonly<Record<string, string>> }

/** The headers to add to the request: `authorization`, `x-amz-date` and, if any, `x-amz-security-token`. */
export function signRequest(input: SigningInput): Record<string, string> {
  const url = new URL(input.url)
  const timestamp = amzTimestamp(input.now)
  const added: Record<string, string> = { 'x-amz-date': timestamp }
  if (input.sessionToken !== undefined) added['x-amz-security-token'] = input.sessionToken
  const headers = plainHeaders({ host: url.host, ...input.headers, ...added })
  const signedHeaders = Object.keys(headers).sort()
  const scope = { date: timestamp.slice(0, 8), region: input.region, service: input.service }
  const request = { method: input.method, target: url.pathname + url.search, headers, body: input.body }
  const signature = signatureOf(request, signedHeaders, timestamp, scope, input.secretAccessKey)
  const credential = [input.accessKeyId, scope.date, scope.region, scope.service, TERMINATOR].join('/')
  const authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  return { ...added, authorization }
}

/** Takes an `Authorization` header apart; undefined when it is not a well-formed version 4 signature. */
export function parseAuthorization(authorization: string): SignatureClaim | undefined {
  if (!authorization.startsWith(`${ALGORITHM} `)) return undefined
  const parts = new Map<string, string>()
  for (const part of authorization.slice(ALGORITHM.length + 1).split(',')) {
    const equals = part.indexOf('=')
    parts.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim())
  }
  const signature = parts.get('Signature')
  const signedHeaders = parts.get('SignedHeaders')?.split(';')
  const [accessKeyId, date, region, service, terminator, ...rest] = (parts.get('Credential') ?? '').split('/')
  if (!signature || !signedHeaders || !accessKeyId || !date || !region || !service) return undefined
  if (terminator !== TERMINATOR || rest.length > 0) return undefined
  return { accessKeyId, date, region, service, signedHeaders, signature }
}

/**
 * Whether `claim` is what the holder of `secretAccessKey` would have signed for this request. `host` and
 * `x-amz-date` must be among the signed headers, as must a session token that is sent. The age of the
 * request is the caller's to judge: see {@link signingTime}.
 */
export function verifySignature(
  request: SignedRequest,
  claim: SignatureClaim,
  secretAccessKey: string,
): boolean {
  const headers = plainHeaders(request.headers)
  const timestamp = headers['x-amz-date']
  const required = ['host', 'x-amz-date']
  if (headers['x-amz-security-token'] !== undefined) required.push('x-amz-security-token')
  if (timestamp === undefined || !timestamp.startsWith(claim.date)) return false
  if (!required.every((name) => claim.signedHeaders.includes(name))) return false
  const expected = signatureOf(
    { ...request, headers },
    claim.signedHeaders,
    timestamp,
    claim,
    secretAccessKey,
  )
  return sameText(expected, claim.signature)
}

/** When a request says it was signed (`x-amz-date`), in epoch milliseconds; undefined if it does not say. */
export function signingTime(amzDate: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate ?? '')
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

function signatureOf(
  request: PlainRequest,
  signedHeaders: readonly string[],
  timestamp: string,
  scope: SigningScope,
  secretAccessKey: string,
): string {
  const scopeParts = [scope.date, scope.region, scope.service, TERMINATOR]
  let key: Uint8Array = Buffer.from(`AWS4${secretAccessKey}`)
  for (const part of scopeParts) key = hmac(key, part)
  const hashed = sha256(canonicalRequest(request, signedHeaders))
  return hmac(key, [ALGORITHM, timestamp, scopeParts.join('/'), hashed].join('\n')).toString('hex')
}

function canonicalRequest(request: PlainRequest, signedHeaders: readonly string[]): string {
  const [path = '/', ...query] = request.target.split('?')
  return [
    request.method.toUpperCase(),
    canonicalPath(path),
    canonicalQuery(query.join('?')),
    ...signedHeaders.map((name) => `${name}:${request.headers[name] ?? ''}`),
    '',
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n')
}

// The path on the wire is encoded once; every service but S3 signs it encoded once more, after
// removing dot segments and doubled slashes.
function canonicalPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(encode(segment))
  }
  const trailingSlash = kept.length > 0 && path.endsWith('/') ? '/' : ''
  return `/${kept.join('/')}${trailingSlash}`
}

function canonicalQuery(query: string): string {
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const [name = '', ...value] = pair.split('=')
      return [encode(decode(name)), encode(decode(value.join('=')))]
    })
  // By code unit, never by locale: encoded text is ASCII, so this is the byte order AWS asks for.
  pairs.sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

// Names in lower case; values trimmed, runs of spaces made one, several values of a name joined.
function plainHeaders(headers: SignedRequest['headers']): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const values = typeof value === 'string' ? [value] : value
    plain[name.toLowerCase()] = values.map((one) => one.trim().replace(/ +/g, ' ')).join(',')
  }
  return plain
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

// A stray % is legal on a request line that we only want to check: it stands for itself.
function decode(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    const bytes = Buffer.from(run.replaceAll('%', ''), 'hex')
    return bytes.toString('utf8')
  })
}

function amzTimestamp(now: Date): string {
  return `${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: Uint8Array, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
