// What tokens say of themselves is believed where nothing is granted for it, and never loses a login.

import { describe, expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { openAiTokens } from './openai-tokens.ts'

const AT = Date.UTC(2026, 0, 1)

function token(account: string | null, more: object = {}): string {
  const claims = {
    ...more,
    ...(account !== null && { 'https://api.openai.com/auth': { chatgpt_account_id: account } }),
  }
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
}

const before = {
  id: new Secret(token('acct-1', { email: 'ada@example.test' })),
  access: new Secret(token('acct-1')),
  refresh: new Secret('rt-test-1'),
  accountId: new Secret('acct-1'),
  email: new Secret('ada@example.test'),
}

describe('whose the tokens are', () => {
  it('is seen in an access token that came without an id token', () => {
    const answer = { access_token: token('acct-2'), refresh_token: 'rt-test-2' }
    expect(openAiTokens(answer, before, AT)?.account.id).toBe('acct-2')
  })

  it('is what the id token says, where one came', () => {
    const answer = { id_token: token('acct-2'), access_token: token('acct-1') }
    expect(openAiTokens(answer, before, AT)?.account.id).toBe('acct-2')
  })

  it('stays what it was when the tokens do not say', () => {
    expect(openAiTokens({ access_token: 'opaque-test' }, before, AT)?.account).toMatchObject({
      id: 'acct-1',
      email: 'ada@example.test',
    })
    expect(openAiTokens({ access_token: token(null) }, before, AT)?.account.id).toBe('acct-1')
  })
})

describe('what is only told to people', () => {
  it.each(['jürgen@example.test', 'two words', 'a\nb', '\u202e', 'x'.repeat(1_000)])(
    'never costs the login (%#)',
    (odd) => {
      const claims = { email: odd, 'https://api.openai.com/auth': { chatgpt_plan_type: odd } }
      const id_token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
      const answer = { id_token, access_token: 'at-test-2', refresh_token: 'rt-test-2' }
      const made = openAiTokens(answer, before, AT)
      expect(made?.content.values['refresh']?.expose()).toBe('rt-test-2')
      expect(made?.content.shown).toEqual({ accountId: 'acct-1', email: 'ada@example.test' })
    },
  )
})

describe('when the access token ends', () => {
  it.each(['{"exp":1e999,"iat":1e999}', '{"exp":1e999}', '{"exp":-1e999,"iat":1e999}'])(
    'is a moment, whatever %s says',
    (claims) => {
      const access_token = `e30.${Buffer.from(claims).toString('base64url')}.c2ln`
      const made = openAiTokens({ access_token }, before, AT)
      expect(made?.expiresAt === null || Number.isSafeInteger(made?.expiresAt)).toBe(true)
    },
  )
})
