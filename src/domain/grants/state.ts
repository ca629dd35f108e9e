// What a grant means for its credential: the state that people and resolution see.

import type { CredentialState } from '../state.ts'
import { isGood } from './decide.ts'
import { type Grant, nextOrphan, type RefusalReason } from './grant.ts'

export interface ShownState {
  readonly state: CredentialState
  /** One clause for people; empty when there is nothing to say. */
  readonly reason: string
  readonly until: number | null
}

const WHY: Readonly<Record<RefusalReason, string>> = {
  expired: 'its login has come to its end',
  reused: 'its refresh token was used by somebody else',
  revoked: 'the login was revoked',
  other_account: 'the provider answered for another account',
  refused: 'the provider refuses to renew it',
}

const TWO_ANSWERS = 'its login has had two answers; one is kept until the other has worked'

/** The state at this moment. It changes by itself only when the access token of a login that is over ends. */
export function stateOf(grant: Grant, now: number): ShownState {
  const reason = whyOver(grant)
  if (grant.unverified && reason === null) return { state: 'quarantined', reason: '', until: null }
  if (reason === null)
    return { state: 'ok', reason: grant.orphans.length > 0 ? TWO_ANSWERS : '', until: null }
  if (!isGood(grant, { now })) return { state: 'needs_login', reason, until: null }
  return { state: 'expiring', reason: `${reason}; sign in again before it ends`, until: grant.expiresAt }
}

/** Why its login is over, as one clause; null while it is not. */
export function whyOver(grant: Grant): string | null {
  const { refusal, generation, renewable, rejected } = grant
  if (rejected !== generation && nextOrphan(grant) !== undefined) return null
  if (refusal?.generation === generation) return WHY[refusal.reason]
  if (rejected === generation) return 'the provider refuses it'
  return renewable ? null : 'it cannot be renewed'
}
