// Asking a provider whether a value works, and what that means for the credential's state.

import type { CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { FieldValues } from '../../domain/values.ts'
import type { Probe, Provider } from '../../providers/provider.ts'
import type { CredentialRow } from '../../store/store.ts'
import type { Ports } from '../use-case.ts'

export interface Probing {
  /** Throws `invalid` for a type that nobody can be asked about. */
  mustBeAble(type: CredentialType): void
  isAble(type: CredentialType): boolean
  probe(type: CredentialType, fields: FieldValues): Promise<Probe>
  /** Throws `rejected` or `upstream` unless the provider accepts the value. */
  mustWork(type: CredentialType, fields: FieldValues): Promise<void>
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
    async mustWork(type, fields) {
      const { result, message } = await probe(type, fields)
      if (result === 'works' || result === 'limited') return
      const code = result === 'unknown' ? 'upstream' : 'rejected'
      throw new ClavigerError(code, message, {
        hint: 'Nothing was stored. Leave out --test to store it all the same.',
      })
    },
  }
}

/** The state a credential has after a test: only a refusal or a success says anything about it. */
export function stateAfter(
  row: CredentialRow,
  { result }: Probe,
): Pick<CredentialRow, 'state' | 'stateReason' | 'stateUntil'> {
  const isHeld = row.state === 'rejected' || row.state === 'blocked' || row.state === 'cooling_down'
  if (result === 'works' && isHeld) return { state: 'ok', stateReason: '', stateUntil: null }
  if (result === 'refused') {
    return { state: 'rejected', stateReason: 'the provider refused it when it was tested', stateUntil: null }
  }
  return { state: row.state, stateReason: row.stateReason, stateUntil: row.stateUntil }
}
