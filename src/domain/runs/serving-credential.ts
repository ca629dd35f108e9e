// What served a run, as its record names it.

/** A credential as the record of a run names it: it stays readable when the credential is gone. */
export interface ServingCredential {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly owner: string
  readonly suffix: string
  readonly generation: number
}

/** Why a lease is over, at the end of the sentence, when the run goes on with another. */
export const SUPERSEDED = 'another lease took its place'
