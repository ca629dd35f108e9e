import { describe, expect, test } from 'vitest'
import { parseAuthorization, signingTime, signRequest, verifySignature } from './sigv4.ts'

// The key pair, the instant and the signatures are those AWS published with its Signature Version 4 test
// suite; the IAM request is the worked example of the AWS documentation.
const keys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: ['wJalrXUtnFEMI', 'K7MDENG+bPxRfiCYEXAMPLEKEY'].join('/'),
}
const now = new Date('2015-08-30T12:36:00Z')
const suiteSessionToken = [
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflf',
  'KD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd',
  '8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3i',
  'SIlTJabIQwj2ICCR/oLxBA==',
].join('')

type Vector = {
  name: string
  method: string
  url: string
  headers?: Record<string, string>
  body?: string
  sessionToken?: string
  service?: string
  signedHeaders: string
  signature: string
}

const host = 'https://example.amazonaws.com'
const unreserved = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const vectors: Vector[] = [
  {
    name: 'get-vanilla',
    method: 'GET',
    url: `${host}/`,
    signedHeaders: 'host;x-amz-date',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'get-vanilla-query-order-key-case',
    method: 'GET',
    url: `${host}/?Param2=value2&Param1=value1`,
    signedHeaders: 'host;x-amz-date',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-unreserved',
    method: 'GET',
    url: `${host}/${unreserved}`,
    signedHeaders: 'host;x-amz-date',
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  {
    name: 'get-slashes',
    method: 'GET',
    url: `${host}//example//`,
    signedHeaders: 'host;x-amz-date',
    signature: '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
  },
  {
    name: 'post-vanilla',
    method: 'POST',
    url: `${host}/`,
    signedHeaders: 'host;x-amz-date',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'post-header-value-case',
    method: 'POST',
    url: `${host}/`,
    headers: { 'My-Header1': 'VALUE1' },
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    url: `${host}/`,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'Param1=value1',
    signedHeaders: 'content-type;host;x-amz-date',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
  {
    name: 'post-sts-header-before',
    method: 'POST',
    url: `${host}/`,
    sessionToken: suiteSessionToken,
    signedHeaders: 'host;x-amz-date;x-amz-security-token',
    signature: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  },
  {
    name: 'the documented IAM ListUsers example',
    method: 'GET',
    url: 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
    service: 'iam',
    signedHeaders: 'content-type;host;x-amz-date',
    signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  },
]

describe('signRequest', () => {
  test.each(vectors)('signs $name as AWS published it', (vector) => {
    const { method, url, headers = {}, body = '', sessionToken, service = 'service' } = vector
    const session = sessionToken === undefined ? {} : { sessionToken }
    const added = signRequest({
      method,
      url,
      headers,
      body,
      service,
      region: 'us-east-1',
      ...keys,
      ...session,
      now,
    })
    const scope = `20150830/us-east-1/${service}/aws4_request`
    expect(added.authorization).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${vector.signedHeaders}, Signature=${vector.signature}`,
    )
    expect(added['x-amz-date']).toBe('20150830T123600Z')
    expect(added['x-amz-security-token']).toBe(sessionToken)
  })
})

describe('verifySignature', () => {
  const url =
    'https://bedrock-runtime.eu-central-1.amazonaws.com/model/eu.vendor.model-v1%3A0/invoke?a=b%20c&a='
  const sent = { method: 'POST', url, headers: { 'content-type': 'application/json' }, body: '{"a":1}' }
  const session = { sessionToken: 'session-token-1' }
  const added = signRequest({
    ...sent,
    service: 'bedrock',
    region: 'eu-central-1',
    ...keys,
    ...session,
    now,
  })
  const arrived = {
    method: 'POST',
    target: '/model/eu.vendor.model-v1%3A0/invoke?a=b%20c&a=',
    headers: {
      Host: 'bedrock-runtime.eu-central-1.amazonaws.com',
      'Content-Type': 'application/json',
      ...added,
    },
    body: Buffer.from('{"a":1}'),
  }
  const claim = parseAuthorization(added.authorization ?? '')
  if (claim === undefined) throw new Error('a signature of our own must parse')

  test('accepts what signRequest signed', () => {
    expect(claim).toMatchObject({ accessKeyId: 'AKIDEXAMPLE', region: 'eu-central-1', service: 'bedrock' })
    expect(verifySignature(arrived, claim, keys.secretAccessKey)).toBe(true)
  })

  test('accepts headers given as lists', () => {
    const headers = Object.fromEntries(
      Object.entries(arrived.headers).map(([name, value]) => [name, [value]]),
    )
    expect(verifySignature({ ...arrived, headers }, claim, keys.secretAccessKey)).toBe(true)
  })

  test.each([
    ['another secret', arrived, claim, 'another-secret'],
    ['another body', { ...arrived, body: '{"a":2}' }, claim, keys.secretAccessKey],
    ['another method', { ...arrived, method: 'PUT' }, claim, keys.secretAccessKey],
    ['another path', { ...arrived, target: '/model/other/invoke?a=b%20c&a=' }, claim, keys.secretAccessKey],
    ['another query', { ...arrived, target: `${arrived.target}&more=1` }, claim, keys.secretAccessKey],
    [
      'another session token',
      { ...arrived, headers: { ...arrived.headers, 'x-amz-security-token': 'session-token-2' } },
      claim,
      keys.secretAccessKey,
    ],
    ['another region', arrived, { ...claim, region: 'us-east-1' }, keys.secretAccessKey],
    ['another day', arrived, { ...claim, date: '20150831' }, keys.secretAccessKey],
    [
      'an unsigned session token',
      arrived,
      { ...claim, signedHeaders: claim.signedHeaders.filter((name) => name !== 'x-amz-security-token') },
      keys.secretAccessKey,
    ],
  ])('refuses %s', (_, request, claimed, secret) => {
    expect(verifySignature(request, claimed, secret)).toBe(false)
  })

  test('copes with a malformed escape in the query', () => {
    expect(verifySignature({ ...arrived, target: '/?%zz=%' }, claim, keys.secretAccessKey)).toBe(false)
  })
})

describe('parseAuthorization', () => {
  test.each([
    'Bearer x',
    'AWS4-HMAC-SHA256 ',
    'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=x',
  ])('is undefined for %j', (header) => expect(parseAuthorization(header)).toBeUndefined())
})

test('signingTime reads x-amz-date', () => {
  expect(signingTime('20150830T123600Z')).toBe(now.getTime())
  expect(signingTime('yesterday')).toBeUndefined()
  expect(signingTime(undefined)).toBeUndefined()
})
