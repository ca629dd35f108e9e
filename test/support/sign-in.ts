// For tests of sign-ins: a provider that signs in whoever hands in `good`, and answers what a test tells it to.

import { Secret } from '../../src/domain/secret.ts'
import { checkFields } from '../../src/domain/values.ts'
import { sha256 } from '../../src/lib/digest.ts'
import type { SignIn, SignInMethod, SignInStep, TokenSet } from '../../src/providers/provider.ts'

export interface SignInOfTest extends SignIn {
  /** What was begun, in order: the method. */
  readonly begun: SignInMethod[]
  /** What was handed in. */
  readonly handedIn: string[]
  /** What the next questions come to, in turn; after them `good` signs in. */
  readonly steps: (SignInStep | (() => Promise<SignInStep>))[]
  /** What was cancelled. */
  readonly cancelled: string[]
  account: string
  /** What a good answer comes to. */
  good(): SignInStep
  cancel(kept: Secret): Promise<void>
}

let serial = 0

export function fakeSignIn(type: 'codex/oauth' | 'claude/oauth'): SignInOfTest {
  const next = async (pasted: string): Promise<SignInStep> => {
    const told = signIn.steps.shift()
    if (told !== undefined) return typeof told === 'function' ? told() : told
    if (pasted !== 'good')
      return { kind: 'goes-on', fault: 'pasted', message: 'That is no code.', hint: 'Paste it again.' }
    return signIn.good()
  }
  const signIn: SignInOfTest = {
    ...{ begun: [], handedIn: [], steps: [], cancelled: [], account: 'acct-1' },
    signsIn: type,
    good: () => ({ kind: 'signed-in', tokens: tokensOf(type, signIn.account) }),
    methods: type === 'codex/oauth' ? ['browser', 'paste', 'device'] : ['browser', 'paste'],
    staysHere: type === 'claude/oauth',
    async start(method, port) {
      signIn.begun.push(method)
      const kept = new Secret(`kept-${type}-${port}`)
      if (method !== 'device') return { kind: 'link', url: `https://provider.test/?port=${port}`, kept }
      const verificationUrl = 'https://provider.test/device'
      return { kind: 'device', userCode: 'ABCD-1234', verificationUrl, intervalMs: 5_000, kept }
    },
    async submit(kept, pasted) {
      if (!kept.expose().startsWith(`kept-${type}-`)) throw new Error('What was kept is something else.')
      signIn.handedIn.push(pasted.expose())
      return next(pasted.expose())
    },
    poll: () => next('good'),
    cancel: async (kept) => void signIn.cancelled.push(kept.expose()),
    read: (file) => ({ kind: 'login', type, tokens: tokensOf(type, signIn.account, file.expose()) }),
  }
  return signIn
}

function tokensOf(type: 'codex/oauth' | 'claude/oauth', account: string, given?: string): TokenSet {
  serial += 1
  const refresh = `rt-test-${given ?? serial}`
  const [email, plan] = ['ada@example.test', 'pro']
  const own =
    type === 'codex/oauth' ? { id: 'e30.e30.sig' } : { scopes: 'user:inference', organizationId: 'org-1' }
  const fields = { ...own, access: `at-test-${serial}-access`, refresh, accountId: account, email, plan }
  return {
    content: checkFields(type, 'oauth', fields),
    ...{ renewable: true, digest: sha256(refresh), expiresAt: Date.UTC(2030, 0, 1), endsAt: null },
    account: { id: account, email, plan },
  }
}
