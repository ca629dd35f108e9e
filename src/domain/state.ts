// The states a credential can be in: the same words in store, API, CLI, console and metrics.

export const CREDENTIAL_STATES = [
  'ok',
  'expiring',
  'refreshing',
  'cooling_down', // until a time
  'rejected', // a static one refused upstream; cleared by a new value or a passed test
  'needs_login',
  'quarantined', // restored from backup, unverified
  'blocked', // by policy or by the provider
] as const

export type CredentialState = (typeof CREDENTIAL_STATES)[number]

const EXPLANATION: Record<CredentialState, string> = {
  ok: 'usable',
  expiring: 'usable, but it expires soon',
  refreshing: 'usable while it is being refreshed',
  cooling_down: 'cooling down after its quota was used up',
  rejected: 'the provider refused it',
  needs_login: 'its owner must sign in again',
  quarantined: 'restored from a backup and not verified yet',
  blocked: 'blocked by policy or by the provider',
}

/** Whether a credential in this state may be handed out at `now` (milliseconds since 1970). */
export function isUsable(state: CredentialState, until: number | null, now: number): boolean {
  if (state === 'cooling_down') return until !== null && until <= now
  return state === 'ok' || state === 'expiring' || state === 'refreshing'
}

/** One clause for people, for example in `explain`. */
export function explainState(state: CredentialState): string {
  return EXPLANATION[state]
}
