// When logins are renewed.

import { type SettingDefinition, wholeNumber, wrong } from './setting-checks.ts'

export const RENEWAL_SETTINGS = {
  renewMargin: {
    variable: 'CLAVIGER_RENEW_MARGIN_SECONDS',
    standard: '300',
    meaning: 'A login is renewed so many seconds before it ends, give or take a fifth.',
  },
  renewTimeout: {
    variable: 'CLAVIGER_RENEW_TIMEOUT_SECONDS',
    standard: '15',
    meaning: 'How long somebody waits for a provider to renew a login, in seconds.',
  },
  renewLease: {
    variable: 'CLAVIGER_RENEW_LEASE_SECONDS',
    standard: '45',
    meaning:
      'How long an answer of the provider is read for, in seconds. At least three times the timeout is wise.',
  },
  renewDead: {
    variable: 'CLAVIGER_RENEW_DEAD_SECONDS',
    standard: '4',
    meaning: 'A server that renews a login and says nothing for so many seconds counts as silent.',
  },
  renewGrace: {
    variable: 'CLAVIGER_RENEW_GRACE_SECONDS',
    standard: '60',
    meaning: 'How long a silent server may come back with the answer in its journal, in seconds.',
  },
  renewForcedEvery: {
    variable: 'CLAVIGER_RENEW_FORCED_SECONDS',
    standard: '300',
    meaning:
      'A login is renewed before its time, because a run was refused with it, at most once in so long.',
  },
} as const satisfies Record<string, SettingDefinition>

type Name = keyof typeof RENEWAL_SETTINGS

/** Milliseconds. */
export interface RenewalSettings {
  readonly margin: number
  readonly callTimeout: number
  readonly lease: number
  readonly dead: number
  readonly journalGrace: number
  readonly forcedEvery: number
}

/** Checked; throws `invalid` naming the setting. */
export function renewalSettings(given: Partial<Record<Name, string>>): RenewalSettings {
  const seconds = (name: Name, standard: number, most: number) =>
    wholeNumber(RENEWAL_SETTINGS[name], given[name] ?? String(standard), 1, most) * 1_000
  const [callTimeout, lease] = [seconds('renewTimeout', 15, 600), seconds('renewLease', 45, 3_600)]
  // With less than a call left nothing is ever sent, and it would be tried again without end.
  if (lease <= callTimeout)
    throw wrong(RENEWAL_SETTINGS.renewLease, 'is not longer than CLAVIGER_RENEW_TIMEOUT_SECONDS')
  return {
    ...{ margin: seconds('renewMargin', 300, 86_400), callTimeout, lease },
    dead: seconds('renewDead', 4, 600),
    journalGrace: seconds('renewGrace', 60, 86_400),
    forcedEvery: seconds('renewForcedEvery', 300, 86_400),
  }
}
