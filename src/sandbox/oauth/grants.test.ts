import { describe, expect, test } from 'vitest'
import {
  createGrants,
  type GrantSettings,
  type Minter,
  type NewLogin,
  type RefreshOptions,
} from './grants.ts'

const account = {
  id: 'acct-1',
  email: 'a@sandbox.invalid',
  plan: 'pro',
  userId: 'user-1',
  organizationId: 'org-1',
  organizationName: 'One',
}
const base: GrantSettings = { rotation: 'strict', graceMs: 1000, accessTokenMs: 60_000, chainMs: null }

function house(settings: Partial<GrantSettings> = {}, refreshable = true) {
  let time = 1_000_000
  let serial = 0
  const minter: Minter = {
    accessToken: (_login, { id }) => `access-${++serial}-${id}`,
    refreshToken: () => `refresh-${++serial}`,
  }
  const grants = createGrants(() => time, { openai: minter, anthropic: minter })
  const wanted: NewLogin = {
    provider: 'openai',
    clientId: 'client-1',
    account,
    scope: 'openid',
    settings: { ...base, ...settings },
    refreshable,
  }
  const tokens = grants.login(wanted)
  const first = tokens.refreshToken ?? ''
  return {
    grants,
    wanted,
    first,
    tokens,
    pass: (ms: number) => {
      time += ms
    },
    /** The new refresh token, or why there is none. */
    use(token: string, options?: RefreshOptions) {
      const result = grants.refresh(token, options)
      return 'tokens' in result ? (result.tokens.refreshToken ?? 'none') : result.refusal
    },
    stateOf: (accessToken: string) => grants.access(accessToken)?.state,
    counters: () => grants.logins()[0]?.counters,
  }
}

describe('strict', () => {
  test('gives a new refresh token for each, which works in turn', () => {
    const { first, use } = house()
    const second = use(first)
    const third = use(second)
    expect(new Set([first, second, third]).size).toBe(3)
    expect(third).toMatch(/^refresh-/)
  })

  test('takes a used token for theft: the login and its access tokens are dead', () => {
    const { first, tokens, use, stateOf, counters, grants } = house()
    const second = use(first)
    const live = grants.logins()[0]?.accessToken ?? ''
    expect([use(first), use(second), use(first)]).toEqual(['reused', 'revoked', 'reused'])
    expect([stateOf(tokens.accessToken), stateOf(live)]).toEqual(['revoked', 'revoked'])
    expect(grants.logins()[0]?.revoked).toBe(true)
    expect(counters()).toEqual({
      refreshCalls: 4,
      refreshes: 1,
      refused: 3,
      reuseDetections: 2,
      minted: 2,
    })
  })

  test('does so for one login only', () => {
    const { first, use, grants, wanted } = house()
    const other = grants.login(wanted).refreshToken ?? ''
    use(first)
    expect(use(first)).toBe('reused')
    expect(use(other)).toMatch(/^refresh-/)
  })
})

describe('grace', () => {
  test('answers a replay with the same child, and counts no other', () => {
    const { first, use, pass, counters, grants } = house({ rotation: 'grace' })
    const child = use(first)
    const access = grants.logins()[0]?.accessToken
    pass(1000)
    expect(grants.refresh(first)).toMatchObject({ tokens: { refreshToken: child, accessToken: access } })
    expect(counters()).toMatchObject({ refreshes: 2, minted: 2, reuseDetections: 0 })
    expect(use(child)).toMatch(/^refresh-/)
  })

  test('is over after its time', () => {
    const { first, use, pass } = house({ rotation: 'grace' })
    const child = use(first)
    pass(1001)
    expect([use(first), use(child)]).toEqual(['reused', 'revoked'])
  })
})

