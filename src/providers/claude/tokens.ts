// A login of the claude program as a set of tokens: what it says of the account, and when things end.

import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { checkFields, type FieldValues } from '../../domain/values.ts'
import { sha256 } from '../../lib/digest.ts'
import type { ProgramLogin } from '../login-program.ts'
import type { TokenSet } from '../provider.ts'
import { readLoginFile } from './login-file.ts'

/** The tokens of a login file. Throws `invalid` when there are none; the message names the fault and no value. */
export function tokensOfFile(file: Secret, email: string): TokenSet {
  const reading = readLoginFile(file)
  if (reading.login !== null) return claudeTokens(reading.login, { email: new Secret(email) })
  throw new ClavigerError('invalid', reading.message, {
    hint: 'Nothing was stored. Sign in instead: claviger credential create claude oauth NAME',
  })
}

/** What the login does not say of its account stays as it is in `known`. */
export function claudeTokens(login: ProgramLogin, known: FieldValues): TokenSet {
  const fact = (name: string, said: string | null) => oneWord(said) || oneWord(known[name]?.expose() ?? null)
  const refresh = login.refresh.expose()
  const facts = {
    accountId: fact('accountId', login.accountId),
    email: fact('email', null),
    plan: fact('plan', login.subscriptionType),
    organizationId: fact('organizationId', login.organizationId),
    tier: fact('tier', login.rateLimitTier),
  }
  const fields = { access: login.access.expose(), refresh, scopes: login.scopes.join(' '), ...facts }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
  return {
    content: checkFields('claude/oauth', 'oauth', given),
    ...{ renewable: true, digest: sha256(refresh) },
    ...{ expiresAt: login.expiresAt, endsAt: login.refreshExpiresAt },
    account: { id: facts.accountId, email: facts.email, plan: facts.plan },
  }
}

/** Milliseconds by which the clock that all servers share is ahead of this machine's. */
export type ClockOffset = () => number

/** Tokens that the program got here: it says by this machine's clock when they end. */
export function bySharedClock(tokens: TokenSet, clockOffset: ClockOffset): TokenSet {
  const offset = clockOffset()
  const shared = (at: number | null) => (at === null ? null : at + offset)
  return { ...tokens, expiresAt: shared(tokens.expiresAt), endsAt: shared(tokens.endsAt) }
}

// Facts about an account are kept as one word each.
function oneWord(text: string | null): string {
  return (text ?? '').trim().replaceAll(/\s+/g, '-')
}
