// Where a sign-in leads to is a place of this console, whatever stands in the address.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { safeNext } from '../../console/src/next.ts'

const OURS = 'https://claviger.test'

it.each(['/', '/runs', '/credentials?state=ok&owner=team:a', '/device?code=ABCD-EFGH', '/runs?next=//a'])(
  '%s',
  (path) => {
    expect(safeNext(path)).toBe(path)
  },
)

it.each([
  '//evil.test',
  '/\\evil.test',
  '\\\\evil.test',
  'https://evil.test',
  'javascript:alert(1)',
  'evil.test',
  ' //evil.test',
  '/\t/evil.test',
  '/\n/evil.test',
  '/a//evil.test',
  '/.//evil.test',
  '/a/..//evil.test',
  '',
  undefined,
])('%j leads to the overview', (path) => {
  expect(safeNext(path)).toBe('/')
})

it('is never an address of somebody else', () => {
  const part = fc.constantFrom(
    '/',
    '\\',
    '.',
    '@',
    ':',
    '\t',
    '\n',
    ' ',
    'evil.test',
    'javascript',
    'https',
    '?',
    '#',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 8 }), (parts) => {
      expect(new URL(safeNext(parts.join('')), OURS).origin).toBe(OURS)
    }),
    { numRuns: 2000 },
  )
})