describe('latest-wins', () => {
  test('mints another child for every replay, of which only the last lives', () => {
    const { first, use, pass, stateOf, grants, counters } = house({ rotation: 'latest-wins' })
    const lost = use(first)
    const lostAccess = grants.logins()[0]?.accessToken ?? ''
    pass(500)
    const won = use(first)
    expect(won).not.toBe(lost)
    expect([use(lost), stateOf(lostAccess)]).toEqual(['revoked', 'revoked'])
    expect(use(won)).toMatch(/^refresh-/)
    expect(counters()).toMatchObject({ minted: 4, reuseDetections: 0 })
  })

  test('a replay kills what came of the earlier child', () => {
    const { first, use } = house({ rotation: 'latest-wins' })
    const grandchild = use(use(first))
    const won = use(first)
    expect([use(grandchild), use(won)]).toEqual(['revoked', expect.stringMatching(/^refresh-/)])
  })

  test('is over after its time', () => {
    const { first, use, pass } = house({ rotation: 'latest-wins' })
    const child = use(first)
    pass(1001)
    expect([use(first), use(child)]).toEqual(['reused', 'revoked'])
  })
})

test('static keeps the refresh token and gives new access tokens', () => {
  const { first, use, tokens, grants, stateOf } = house({ rotation: 'static' })
  expect([use(first), use(first)]).toEqual([first, first])
  const latest = grants.logins()[0]?.accessToken ?? ''
  expect(latest).not.toBe(tokens.accessToken)
  expect([stateOf(tokens.accessToken), stateOf(latest)]).toEqual(['ok', 'ok'])
})

describe('time', () => {
  test('ends access tokens, to the millisecond', () => {
    const { tokens, pass, stateOf } = house()
    pass(59_999)
    expect(stateOf(tokens.accessToken)).toBe('ok')
    pass(1)
    expect(stateOf(tokens.accessToken)).toBe('expired')
  })

  test('ends the chain, which refreshing does not extend', () => {
    const { first, use, pass } = house({ chainMs: 10_000 })
    pass(9_000)
    const second = use(first)
    pass(999)
    const third = use(second)
    expect(third).toMatch(/^refresh-/)
    pass(1)
    expect(use(third)).toBe('expired')
  })
})

describe('a refresh', () => {
  test('may leave the token as it is', () => {
    const { first, use } = house()
    expect(use(first, { keep: true })).toBe(first)
    expect(use(first)).not.toBe(first)
  })

  test('may speak of another account, which the login does not become', () => {
    const { first, grants } = house()
    const result = grants.refresh(first, { account: { ...account, id: 'acct-2' } })
    if (!('tokens' in result)) throw new Error(result.refusal)
    expect(result.tokens.account.id).toBe('acct-2')
    expect(grants.access(result.tokens.accessToken)?.account.id).toBe('acct-2')
    expect(grants.logins()[0]?.account.id).toBe('acct-1')
  })

  test('is for the client that signed in, and refused without harm to others', () => {
    const { first, use } = house()
    expect(use(first, { clientId: 'client-2' })).toBe('wrong-client')
    expect(use(first, { clientId: 'client-1' })).toMatch(/^refresh-/)
  })

  test('needs a refresh token there is', () => {
    const { use, grants } = house({}, false)
    expect(use('refresh-none')).toBe('unknown')
    expect(grants.logins()[0]).not.toHaveProperty('refreshToken')
  })
})

describe('revoking', () => {
  test('a login refuses all of it', () => {
    const { first, tokens, use, grants, stateOf } = house()
    grants.revokeLogin('login-1')
    expect([use(first), stateOf(tokens.accessToken)]).toEqual(['revoked', 'revoked'])
  })

  test('an access token refuses nothing else', () => {
    const { first, tokens, use, grants, stateOf } = house()
    grants.revokeAccessToken(tokens.accessToken)
    expect(stateOf(tokens.accessToken)).toBe('revoked')
    expect(use(first)).toMatch(/^refresh-/)
  })

  test('what there is not throws', () => {
    const { grants } = house()
    expect(() => grants.revokeLogin('login-9')).toThrow('no login')
    expect(() => grants.revokeAccessToken('access-9')).toThrow('not minted')
    expect(() => grants.configure('login-9', {})).toThrow('no login')
  })
})

test('settings of a login may change under way', () => {
  const { first, use, grants } = house()
  grants.configure('login-1', { rotation: 'static' })
  expect(use(first)).toBe(first)
})
