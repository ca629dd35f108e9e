// A login file of the claude program as a set of tokens: what it says of the account, and when things end.

import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { checkFields } from '../../domain/values.ts'
import { sha256 } from '../../lib/digest.ts'
import type { TokenSet } from '../provider.ts'
import { readLoginFile } from './login-file.ts'

/** The tokens of a login file. Throws `invalid` when there are none; the message names the fault and no value. */
export function tokensOfFile(file: Secret, email: string): TokenSet {
  const reading = readLoginFile(file)
  if (reading.login === null) {
    throw new ClavigerError('invalid', reading.message, {
      hint: 'Nothing was stored. Sign in instead: claviger credential create claude oauth NAME',
    })
  }
  const { login } = reading
  const refresh = login.refresh.expose()
  const fields = {
    ...{ access: login.access.expose(), refresh, scopes: login.scopes.join(' ') },
    ...{ accountId: login.accountId ?? '', organizationId: login.organizationId ?? '', email },
    ...{ plan: login.subscriptionType ?? '', tier: login.rateLimitTier ?? '' },
  }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
  return {
    content: checkFields('claude/oauth', 'oauth', withoutBlanks(given)),
    ...{ renewable: true, digest: sha256(refresh) },
    ...{ expiresAt: login.expiresAt, endsAt: login.refreshExpiresAt },
    account: { id: fields.accountId, email, plan: fields.plan },
  }
}

// Facts are one word each; scopes are several.
function withoutBlanks(fields: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    name === 'scopes' ? value : value.replaceAll(/\s+/g, '-'),
  ])
  return Object.fromEntries(entries)
}
