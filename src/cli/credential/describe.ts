// A credential in words, the same in every verb. There is no value to show: the server never sends one.

import type { CredentialView, Output } from '../../api/schemas.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { flagFor, ownerTitle, type WhoAmI } from '../owner-flags.ts'
import { labelled, relativeTime } from '../text.ts'

/** For a sentence, for example `claude/api-key main (team:platform, …wxyz)`. */
export function shortly({ type, name, owner, suffix }: CredentialView, who: WhoAmI): string {
  const end = suffix === undefined || suffix === '' ? '' : `, …${suffix}`
  return `${type} ${name} (${ownerTitle(owner, who)}${end})`
}

/** The state, and until when or why. */
function stateInWords({ state, stateReason, stateUntil }: CredentialView, now: number): string {
  const until = stateUntil === null ? '' : `, ends ${relativeTime(stateUntil, now)}`
  return `${state}${until}${stateReason === '' ? '' : `: ${stateReason}`}`
}

/** What gives it a new login, when that is what it lacks; null when it is nothing that somebody signs in for. */
export function signInCommand({ type, name, owner, state }: CredentialView, who: WhoAmI): string | null {
  if (CREDENTIAL_TYPES[type].entry !== 'sign-in') return null
  const lacks = state === 'needs_login' || state === 'expiring'
  return lacks ? `claviger credential login ${[flagFor(owner, who), name].join(' ')}` : null
}

/** Everything there is to know about it, a line each. */
export function completely(credential: Output<'credentials.get'>, who: WhoAmI, now: number): string[] {
  const { name, owner, type, description, suffix, fields = {}, version, createdAt, updatedAt } = credential
  const { expiresAt, endsAt } = credential
  const at = (time: string | null | undefined) => (time ? `${relativeTime(time, now)} (${time})` : undefined)
  const definition = CREDENTIAL_TYPES[type]
  const labelOf = (field: string) => definition.fields.find((one) => one.name === field)?.label ?? field
  return labelled([
    ['name', name],
    ['owner', ownerTitle(owner, who)],
    ['type', `${type} (${definition.title})`],
    ['state', stateInWords(credential, now)],
    ['next', signInCommand(credential, who) ?? undefined],
    ['token until', at(expiresAt)],
    ['sign in by', at(endsAt)],
    ['description', description],
    ...Object.entries(fields).map(([field, value]) => [labelOf(field), value] as const),
    ['suffix', suffix === '' || suffix === undefined ? undefined : `…${suffix}`],
    ['version', version?.toString()],
    ['created', at(createdAt)],
    ['updated', at(updatedAt)],
    ['billed', definition.bills],
    ['id', credential.id],
  ])
}
