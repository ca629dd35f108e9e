import { describe, expect, it } from 'vitest'
import { checkEmail, checkTitle } from './email.ts'

describe('an e-mail address', () => {
  it.each([
    'ada@example.com',
    'owner@claviger.local',
    'a.b+tag@sub.example.co',
    "o'neil@x-y.test",
    `${'a'.repeat(64)}@example.com`,
  ])('may be %s', (text) => {
    expect(checkEmail(text)).toBe(text)
  })

  it('is kept in lower case', () => {
    expect(checkEmail('Ada@Example.COM')).toBe('ada@example.com')
  })

  it.each([
    '',
    'ada',
    'ada@',
    '@example.com',
    'ada@localhost',
    'a@b@example.com',
    'ada @example.com',
    'ada\n@example.com',
    'ada@example.com\u202e',
    '"ada"@example.com',
    '.ada@example.com',
    'a..b@example.com',
    'ada@-x.com',
    'ada@example..com',
    'ada@example.com.',
    'ädä@example.com',
    '<ada@example.com>',
    `${'a'.repeat(65)}@example.com`,
    `ada@${'a.'.repeat(130)}com`,
  ])('may not be %j', (text) => {
    expect(() => checkEmail(text)).toThrow(/is not an e-mail address/)
  })

  it('is refused in a time that grows with its length only', () => {
    const started = performance.now()
    for (const text of [`${'a.'.repeat(500_000)}@`, `a@${'a-'.repeat(500_000)}`, '@'.repeat(1_000_000)]) {
      expect(() => checkEmail(text)).toThrow()
    }
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('the name of a person or an organization', () => {
  it('loses the blanks around it', () => {
    expect(checkTitle('  Ada Lovelace ')).toBe('Ada Lovelace')
    expect(checkTitle('Ämter & Söhne')).toBe('Ämter & Söhne')
  })

  it.each(['', '   ', 'a\nb', 'a\u001b[31m', 'a\u202eb', 'x'.repeat(101)])('may not be %j', (text) => {
    expect(() => checkTitle(text)).toThrow(/cannot be a name/)
  })
})
