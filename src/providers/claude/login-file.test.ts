import { describe, expect, test } from 'vitest'
import { Secret } from '../../domain/secret.ts'
import { holdsTokens, readEmail, readLoginFile } from './login-file.ts'

// As claude 2.1.330 wrote it.
const login = {
  accessToken: 'sk-ant-oat01-test-access',
  refreshToken: 'sk-ant-ort01-test-refresh',
  expiresAt: 1_795_391_265_085,
  refreshTokenExpiresAt: 1_797_954_482_330,
  scopes: ['user:inference', 'user:profile', 'user:sessions:claude_code'],
  subscriptionType: 'max',
  subscriptionTypeSource: 'profile',
  rateLimitTier: 'default_claude_max_20x',
  accountUuid: '22222222-2222-4222-8222-222222222222',
  organizationUuid: '11111111-1111-4111-8111-111111111111',
}

function read(kept: unknown, beside: object = {}) {
  return readLoginFile(new Secret(JSON.stringify({ claudeAiOauth: kept, ...beside })))
}

const without = (key: keyof typeof login) => ({ ...login, [key]: undefined })

describe('a login file', () => {
  test('of 2.1.330 is read whole', () => {
    const reading = read(login, { mcpOAuth: { other: 1 } })
    expect(reading.login).toMatchObject({
      expiresAt: 1_795_391_265_085,
      refreshExpiresAt: 1_797_954_482_330,
      scopes: login.scopes,
      accountId: login.accountUuid,
      organizationId: login.organizationUuid,
      subscriptionType: 'max',
      rateLimitTier: 'default_claude_max_20x',
    })
    expect(reading.login?.access.expose()).toBe(login.accessToken)
    expect(reading.login?.refresh.expose()).toBe(login.refreshToken)
    expect(JSON.stringify(reading)).not.toContain('sk-ant-')
  })

  test('of 2.1.197 knows no account and no end of the chain', () => {
    const { refreshTokenExpiresAt: _r, accountUuid: _a, organizationUuid: _o, ...older } = login
    expect(read(older).login).toMatchObject({ accountId: null, organizationId: null, refreshExpiresAt: null })
  })

  test('written while the profile could not be asked for has nulls', () => {
    const reading = read({ ...login, subscriptionType: null, rateLimitTier: null })
    expect(reading.login).toMatchObject({ subscriptionType: null, rateLimitTier: null })
  })

  test.each([
    [
      'emptied after a refused renewal',
      JSON.stringify({ claudeAiOauth: { accessToken: '', refreshToken: '', expiresAt: 0 } }),
    ],
    ['of an answer that could not be used', '{}'],
    ['with grants of MCP servers only', '{"mcpOAuth":{}}'],
  ])('%s holds no login', (_, text) => {
    expect(readLoginFile(new Secret(text))).toMatchObject({ login: null, fault: 'blank' })
  })

  test.each<[string, unknown, string]>([
    ['without scopes', without('scopes'), 'scopes'],
    ['with an empty list of scopes', { ...login, scopes: [] }, 'scopes'],
    ['with scopes as a text', { ...login, scopes: 'user:inference user:profile' }, 'scopes'],
    ['without the scope that is needed', { ...login, scopes: ['user:profile'] }, 'scopes'],
    ['with a scope that is no word', { ...login, scopes: ['user:inference', 'a b'] }, 'scopes'],
    ['without a refresh token', without('refreshToken'), 'refreshToken'],
    ['with an empty access token alone', { ...login, accessToken: '' }, 'accessToken'],
    ['with a line break in a token', { ...login, accessToken: 'sk-ant-oat01-test\n' }, 'accessToken'],
    ['with a token that is no text', { ...login, refreshToken: 7 }, 'refreshToken'],
    ['with a huge token', { ...login, accessToken: 'x'.repeat(9000) }, 'accessToken'],
    ['without an expiry', without('expiresAt'), 'expiresAt'],
    ['with expiry 0', { ...login, expiresAt: 0 }, 'expiresAt'],
    ['with an expiry in seconds', { ...login, expiresAt: 1_795_391_265 }, 'expiresAt'],
    ['with an expiry as a text', { ...login, expiresAt: '1795391265085' }, 'expiresAt'],
    ['with an expiry after this century', { ...login, expiresAt: 9e15 }, 'expiresAt'],
    ['with a broken number', { ...login, expiresAt: 1_795_391_265_085.5 }, 'expiresAt'],
  ])('%s is refused, naming the key and no value', (_, kept, key) => {
    const reading = read(kept)
    expect(reading).toMatchObject({ login: null, fault: 'malformed', message: expect.stringContaining(key) })
    expect(JSON.stringify(reading)).not.toMatch(/sk-ant|test/)
  })

  // A renewal has spent the old token by then: to refuse the file would end the login.
  test.each<[string, object, object]>([
    ['an account that is no UUID', { accountUuid: 'me' }, { accountId: null }],
    ['an organization that is no UUID', { organizationUuid: 7 }, { organizationId: null }],
    ['a plan that is no text', { subscriptionType: { max: true } }, { subscriptionType: null }],
    ['a tier that is too long', { rateLimitTier: 'x'.repeat(101) }, { rateLimitTier: null }],
    ['an end of the chain in seconds', { refreshTokenExpiresAt: 1_797_954_482 }, { refreshExpiresAt: null }],
  ])('with %s still has its tokens', (_, odd, known) => {
    const reading = read({ ...login, ...odd })
    expect(reading.login).toMatchObject({ scopes: login.scopes, ...known })
    expect(reading.login?.refresh.expose()).toBe(login.refreshToken)
  })

  test.each([
    ['no JSON', 'sk-ant-oat01-test'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a login that is a text', '{"claudeAiOauth":"sk-ant-oat01-test"}'],
    ['a login that is a list', '{"claudeAiOauth":[]}'],
    ['huge', `{"claudeAiOauth":${' '.repeat(300_000)}{}}`],
  ])('%s is refused', (_, text) => {
    const reading = readLoginFile(new Secret(text))
    expect(reading).toMatchObject({ login: null, fault: 'malformed' })
    expect(JSON.stringify(reading)).not.toContain('sk-ant')
  })
})

test('tokens are kept however odd the rest, and a file half written is none', () => {
  expect(holdsTokens('{"claudeAiOauth":{"accessToken":"x","expiresAt":"odd"}}')).toBe(true)
  for (const text of [
    '',
    '{"claudeAiOauth":{"accessToken":"x"',
    '{}',
    '{"claudeAiOauth":{"accessToken":""}}',
    'null',
  ])
    expect(holdsTokens(text)).toBe(false)
})

test('the e-mail address is read where claude notes it', () => {
  expect(readEmail('{"oauthAccount":{"emailAddress":"a@example.com"}}')).toBe('a@example.com')
  for (const text of [
    '',
    '{}',
    '{"oauthAccount":{"emailAddress":"nobody"}}',
    '{"oauthAccount":{"emailAddress":7}}',
  ])
    expect(readEmail(text)).toBeNull()
})
