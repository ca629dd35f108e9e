// The texts of tokens: JSON Web Tokens with the claims Codex reads, and Anthropic's prefixed ones. They are
// signed with a key that lives as long as the process, which nobody needs to know.

import { createHmac, randomBytes } from 'node:crypto'
import type { Account, LoginFacts, Minter, OAuthProvider, Tokens } from './grants.ts'

const ID_TOKEN_SECONDS = 3600
const key = randomBytes(32)

/** Whom a sign-in is for unless the sandbox was told otherwise. */
export const defaultAccounts: Readonly<Record<OAuthProvider, Account>> = {
  openai: {
    id: 'acct-sandbox',
    email: 'person@sandbox.invalid',
    // For a managed plan Codex would demand the policies of a workspace first.
    plan: 'pro',
    userId: 'user-sandbox',
    organizationId: 'org-sandbox',
    organizationName: 'Sandbox',
  },
  anthropic: {
    id: '00000000-0000-4000-8000-000000000001',
    email: 'person@sandbox.invalid',
    plan: 'max',
    userId: 'user-sandbox',
    organizationId: '00000000-0000-4000-8000-0000000000aa',
    organizationName: 'Sandbox',
  },
}

export const minters: Readonly<Record<OAuthProvider, Minter>> = {
  openai: {
    accessToken: (login, account, issuedAt, expiresAt) =>
      jsonWebToken({
        aud: ['https://api.openai.com/v1'],
        ...claimsOf(login, account, issuedAt, expiresAt),
        'https://api.openai.com/profile': { email: account.email, email_verified: true },
        scp: login.scope.split(' '),
      }),
    refreshToken: () => `rt_sandbox_${unguessable()}`,
  },
  anthropic: {
    accessToken: () => `sk-ant-oat01-sandbox-${unguessable()}`,
    refreshToken: () => `sk-ant-ort01-sandbox-${unguessable()}`,
  },
}

/** The ID token that goes with OpenAI's tokens: an hour long, whatever the access token is. */
export function idToken({ login, account, issuedAt }: Tokens): string {
  return jsonWebToken({
    aud: [login.clientId],
    ...claimsOf(login, account, issuedAt, issuedAt + ID_TOKEN_SECONDS * 1000),
    email: account.email,
    email_verified: true,
  })
}

/** 256 random bits as base64url. */
export function unguessable(): string {
  return randomBytes(32).toString('base64url')
}

function claimsOf(login: LoginFacts, account: Account, issuedAt: number, expiresAt: number) {
  return {
    iss: 'https://auth.openai.com',
    sub: account.userId,
    iat: Math.floor(issuedAt / 1000),
    exp: Math.floor(expiresAt / 1000),
    jti: randomBytes(16).toString('hex'),
    client_id: login.clientId,
    'https://api.openai.com/auth': {
      chatgpt_account_id: account.id,
      chatgpt_plan_type: account.plan,
      chatgpt_user_id: account.userId,
      user_id: account.userId,
      chatgpt_account_is_fedramp: false,
      organization_id: account.organizationId,
      organizations: [{ id: account.organizationId, title: account.organizationName, is_default: true }],
    },
  }
}

function jsonWebToken(claims: object): string {
  const signed = `${base64Url({ alg: 'HS256', typ: 'JWT' })}.${base64Url(claims)}`
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

function base64Url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
