// Keeping a Claude login alive: by the unmodified claude program, and what its outcomes mean for the engine. Its login file
// is the answer, exactly as written.

import { Secret } from '../domain/secret.ts'
import type { FieldValues } from '../domain/values.ts'
import { bySharedClock, type ClockOffset, claudeTokens } from './claude/tokens.ts'
import type { LoginProgram, RenewalOutcome } from './login-program.ts'
import type { Renewal, RenewalFailure, Renewer, TokenEnds, TokenSet } from './provider.ts'

export type ClaudeRenewal = Pick<LoginProgram, 'renew' | 'read' | 'renewalLimitMs' | 'leftBehind'>

// Each is a program with 60 MB of its own, beside 57 MB that all share.
const AT_ONCE = 4

/** Renews `claude/oauth`. */
export function anthropicRenewer(program: ClaudeRenewal, clockOffset: ClockOffset = () => 0): Renewer {
  return {
    renews: ['claude/oauth'],
    // The program ends by itself: to end it earlier would lose logins.
    limitMs: program.renewalLimitMs,
    atOnce: AT_ONCE,
    leftBehind: () => program.leftBehind(),
    renew: async (_, fields, { note = '' }) => {
      const { refresh } = fields
      if (refresh === undefined) return { kind: 'refused', reason: 'refused' }
      return meaning(await program.renew({ refresh, scopes: scopesOf(fields), note }))
    },
    tokensIn: (_, raw, before) => tokensIn(program, raw, before, clockOffset),
    tokensOf: (_, fields, ends) => tokensOf(program, fields, ends),
  }
}

function meaning(outcome: RenewalOutcome): Renewal {
  switch (outcome.outcome) {
    case 'tokens':
      return { kind: 'answered', raw: outcome.file, stored: outcome.remove }
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

function tokensIn(
  { read }: ClaudeRenewal,
  raw: Secret,
  before: FieldValues,
  clockOffset: ClockOffset,
): TokenSet | null {
  const { login } = read(raw)
  return login && bySharedClock(claudeTokens(login, before), clockOffset)
}

// As the program writes them. The ends are by the clock that all share already.
function tokensOf({ read }: ClaudeRenewal, fields: FieldValues, ends: TokenEnds): TokenSet | null {
  const { access, refresh } = fields
  const tokens = { accessToken: access?.expose(), refreshToken: refresh?.expose() }
  const file = { claudeAiOauth: { ...tokens, expiresAt: ends.expiresAt, scopes: scopesOf(fields) } }
  const { login } = read(new Secret(JSON.stringify(file)))
  return login && { ...claudeTokens(login, fields), ...ends }
}
