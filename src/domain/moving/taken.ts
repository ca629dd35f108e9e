// A refresh token that was renewed once is dead, and whoever sends it again ends the login that came of it. So it is
// remembered of which tokens logins were made that came from files of others: by their digests.

/** The name of the fact that a credential came of the login with this token; its value is the id of the credential. */
export function importedFact(digest: string): string {
  return `${IMPORTED}${digest}`
}

/** As `importedFact`, of a file of profiles, where a credential is known by its name. */
export function takenFact(digest: string): string {
  return `${TAKEN}${digest}`
}

export const IMPORTED = 'imported:'
export const TAKEN = 'taken:'

/** Digests of the tokens that this credential came of, by facts of both kinds. */
export function formerTokens(
  facts: Readonly<Record<string, string>>,
  { id, name }: { readonly id: string; readonly name: string },
): string[] {
  return Object.entries(facts).flatMap(([fact, value]) => {
    if (fact.startsWith(IMPORTED) && value === id) return [fact.slice(IMPORTED.length)]
    return fact.startsWith(TAKEN) && value === name ? [fact.slice(TAKEN.length)] : []
  })
}
