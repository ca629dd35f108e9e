// What is in the tokens of OpenAI: whose they are and when they end. Signatures are not checked: they came from the
// issuer itself, over TLS, and nothing is granted for what they say.

import { checkFields, type FieldValues } from '../domain/values.ts'
import { sha256 } from '../lib/digest.ts'
import { isObject, type JsonObject, textOf } from '../lib/json/ask-json.ts'
import type { Account, TokenSet } from './provider.ts'

const AUTH_CLAIM = 'https://api.openai.com/auth'
const PROFILE_CLAIM = 'https://api.openai.com/profile'

// A provider whose clock is off, or who lies, must not make us ask without end.
const SHORTEST_LIFE = 60_000
const LONGEST_LIFE = 366 * 24 * 3_600_000

/**
 * The tokens in the JSON of a token endpoint; what it does not bring stays as it was. Null when it brings no access
 * token. `at`: when it came, milliseconds since 1970.
 */
export function openAiTokens(json: JsonObject, before: FieldValues, at: number): TokenSet | null {
  const access = textOf(json['access_token'])
  if (access === '') return null
  const kept = (name: string) => before[name]?.expose() ?? ''
  const id = textOf(json['id_token']) || kept('id')
  const refresh = textOf(json['refresh_token']) || kept('refresh')
  const account = accountOf(claimsOf(id), claimsOf(access))
  // An id token that was kept says nothing of an access token that is new.
  const brought = accountOf(claimsOf(textOf(json['id_token'])), claimsOf(access))
  const accountId = brought.id || kept('accountId') || account.id
  const fields = {
    ...{ id, access, refresh, accountId },
    email: account.email || kept('email'),
    plan: account.plan || kept('plan'),
  }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
  return {
    content: checkFields('codex/oauth', 'oauth', given),
    renewable: refresh !== '',
    digest: refresh === '' ? '' : sha256(refresh),
    expiresAt: endOf(claimsOf(access), json['expires_in'], at),
    endsAt: null,
    account: { ...account, id: accountId },
    ...mintedAt(claimsOf(access)),
  }
}

/** The payload of a JWT; empty for anything else. */
export function claimsOf(token: string): JsonObject {
  const payload = token.split('.')[1] ?? ''
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return isObject(claims) ? claims : {}
  } catch {
    // An opaque token says nothing of itself.
    return {}
  }
}

function accountOf(...tokens: readonly JsonObject[]): Account {
  const find = (read: (claims: JsonObject) => unknown) =>
    tokens.map((claims) => textOf(read(claims))).find((text) => text !== '') ?? ''
  const within = (claims: JsonObject, claim: string) => {
    const inner = claims[claim]
    return isObject(inner) ? inner : {}
  }
  return {
    id: find((claims) => within(claims, AUTH_CLAIM)['chatgpt_account_id']),
    email: wordOf(find((claims) => claims['email'] || within(claims, PROFILE_CLAIM)['email'])),
    plan: wordOf(find((claims) => within(claims, AUTH_CLAIM)['chatgpt_plan_type'])),
  }
}

// These are for people only: what cannot be shown is left out, and never costs the tokens it came with.
function wordOf(text: string): string {
  return /^[\x21-\x7e]{1,500}$/.test(text) ? text : ''
}

// By our clock: how long the token lives counts, not what time the provider thinks it is.
function endOf({ exp, iat }: JsonObject, expiresIn: unknown, at: number): number | null {
  if (isNumber(exp) && isNumber(iat)) return at + lifeOf((exp - iat) * 1_000)
  if (isNumber(exp)) return at + lifeOf(exp * 1_000 - at)
  const seconds = typeof expiresIn === 'string' ? Number(expiresIn) : expiresIn
  return isNumber(seconds) ? at + lifeOf(seconds * 1_000) : null
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value)
}

function mintedAt({ iat }: JsonObject): Pick<TokenSet, 'mintedAt'> {
  return typeof iat === 'number' && Number.isFinite(iat) ? { mintedAt: iat * 1_000 } : {}
}

function lifeOf(milliseconds: number): number {
  return Math.round(Math.min(Math.max(milliseconds, SHORTEST_LIFE), LONGEST_LIFE))
}
