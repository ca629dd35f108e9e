import { describe, expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { sha256 } from '../lib/digest.ts'
import { anthropicRenewer } from './anthropic-login.ts'
import { readLoginFile } from './claude/login-file.ts'
import type { RenewalOutcome } from './login-program.ts'

const ACCOUNT = '11111111-1111-4111-8111-111111111111'

function fileOf(more: object = {}): Secret {
  const claudeAiOauth = {
    accessToken: 'sk-ant-oat01-test-new',
    refreshToken: 'sk-ant-ort01-test-new',
    expiresAt: 1_800_000_000_000,
    scopes: ['user:inference', 'user:profile'],
    ...more,
  }
  return new Secret(JSON.stringify({ claudeAiOauth, mcpOAuth: { other: 1 } }))
}

const before = {
  access: new Secret('sk-ant-oat01-test-old'),
  refresh: new Secret('sk-ant-ort01-test-old'),
  scopes: new Secret('user:inference user:profile'),
  accountId: new Secret(ACCOUNT),
  email: new Secret('ada@example.test'),
  plan: new Secret('max'),
}

function renewerWith(outcome: RenewalOutcome, clockOffset = 0) {
  const asked: { refresh: Secret; scopes: readonly string[] }[] = []
  const program = {
    renewalLimitMs: 75_000,
    read: readLoginFile,
    leftBehind: async () => [],
    renew: async (grant: (typeof asked)[number]) => {
      asked.push(grant)
      return outcome
    },
  }
  const renewer = anthropicRenewer(program, () => clockOffset)
  return { renewer, asked, renew: () => renewer.renew('claude/oauth', before, { timeoutMs: 1 }) }
}

describe('renewing a Claude login', () => {
  it('says when it ends by the clock that all share: the program goes by that of its machine', () => {
    const file = fileOf({ refreshTokenExpiresAt: 1_900_000_000_000 })
    for (const offset of [0, 120_000, -7_200_000]) {
      const remove = async () => undefined
      const { renewer } = renewerWith({ outcome: 'tokens', file, remove }, offset)
      expect(renewer.tokensIn('claude/oauth', file, before, 1)).toMatchObject({
        ...{ expiresAt: 1_800_000_000_000 + offset, endsAt: 1_900_000_000_000 + offset },
      })
      const unsaid = renewer.tokensIn('claude/oauth', fileOf(), before, 1)
      expect(unsaid?.endsAt).toBeNull()
    }
  })

  it('hands the program its refresh token and scopes, and takes the file as the answer', async () => {
    const file = fileOf()
    const remove = async () => undefined
    const { renewer, asked, renew } = renewerWith({ outcome: 'tokens', file, remove })
    expect(await renew()).toEqual({ kind: 'answered', raw: file, stored: remove })
    expect(asked[0]?.refresh.expose()).toBe('sk-ant-ort01-test-old')
    expect(asked[0]?.scopes).toEqual(['user:inference', 'user:profile'])
    expect(renewer.limitMs).toBe(75_000)
    // Each is a program, and memory has a limit.
    expect(renewer.atOnce).toBeLessThanOrEqual(4)
    expect(renewer.renews).toEqual(['claude/oauth'])
  })

  it.each([
    [
      { outcome: 'refused', message: 'no' },
      { kind: 'refused', reason: 'refused' },
    ],
    [
      { outcome: 'transient', message: 'no', mayBeUsedUp: false },
      { kind: 'failed', doubtful: false },
    ],
    [
      { outcome: 'transient', message: 'no', mayBeUsedUp: true },
      { kind: 'failed', doubtful: true },
    ],
    [
      { outcome: 'lost', message: 'no' },
      { kind: 'failed', doubtful: true },
    ],
    [
      { outcome: 'unavailable', message: 'no' },
      { kind: 'failed', doubtful: false },
    ],
  ] as const)('%o means %o', async (outcome, meaning) => {
    expect(await renewerWith(outcome).renew()).toMatchObject(meaning)
  })

  it('reads the tokens, and keeps what the file does not say', () => {
    const { renewer } = renewerWith({ outcome: 'lost', message: '' })
    const tokens = renewer.tokensIn('claude/oauth', fileOf({ subscriptionType: 'team plan' }), before, 0)
    expect(tokens).toMatchObject({
      ...{ renewable: true, digest: sha256('sk-ant-ort01-test-new') },
      ...{ expiresAt: 1_800_000_000_000, endsAt: null },
      account: { id: ACCOUNT, email: 'ada@example.test', plan: 'team-plan' },
    })
    expect(tokens?.content.values['access']?.expose()).toBe('sk-ant-oat01-test-new')
    expect(tokens?.content.values['email']?.expose()).toBe('ada@example.test')
    expect(JSON.stringify(tokens)).not.toContain('sk-ant-o')
  })

  it('finds none in a blank file, or in anything else', () => {
    const { renewer } = renewerWith({ outcome: 'lost', message: '' })
    const blank = fileOf({ accessToken: '', refreshToken: '', expiresAt: 0 })
    for (const raw of [blank, new Secret('<html>'), new Secret('{}')]) {
      expect(renewer.tokensIn('claude/oauth', raw, before, 0)).toBeNull()
    }
  })
})
