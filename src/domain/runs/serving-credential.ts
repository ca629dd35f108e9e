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
