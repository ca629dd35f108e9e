// What serves a run, or is to serve it: as its record names it.

import type { OwnerText } from '../owner.ts'

/** A credential as the record of a run names it: it stays readable when the credential is gone. */
export interface ServingCredential {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly owner: string
  readonly suffix: string
  readonly generation: number
}

/** A credential that somebody has named for a run. One of the same name and owner, stored later, is the same to people. */
export interface NamedCredential {
  readonly id: string
  readonly name: string
  readonly owner: OwnerText
}

/** What is to serve a run. */
export interface RunPreference {
  /** It stands alone; null: whichever comes first. */
  readonly credential: NamedCredential | null
  /** Null: the program's own choice, or what the conversation had. */
  readonly model: string | null
}

/** What somebody has chosen in mid-conversation, instead of what the run was started with. */
export interface RunChoice extends RunPreference {
  /** Counts the choices of a run. */
  readonly count: number
}

/** What is to serve a run from its next turn on. */
export function preferenceOf(
  started: RunPreference,
  { chosen }: { readonly chosen?: RunChoice },
): RunPreference {
  return chosen ?? started
}

/** Why a lease is over, at the end of the sentence, when the run goes on with another. */
export const SUPERSEDED = 'another lease took its place'
