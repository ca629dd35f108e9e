import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor, REDACTED } from './redaction.ts'

const KEY = 'sk-ant-test-AbC/dE+f?g="h"\\i~0123456789'

function inChunks(secrets: readonly string[], chunks: readonly string[]): string {
  const redactor = createRedactor(secrets)
  return chunks.map((chunk) => redactor.push(chunk)).join('') + redactor.flush()
}

function base64Of(before: string, secret: string, after: string): string {
  return Buffer.from(before + secret + after).toString('base64')
}

/** The secret as programs print it: name → text. */
function forms(secret: string): Record<string, string> {
  const bytes = Buffer.from(secret)
  const json = JSON.stringify(secret).slice(1, -1)
  return {
    'as it is': secret,
    JSON: json,
    'JSON in JSON': JSON.stringify(json).slice(1, -1),
    'JSON with escaped slashes': json.replaceAll('/', '\\/'),
    'URL-encoded': encodeURIComponent(secret),
    'URL-encoded in small letters': encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
    'a form': new URLSearchParams({ a: secret }).toString().slice(2),
    'a URL': encodeURI(secret),
    hex: bytes.toString('hex'),
    HEX: bytes.toString('hex').toUpperCase(),
    'base64 1': base64Of('', secret, ''),
    'base64 2': base64Of('u', secret, ':p'),
    'base64 3': base64Of('us', secret, ''),
    base64url: bytes.toString('base64url'),
    'base64 in lines': base64Of('name:', secret, '\n').replace(/.{20}/g, '$&\n'),
    'base64 in lines in JSON': base64Of('name:', secret, '\n').replace(/.{20}/g, '$&\\n'),
    'hex in bytes': bytes.toString('hex').replace(/../g, '$& '),
  }
}

describe('a secret', () => {
  test.each(Object.entries(forms(KEY)))('is found as %s, however it is cut', (_name, text) => {
    for (let at = 0; at <= text.length; at += 1) {
      const out = inChunks([KEY], ['before ', text.slice(0, at), text.slice(at), ' after'])
      expect(out).toMatch(/^before \S{0,12}\[redacted\][\s\S]{0,12} after$/)
    }
  })

  test('is found one unit at a time, twice in a row and within another', () => {
    const text = `a${KEY}${KEY}b sk-ant-test-inner-and-more c`
    const secrets = [KEY, 'sk-ant-test-inner', 'inner-and-more']
    expect(inChunks(secrets, [...text])).toBe(`a${REDACTED}${REDACTED}b ${REDACTED} c`)
    expect(createRedactor(secrets).redact(text)).toBe(`a${REDACTED}${REDACTED}b ${REDACTED} c`)
  })

  test('of several lines is found line by line, whatever stands between them', () => {
    const inner = ['MIIEvQIBADANBgkqhkiG9w0BAQEF', 'q1w2e3r4t5y6u7i8o9p0ABCDEFGH']
    const key = ['-----BEGIN PRIVATE KEY-----', ...inner, 'short', '-----END PRIVATE KEY-----', ''].join('\n')
    const { redact } = createRedactor([key])
    const numbered = key
      .split('\n')
      .map((line, i) => `${i + 1}\t${line}`)
      .join('\n')
    for (const text of [numbered, key.replaceAll('\n', '\r\n'), key.trim(), JSON.stringify(numbered)])
      for (const line of inner) expect(redact(text)).not.toContain(line)
    expect(redact(`one line: ${inner[1]}.`)).toBe(`one line: ${REDACTED}.`)
    expect(redact('-----BEGIN PRIVATE KEY----- short')).toBe('-----BEGIN PRIVATE KEY----- short')
  })

  test('of fewer than eight units is left alone', () => {
    expect(inChunks(['1234567', ''], ['1234567'])).toBe('1234567')
  })

  test('that was cut in two by somebody else is not recognised', () => {
    expect(inChunks([KEY], [KEY.slice(0, -1)])).toBe(KEY.slice(0, -1))
  })
})

