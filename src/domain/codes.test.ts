import { describe, expect, it } from 'vitest'
import {
  codeKind,
  formatCode,
  formatHandle,
  formatRefreshHandle,
  leaseOfHandle,
  makeUserCode,
  readRefreshHandle,
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

describe('what stands in the place of a refresh token', () => {
  const handle = formatHandle('lease_0123456789abcdef0123456789abcdef', new Uint8Array(48).fill(7))
  const text = formatRefreshHandle(handle, 12, 'acct-1')

  it('holds the handle, the generation and whose it is', () => {
    const held = readRefreshHandle(text)
    expect(held).toMatchObject({ handle, generation: 12 })
    expect(held?.isFor('acct-1')).toBe(true)
    for (const account of ['acct-2', '', 'acct-1 ']) expect(held?.isFor(account)).toBe(false)
  })

  it('is for nobody when its number was changed', () => {
    expect(readRefreshHandle(text.replace('~12~', '~13~'))?.isFor('acct-1')).toBe(false)
  })

  it('is no token for anything else', () => {
    expect(tokenKind(text)).toBeNull()
    expect(leaseOfHandle(text)).toBeNull()
  })

  it.each([
    ['', 'nothing'],
    [handle, 'a bare handle'],
    [`${handle}~12`, 'no sum'],
    [text.replace('~12~', '~012~'), 'a zero before the number'],
    [text.replace('~12~', '~0~'), 'the number 0'],
    [text.replace('~12~', '~1234567890~'), 'a number too long'],
    [`${text} `, 'a blank behind it'],
    [text.replace('clv_lease_0', 'clv_lease_1'), 'a damaged handle'],
    [text.replace('clv_lease_', 'clv_api_'), 'a token of another kind'],
  ])('is not read from %s (%s)', (damaged) => expect(readRefreshHandle(damaged)).toBeNull())
})
