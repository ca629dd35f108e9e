import { describe, expect, it } from 'vitest'
import { readPasted } from './pasted-code.ts'

const CALLBACK = 'http://localhost:1455/auth/callback'

describe('what people paste', () => {
  it.each([
    ['a bare code', ' ac_1.x-y~z \n', 'ac_1.x-y~z', null],
    ['code#state', 'ac_1#st-2', 'ac_1', 'st-2'],
    ['a query string', 'code=ac_1&scope=openid&state=st-2', 'ac_1', 'st-2'],
    ['one with a question mark', '?state=st-2&code=ac_1', 'ac_1', 'st-2'],
    ['a whole address', `${CALLBACK}?code=ac_1&state=st-2`, 'ac_1', 'st-2'],
    ['an address with a fragment', `${CALLBACK}?code=ac_1&state=st-2#_=_`, 'ac_1', 'st-2'],
    ['a quoted address', `"${CALLBACK}?code=ac_1"`, 'ac_1', null],
    ['a code that is escaped', `${CALLBACK}?code=ac%2F1&state=st%2B2`, 'ac/1', 'st+2'],
  ])('%s', (_, pasted, code, state) => {
    expect(readPasted(pasted)).toEqual({ kind: 'code', code, state })
  })

  it.each([
    ['a refusal', `${CALLBACK}?error=access_denied&state=st-2`, 'st-2'],
    ['a refusal beside a code', '?error=x&code=ac_1', null],
  ])('%s', (_, pasted, state) => {
    expect(readPasted(pasted)).toEqual({ kind: 'refused', state })
  })

  it.each([
    '',
    '   ',
    'two words',
    CALLBACK,
    `${CALLBACK}?state=st-2`,
    '?code=',
    '?code=a%0Ab',
    'a#b#c',
    '#state',
    'x'.repeat(9000),
  ])('nothing: %j', (pasted) => {
    expect(readPasted(pasted)).toBeNull()
  })
})
