import { describe, expect, test } from 'vitest'
import { HANDLE, LEASE } from '../../test/support/deliverable.ts'
import type { Delivery } from '../domain/delivery.ts'
import { Secret } from '../domain/secret.ts'
import { readRefreshHandle } from '../domain/token.ts'
import { codex } from './codex.ts'
import type { DeliveryInput } from './harness.ts'

const fields = { id: 'e30.e30.sig', access: 'e30.e31.sig', accountId: 'acct-1', email: 'ada@example.com' }
const credential = {
  name: 'chatgpt',
  type: 'codex/oauth',
  fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, new Secret(value)])),
} as const

function deliver(more: Partial<DeliveryInput> = {}): Delivery {
  return codex.deliver({
    ...{ credential, lease: LEASE, mode: 'env', environment: {}, userFiles: {}, projectFiles: {} },
    helperCommand: () => 'never',
    ...more,
  })
}

function text(delivery: Pick<Delivery, 'files'>, path: string): string {
  return delivery.files.find((file) => file.path === path)?.content.expose() ?? ''
}

describe('a ChatGPT sign-in', () => {
  const issuer = 'http://127.0.0.1:7717/codex'
  const overrides = {
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${issuer}/oauth/token`,
    CODEX_REVOKE_TOKEN_URL_OVERRIDE: `${issuer}/oauth/revoke`,
  }

  test('becomes the auth.json of a login whose refresh token is our handle and whose issuer we are', () => {
    const login = JSON.parse(text(deliver(), 'auth.json'))
    expect(login).toEqual({
      auth_mode: 'chatgpt',
      OPENAI_API_KEY: null,
      tokens: {
        id_token: fields.id,
        access_token: fields.access,
        refresh_token: expect.any(String),
        account_id: 'acct-1',
        oauth_provenance: { issuer, client_id: 'app_EMoamEEZ73f0CkXaXp7hrann' },
      },
      last_refresh: '2026-01-01T00:00:00.000Z',
    })
    const held = readRefreshHandle(login.tokens.refresh_token)
    expect(held).toMatchObject({ handle: HANDLE, generation: 3 })
    expect([held?.isFor('acct-1'), held?.isFor('acct-2')]).toEqual([true, false])
  })

  test('goes with variables for versions that do not read the issuer, and for signing out', () => {
    const environment = {
      CODEX_REFRESH_TOKEN_URL_OVERRIDE: 'https://evil.example',
      CODEX_API_KEY: 'sk-stray',
    }
    const { set, unset, report } = deliver({ environment })
    expect(Object.fromEntries(Object.entries(set).map(([name, value]) => [name, value.expose()]))).toEqual(
      overrides,
    )
    expect(unset).toEqual(expect.arrayContaining(['CODEX_API_KEY', 'CODEX_ACCESS_TOKEN']))
    expect(report).toEqual([
      'set aside: CODEX_API_KEY in the environment',
      'set aside: CODEX_REFRESH_TOKEN_URL_OVERRIDE in the environment',
    ])
  })

  test.each(['http://claviger.example:7717', 'http://10.0.0.7', 'http://127.0.0.1.evil.example'])(
    'is not sent to renew at %s, where others can read along',
    (serverUrl) => {
      expect(() => deliver({ lease: { ...LEASE, serverUrl } })).toThrow('over plain http')
      const { set } = deliver({ lease: { ...LEASE, serverUrl, allowHttp: true } })
      expect(set['CODEX_REFRESH_TOKEN_URL_OVERRIDE']?.expose()).toBe(`${serverUrl}/codex/oauth/token`)
    },
  )

  test.each(['https://claviger.example/', 'http://localhost:7717', 'http://[::1]:7717'])(
    'may renew at %s',
    (serverUrl) => {
      const { set } = deliver({ lease: { ...LEASE, serverUrl } })
      const base = serverUrl.replace(/\/$/, '')
      expect(set['CODEX_REVOKE_TOKEN_URL_OVERRIDE']?.expose()).toBe(`${base}/codex/oauth/revoke`)
    },
  )

  test('is confirmed by the program in its own words, and by no others', () => {
    expect(codex.statusAgrees('codex/oauth', '', 'Logged in using ChatGPT\n')).toBe(true)
    expect(codex.statusAgrees('codex/oauth', '', 'Logged in using personal access token')).toBe(false)
    expect(codex.statusAgrees('codex/oauth', '', 'API key configured - sk-***')).toBe(false)
  })

  test('never leaves the private home', () => {
    const after = text(deliver(), 'auth.json')
    expect(codex.mergeBack('auth.json', { before: null, delivered: '', after, now: null }).text).toBeNull()
    expect(codex.leaves).toContain('auth.json*')
  })

  test('restored, keeps what the program had of its own, once', () => {
    const over = (login: object) => {
      const userFiles = { 'auth.json': JSON.stringify(login) }
      return codex.restore(credential, { environment: {}, userFiles, projectFiles: {} }, LEASE)
    }
    const own = { tokens: { refresh_token: 'rt-test-own' }, last_refresh: '2026-11-01T00:00:00Z' }
    const first = over(own)
    const kept = first.files.find(({ path }) => path === 'auth.json.before-claviger')
    expect(JSON.parse(kept?.content.expose() ?? '')).toEqual(own)
    expect(first.report).toContain(
      "replaced: the machine's own login; what it was is kept in auth.json.before-claviger",
    )
    const written = first.files.find(({ path }) => path === 'auth.json')?.content.expose() ?? '{}'
    expect(over(JSON.parse(written)).files.map(({ path }) => path)).toEqual(['config.toml', 'auth.json'])
    expect(over({ tokens: null }).files).toHaveLength(2)
  })

  test('restored, says which variables it cannot set, and which are in the way', () => {
    const restore = (environment: Record<string, string>) =>
      codex.restore(credential, { environment, userFiles: {}, projectFiles: {} }, LEASE)
    const { files, report } = restore({ CODEX_REVOKE_TOKEN_URL_OVERRIDE: 'https://other.example' })
    expect(JSON.parse(text({ files }, 'auth.json')).tokens.oauth_provenance.issuer).toBe(issuer)
    expect(report).toEqual([
      `set CODEX_REFRESH_TOKEN_URL_OVERRIDE=${issuer}/oauth/token (Codex before 0.166 renews there)`,
      `in the way: another value of CODEX_REVOKE_TOKEN_URL_OVERRIDE=${issuer}/oauth/revoke (\`codex logout\` signs out there)`,
    ])
    expect(restore(overrides).report).toEqual([])
  })
})
