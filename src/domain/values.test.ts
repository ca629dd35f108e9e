// R1 (shapes), O10 (limits), and what bad input gets: one sentence, what to type next, and never the value.

import { describe, expect, it } from 'vitest'
import { CREDENTIAL_TYPE_NAMES, CREDENTIAL_TYPES } from './credential-types.ts'
import { ClavigerError } from './errors.ts'
import { checkFields, checkSomeFields, MAX_ENVIRONMENT_STRING } from './values.ts'

function refusal(work: () => unknown): ClavigerError {
  try {
    work()
  } catch (error) {
    if (error instanceof ClavigerError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('checkFields', () => {
  it('trims the ends, splits public from secret, and shows only the last four characters', () => {
    const checked = checkFields('codex/api-key', 'main', {
      key: '  sk-test-0123456789abcd\n',
      baseUrl: 'https://us.api.openai.com/v1',
    })
    expect(checked.values['key']?.expose()).toBe('sk-test-0123456789abcd')
    expect(checked.shown).toEqual({ baseUrl: 'https://us.api.openai.com/v1' })
    expect(checked.suffix).toBe('abcd')
  })

  it('shows nothing of a short value or of a raw secret', () => {
    expect(checkFields('claude/api-key', 'x', { key: 'sk-ant-short' }).suffix).toBe('')
    expect(checkFields('raw', 'TOKEN', { value: 'a long raw value of text' }).suffix).toBe('')
  })

  it.each([
    [
      'a wrong shape',
      'claude/api-key',
      { key: 'wrong-0123456789' },
      'invalid',
      /it should start with sk-ant-/,
    ],
    ['an empty value', 'claude/api-key', { key: ' \n' }, 'invalid', /is empty/],
    [
      'a line break inside',
      'claude/api-key',
      { key: 'sk-ant-one\nsk-ant-two' },
      'invalid',
      /line break inside/,
    ],
    ['200 KB', 'claude/api-key', { key: `sk-ant-${'x'.repeat(200_000)}` }, 'too_large', /too long/],
    [
      'a setup token as a key',
      'claude/api-key',
      { key: 'sk-ant-oat01-test' },
      'invalid',
      /claude\/setup-token/,
    ],
    ['a Claude key for Codex', 'codex/api-key', { key: 'sk-ant-api-test' }, 'invalid', /claude\/api-key/],
    ['a bad access key id', 'claude/bedrock-access-key', { accessKeyId: 'XKIA123' }, 'invalid', /AKIA/],
    ['a bad region', 'claude/bedrock-api-key', { region: 'mars' }, 'invalid', /us-east-1/],
    ['an unknown field', 'claude/api-key', { kee: 'x' }, 'invalid', /no field/],
    ['a base URL with a user', 'codex/api-key', { baseUrl: 'https://me@host/v1' }, 'invalid', /base URL/],
  ] as const)('refuses %s', (_, type, fields, code, message) => {
    const error = refusal(() => checkSomeFields(type, 'main', fields))
    expect(error.code).toBe(code)
    expect(`${error.message} ${error.hint}`).toMatch(message)
    expect(error.hint).toBeTruthy()
    for (const value of Object.values(fields)) {
      if (value.trim().length > 8) expect(`${error.message} ${error.hint}`).not.toContain(value)
    }
  })

  it.each([
    ...['https://gateway.example.test', 'https://us.api.openai.com/v1', 'http://localhost:8080/v1'],
    ...['http://127.0.0.1/v1', 'http://127.9.9.9:1/v1', 'http://[::1]:8080', 'HTTP://LOCALHOST'],
  ])('takes the base URL %s', (baseUrl) => {
    expect(checkSomeFields('codex/api-key', 'x', { baseUrl }).shown).toEqual({ baseUrl })
  })

  it.each([
    ...['http://gateway.example.test/v1', 'http://10.0.0.1/v1', 'http://127.0.0.1.example.test/v1'],
    ...[
      'http://localhost.example.test',
      'http://localhost@example.test',
      'http://128.0.0.1',
      'http://[::2]/',
    ],
    ...[
      'ftp://localhost',
      'https://',
      'http:localhost',
      'http://127.0.0.1\\@example.test',
      'http://localhost:1@x',
    ],
  ])('refuses the base URL %s: a key would leave this machine readable for others', (baseUrl) => {
    const { code, message } = refusal(() => checkSomeFields('codex/api-key', 'x', { baseUrl }))
    expect([code, message]).toEqual([
      'invalid',
      'The base URL does not look right: it should be an https URL (http on this machine only).',
    ])
  })

  it('names a missing field', () => {
    expect(refusal(() => checkFields('claude/bedrock-api-key', 'x', { token: 'ABSK-test' })).message).toMatch(
      /AWS region is missing/,
    )
  })

  it('keeps line breaks inside a raw secret', () => {
    expect(checkFields('raw', 'PEM', { value: 'a\nb\n' }).values['value']?.expose()).toBe('a\nb')
  })

  it('counts the name of the variable into the limit', () => {
    const room = MAX_ENVIRONMENT_STRING - 'BIG='.length
    expect(checkFields('raw', 'BIG', { value: 'x'.repeat(room) }).values['value']?.length).toBe(room)
    expect(refusal(() => checkFields('raw', 'BIG', { value: 'x'.repeat(room + 1) })).code).toBe('too_large')
  })

  it.each(['PATH', 'LD_PRELOAD', 'NODE_OPTIONS', 'CLAVIGER_TOKEN', '1UP', 'a-b', 'a.b'])(
    'refuses a raw secret named %s',
    (name) => {
      expect(refusal(() => checkFields('raw', name, { value: 'x' })).code).toBe('invalid')
    },
  )
})

describe('the types table (O1, O13)', () => {
  it.each(CREDENTIAL_TYPE_NAMES)(
    '%s says where to get one, which rights it needs and what it bills',
    (name) => {
      const type = CREDENTIAL_TYPES[name]
      for (const text of [type.title, type.whereToGet, type.rights, type.bills]) expect(text).not.toBe('')
      expect(type.fields.some((field) => field.name === type.suffixOf && field.secret)).toBe(true)
    },
  )

  it('orders the types of a harness without ties', () => {
    for (const harness of ['claude', 'codex']) {
      const orders = Object.values(CREDENTIAL_TYPES)
        .filter((type) => type.harness === harness)
        .map((type) => type.order)
      expect(new Set(orders).size).toBe(orders.length)
    }
  })
})
