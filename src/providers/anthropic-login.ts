// Keeping a Claude login alive: by the unmodified claude program, and what its outcomes mean for the engine. Its login file
// is the answer, exactly as written.

import type { Secret } from '../domain/secret.ts'
import { checkFields, type FieldValues } from '../domain/values.ts'
import { sha256 } from '../lib/digest.ts'
import type { LoginProgram, RenewalOutcome } from './login-program.ts'
import type { Renewal, RenewalFailure, Renewer, TokenSet } from './provider.ts'

export type ClaudeRenewal = Pick<LoginProgram, 'renew' | 'read' | 'renewalLimitMs'>

/** Renews `claude/oauth`. */
export function anthropicRenewer(program: ClaudeRenewal): Renewer {
  return {
    renews: ['claude/oauth'],
    // The program ends by itself: to end it earlier would lose logins.
    limitMs: program.renewalLimitMs,
    renew: async (_, fields) => {
      const { refresh } = fields
      if (refresh === undefined) return { kind: 'refused', reason: 'refused' }
      return meaning(await program.renew({ refresh, scopes: scopesOf(fields) }))
    },
    tokensIn: (_, raw, before) => tokensIn(program, raw, before),
  }
}

function meaning(outcome: RenewalOutcome): Renewal {
  switch (outcome.outcome) {
    case 'tokens':
      return { kind: 'answered', raw: outcome.file }
    case 'refused':
      return { kind: 'refused', reason: 'refused' }
    case 'transient':
      return failed(outcome.message, outcome.mayBeUsedUp)
    // The old token may be forgiven once; the engine tries it a single time more.
    case 'lost':
      return failed(outcome.message, true)
    case 'unavailable':
      return failed(outcome.message, false)
  }
}

function failed(message: string, doubtful: boolean): RenewalFailure {
  return { kind: 'failed', doubtful, retryAfterMs: null, message }
}

function scopesOf({ scopes }: FieldValues): string[] {
  return (scopes?.expose() ?? '').split(' ').filter((scope) => scope !== '')
}

// What a renewal does not bring, such as the end of the chain and the person's address, stays as it was.
function tokensIn({ read }: ClaudeRenewal, raw: Secret, before: FieldValues): TokenSet | null {
  const { login } = read(raw)
  if (login === null) return null
  const kept = (name: string) => before[name]?.expose() ?? ''
  const refresh = login.refresh.expose()
  const account = {
    ...{ id: oneWord(login.accountId) || kept('accountId'), email: kept('email') },
    plan: oneWord(login.subscriptionType) || kept('plan'),
  }
  const fields = {
    ...{ access: login.access.expose(), refresh, scopes: login.scopes.join(' ') },
    ...{ accountId: account.id, email: account.email, plan: account.plan },
    organizationId: oneWord(login.organizationId) || kept('organizationId'),
    tier: oneWord(login.rateLimitTier) || kept('tier'),
  }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
  return {
    content: checkFields('claude/oauth', 'oauth', given),
    ...{ renewable: true, digest: sha256(refresh) },
    ...{ expiresAt: login.expiresAt, endsAt: login.refreshExpiresAt, account },
  }
}

// Facts about an account are kept as one word each.
function oneWord(text: string | null): string {
  return (text ?? '').trim().replaceAll(/\s+/g, '-')
}
