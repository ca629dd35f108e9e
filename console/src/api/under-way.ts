// The sign-in at a provider that this window waits for: kept by the browser for as long as the window is, so that a page that
// is loaded again comes back to it.

import type { Output } from '../../../src/api/schemas.ts'

export type StartedLogin = Output<'logins.start'>

const KEY = 'claviger.sign-in'

export function keepUnderWay(login: StartedLogin): void {
  sessionStorage.setItem(KEY, JSON.stringify(login))
}

/** Null where none was under way. */
export function underWay(): StartedLogin | null {
  const kept = sessionStorage.getItem(KEY)
  return kept === null ? null : (JSON.parse(kept) as StartedLogin)
}

export function forgetUnderWay(): void {
  sessionStorage.removeItem(KEY)
}
