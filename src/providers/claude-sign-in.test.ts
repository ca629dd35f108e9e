import { expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { claudeSignIn } from './claude-sign-in.ts'

const file = new Secret(
  JSON.stringify({
    claudeAiOauth: {
      accessToken: 'sk-ant-oat01-test-new',
      refreshToken: 'sk-ant-ort01-test-new',
      expiresAt: 1_800_000_000_000,
      scopes: ['user:inference'],
    },
  }),
)

it('says when a login ends by the clock that all share; a file of another machine is left as it is', async () => {
  const program = {
    url: 'https://claude.test/sign-in',
    expiresAt: Date.now() + 60_000,
    submit: async () => ({ outcome: 'signed_in', file, email: null }) as const,
    cancel: async () => undefined,
  }
  const signIn = claudeSignIn({ signIn: async () => program }, () => -7_200_000)
  const { kept } = await signIn.start('paste', 0)
  expect(await signIn.submit(kept, new Secret('code#state'), 1)).toMatchObject({
    ...{ kind: 'signed-in', tokens: { expiresAt: 1_799_992_800_000, endsAt: null } },
  })
  expect(signIn.read(file, 1)).toMatchObject({ kind: 'login', tokens: { expiresAt: 1_800_000_000_000 } })
})
