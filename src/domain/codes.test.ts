import { describe, expect, it } from 'vitest'
import {
  codeKind,
  formatCode,
  leaseOfHandle,
  makeUserCode,
  readUserCode,
  showUserCode,
  tokenKind,
} from './token.ts'

describe('a user code', () => {
  it('has eight letters of twenty, shown in two groups', () => {
    expect(showUserCode(makeUserCode(new Uint8Array([0, 1, 2, 3, 19, 20, 239, 255])))).toBe('BCDF-ZBZT')
    expect(makeUserCode(new Uint8Array(3))).toHaveLength(8)
  })

  it.each(['BCDFZBZT', 'BCDF-ZBZT', ' bcdf zbzt\n', 'b-c-d-f-z-b-z-t', 'bcdf\u00a0zbzt'])(
    'is read from %j',
    (text) => expect(readUserCode(text)).toBe('BCDFZBZT'),
  )

  it.each(['', 'BCDF-ZBZ', 'BCDF-ZBZTB', 'ACDF-ZBZT', 'BCDF_ZBZT', 'ÄCDFZBZT', 'B0DFZBZT'])(
    'is not read from %j',
    (text) => expect(readUserCode(text)).toBeNull(),
  )
})

describe('a code', () => {
  it.each(['join', 'device'] as const)('of kind %s knows its kind, and is no token', (kind) => {
    const code = formatCode(kind, new Uint8Array(43).fill(7))
    expect(code.startsWith(`clv_${kind}_`)).toBe(true)
    expect([codeKind(code), tokenKind(code), leaseOfHandle(code)]).toEqual([kind, null, null])
    expect(codeKind(code.replace('7', '8'))).toBeNull()
    expect(codeKind(code.replace(kind, kind === 'join' ? 'device' : 'join'))).toBeNull()
  })
})