test('no more is held back than what may become a secret', () => {
  const redactor = createRedactor(['secret-0123456789'])
  expect(redactor.push('hello, secret')).toBe('hello, ')
  expect(redactor.push('-01234')).toBe('')
  expect(redactor.push('x')).toBe('secret-01234x')
  expect(redactor.push('secret-0123456789')).toBe(REDACTED)
  expect(redactor.push('secre')).toBe('')
  expect(redactor.flush()).toBe('secre')
  expect(redactor.push('t-0123456789')).toBe('t-0123456789')
  expect(redactor.flush()).toBe('')
})

test('a flood of what may become a secret is not kept', () => {
  const redactor = createRedactor(['a'.repeat(50)])
  let out = ''
  for (let count = 0; count < 1000; count += 1) out += redactor.push('a'.repeat(100))
  out += redactor.push(`a${'\n'.repeat(100_000)}`)
  expect(out).toMatch(/^\[redacted\]\n+$/)
  expect(out.length).toBe(REDACTED.length + 100_000)
})

test('the time it takes grows with the text, not with the secrets in it', () => {
  const many = Array.from({ length: 50 }, (_, index) => `sk-ant-test-${'ab'.repeat(40)}${index}`)
  const redactor = createRedactor(many)
  const text = `${'sk-ant-test-ab'.repeat(10)}${'ab'.repeat(1000)} `.repeat(200)
  const began = performance.now()
  expect(redactor.redact(text)).toBe(text)
  expect(performance.now() - began).toBeLessThan(10_000)
})

const secretText = fc
  .oneof(
    fc.string({ minLength: 8, maxLength: 60 }),
    fc.string({ minLength: 8, maxLength: 60, unit: 'binary' }),
    fc.base64String({ minLength: 8, maxLength: 120 }),
    fc.string({ minLength: 8, maxLength: 20, unit: fc.constantFrom('a', 'b') }),
  )
  // A value that our own mark, or what it is put beside, could make up.
  .filter((secret) => secret.length >= 8 && /[^\s\\nrt]/.test(secret) && !REDACTED.includes(secret))

test('property: no form of any secret gets out, however the text is cut', () => {
  const piece = (secrets: string[]) =>
    fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.tuple(fc.constantFrom(...secrets), fc.nat()).map(([secret, which]) => {
        const all = Object.values(forms(secret))
        return all[which % all.length] ?? ''
      }),
    )
  const input = fc.array(secretText, { minLength: 1, maxLength: 3 }).chain((secrets) =>
    fc.record({
      secrets: fc.constant(secrets),
      text: fc.array(piece(secrets), { maxLength: 8 }).map((pieces) => pieces.join('|')),
      cuts: fc.array(fc.nat(), { maxLength: 20 }),
    }),
  )
  fc.assert(
    fc.property(input, ({ secrets, text, cuts }) => {
      const places = [...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b)
      const chunks = places.map((place, index) => text.slice(places[index - 1] ?? 0, place))
      const out = inChunks(secrets, chunks)
      const pieces = out.split(REDACTED)
      for (const secret of secrets) {
        const whole = Object.entries(forms(secret)).filter(([name]) => !/base64 [123i]|bytes/.test(name))
        for (const [, form] of whole) for (const part of pieces) expect(part).not.toContain(form)
      }
      expect(out).toBe(createRedactor(secrets).redact(text))
    }),
    { numRuns: 500 },
  )
})

test('property: a text without a secret is the same afterwards', () => {
  const text = fc.string({ maxLength: 300, unit: 'binary' })
  fc.assert(
    fc.property(fc.array(fc.uuid(), { maxLength: 5 }), fc.array(text), (secrets, chunks) => {
      expect(inChunks(secrets, chunks)).toBe(chunks.join(''))
    }),
  )
})
