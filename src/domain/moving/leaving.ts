// A credential that is on its way to another holder. Its values were handed out whole, and nobody renews or uses it here
// any more; it goes when the other one says that it has arrived. A new login or a new value ends that.

/** What is remembered of it, beside the credential. Times are milliseconds since 1970. */
export interface Leaving {
  /** The holder it goes to: whoever else asks for it does not get it. */
  readonly to: string
  /** What people call that holder. */
  readonly title: string
  /** The version of the credential that was handed out. */
  readonly version: number
  readonly by: string
  readonly at: number
}

/** The name of the fact that a credential is leaving. */
export function leavingFact(credentialId: string): string {
  return `leaving:${credentialId}`
}

/** Whether this fact, where there is one, says that the credential is on its way in its current version. */
export function leavingOf(
  fact: string | undefined,
  { version }: { readonly version: number },
): Leaving | null {
  if (fact === undefined) return null
  const leaving = JSON.parse(fact) as Leaving
  return leaving.version === version ? leaving : null
}
