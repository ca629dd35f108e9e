// Reading the tokens out of an answer. Whatever it holds, nothing is thrown: an answer nobody can read must neither end the
// try that brought it without a word nor keep a server from starting.

import type { Secret } from '../../../domain/secret.ts'
import type { FieldValues } from '../../../domain/values.ts'
import type { TokenSet } from '../../../providers/provider.ts'
import type { CredentialRow } from '../../../store/store.ts'
import type { GrantPorts } from '../tools.ts'

/** Null when there are none in it, or none that can be stored. `at`: when it was asked for. */
export function tokensIn(
  { renewerOf, log }: GrantPorts,
  { type }: Pick<CredentialRow, 'type'>,
  raw: Secret,
  before: FieldValues,
  at: number,
): TokenSet | null {
  try {
    return renewerOf(type)?.tokensIn(type, raw, before, at) ?? null
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    log.error({ detail }, 'an answer of a provider cannot be read')
    return null
  }
}
