import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { areConflicting, fingerprint, journal, presentedCredentials, redactedRequest } from './journal.ts'

const seen = {
  time: '2026-01-01T00:00:00.000Z',
  provider: 'anthropic',
  method: 'POST',
  path: '/anthropic/v1/messages',
  query: 'key=sk-ant-test-in-the-query',
  credentials: [{ header: 'x-api-key', scheme: 'raw', value: 'sk-ant-test-journal-1' }],
  conflicting: false,
  status: 200,
  userTexts: ['hi'],
  toolResults: ['what sk-ant-test-in-a-result is for'],
  sessions: {},
} as const

describe('presentedCredentials', () => {
  test('finds every credential header, whatever its form', () => {
    const signature =
      'AWS4-HMAC-SHA256 Credential=access-key-1/20260101/r/s/aws4_request, SignedHeaders=host, Signature=0'
    const headers = {
      authorization: [signature],
      'x-amz-security-token': ['session-1'],
      'x-api-key': ['sk-ant-test-1', 'sk-ant-test-2'],
      'proxy-authorization': ['Basic abc'],
      cookie: ['session=1'],
      accept: ['*/*'],
    }
    expect(presentedCredentials(headers, [])).toEqual([
      { header: 'authorization', scheme: 'sigv4', value: 'access-key-1' },
      { header: 'x-api-key', scheme: 'raw', value: 'sk-ant-test-1' },
      { header: 'x-api-key', scheme: 'raw', value: 'sk-ant-test-2' },
      { header: 'x-amz-security-token', scheme: 'raw', value: 'session-1' },
      { header: 'proxy-authorization', scheme: 'raw', value: 'Basic abc' },
      { header: 'cookie', scheme: 'raw', value: 'session=1' },
    ])
  })

  test('shows an empty bearer token as empty', () => {
    expect(presentedCredentials({ authorization: ['Bearer '] }, [])).toEqual([
      { header: 'authorization', scheme: 'bearer', value: '' },
    ])
  })

  test('finds a known secret in a header of another name', () => {
    expect(
      presentedCredentials({ 'x-debug': ['key sk-ant-test-1'], accept: ['*/*'] }, ['sk-ant-test-1']),
    ).toEqual([{ header: 'x-debug', scheme: 'raw', value: 'key sk-ant-test-1' }])
  })
})

test('areConflicting means two askers, not a session token beside its key', () => {
  const bearer = { header: 'authorization', scheme: 'bearer', value: 'a' } as const
  const key = { header: 'x-api-key', scheme: 'raw', value: 'a' } as const
  expect(areConflicting([])).toBe(false)
  expect(areConflicting([bearer, key])).toBe(false)
  expect(areConflicting([bearer, { ...key, value: 'b' }])).toBe(true)
  expect(areConflicting([bearer, { ...key, header: 'x-amz-security-token', value: 'b' }])).toBe(false)
})

test('fingerprint keeps all of a short value back', () => {
  expect(fingerprint('sk-ant-test-1234').suffix).toBe('1234')
  expect(fingerprint('12345678901').suffix).toBe('')
  expect(fingerprint('abc').sha256).toBe(createHash('sha256').update('abc').digest('hex'))
})

test('redactedRequest holds no whole credential', () => {
  const { request } = journal().record(seen)
  const text = JSON.stringify(redactedRequest(request))
  expect(text).toContain('"suffix":"al-1"')
  expect(text).not.toContain('sk-ant-test')
})

describe('journal', () => {
  test('numbers requests, corrects a status and keeps what it gave out apart', () => {
    const log = journal()
    log.record(seen)
    const before = log.all()
    const second = log.record(seen)
    second.answered(500)
    expect(log.all().map(({ id, status }) => [id, status])).toEqual([
      [1, 200],
      [2, 500],
    ])
    expect(before).toHaveLength(1)
    log.clear()
    expect(log.all()).toEqual([])
    expect(log.record(seen).request.id).toBe(3)
  })

  test('drops the oldest above ten thousand', () => {
    const log = journal()
    for (let count = 0; count < 10_001; count += 1) log.record(seen)
    expect(log.all()).toHaveLength(10_000)
    expect(log.all()[0]?.id).toBe(2)
  })
})
