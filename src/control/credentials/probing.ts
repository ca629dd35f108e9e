// Asking a provider whether a value works, and what that means for the credential's state.

import type { CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { FieldValues } from '../../domain/values.ts'
import type { Probe, Provider } from '../../providers/provider.ts'
import type { CredentialRow } from '../../store/store.ts'
import type { Ports } from '../use-case.ts'

/** Whether a value is tried out before it is stored, and stored whatever comes of that. */
export interface Wanted {
  readonly test: boolean
  readonly saveAnyway: boolean
}

export interface Probing {
  /** Throws `invalid` for a type that nobody can be asked about. */
  mustBeAble(type: CredentialType): void
  isAble(type: CredentialType): boolean
  probe(type: CredentialType, fields: FieldValues): Promise<Probe>
  /**
   * Asks about a value that is to be stored, when that is wanted; null: it is not, or it is to be stored anyway and nobody
   * can be asked. Throws `rejected` or `upstream` unless the provider accepts it, or it is to be stored anyway.
   */
  tryOut(type: CredentialType, fields: FieldValues, wanted: Wanted): Promise<Probe | null>
}

export function createProbing({ providerOf }: Pick<Ports, 'providerOf'>): Probing {
  function providerFor(type: CredentialType): Provider {
    const provider = providerOf(type)
    if (provider?.probes.includes(type)) return provider
    throw new ClavigerError('invalid', `A ${type} credential cannot be tested.`, {
      hint: 'Nobody can be asked about it. When storing it, leave out --test.',
    })
  }
  async function probe(type: CredentialType, fields: FieldValues): Promise<Probe> {
    return providerFor(type).probe(type, fields)
  }
  return {
    mustBeAble: (type) => void providerFor(type),
    isAble: (type) => providerOf(type)?.probes.includes(type) === true,
    probe,
    async tryOut(type, fields, { test, saveAnyway }) {
      if (!test || (saveAnyway && providerOf(type)?.probes.includes(type) !== true)) return null
      const found = await probe(type, fields)
      const { result, message } = found
      if (saveAnyway || result === 'works' || result === 'limited') return found
      const code = result === 'unknown' ? 'upstream' : 'rejected'
      throw new ClavigerError(code, message, {
        hint: 'Nothing was stored. Leave out --test to store it all the same.',
      })
    },
  }
}

/** The state of a value that is stored after this was found; null: it was not asked about. */
export function stateOfNew(found: Probe | null): StateOf {
  if (found?.result !== 'refused') return { state: 'ok', stateReason: '', stateUntil: null }
  return REFUSED
}

/** As an answer says it. */
export function testedView(found: Probe | null): { result: Probe['result']; message: string } | null {
  return found === null ? null : { result: found.result, message: found.message }
}

type StateOf = Pick<CredentialRow, 'state' | 'stateReason' | 'stateUntil'>

const REFUSED: StateOf = {
  state: 'rejected',
  stateReason: 'the provider refused it when it was tested',
  stateUntil: null,
}

/** The state a credential has after a test: only a refusal or a success says anything about it. */
export function stateAfter(row: CredentialRow, { result }: Probe): StateOf {
  const isHeld = row.state === 'rejected' || row.state === 'blocked' || row.state === 'cooling_down'
  if (result === 'works' && isHeld) return { state: 'ok', stateReason: '', stateUntil: null }
  if (result === 'refused') return REFUSED
  return { state: row.state, stateReason: row.stateReason, stateUntil: row.stateUntil }
}
