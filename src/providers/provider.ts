// The port of whoever issued a credential: can it be used? One file a provider. It stores nothing and decides nothing;
// a missing ability is a missing method. Upstream bodies never leave a provider.

import type { CredentialType, ProviderName } from '../domain/credential-types.ts'
import type { FieldValues } from '../domain/values.ts'

/**
 * `works`: accepted. `refused`: the key is wrong, expired or revoked. `no_credit`: right key, nothing left to spend.
 * `limited`: right key, asked too often now. `forbidden`: right key that lacks a right we need. `unknown`: no answer to
 * rely on (network, outage); says nothing about the key.
 */
export type ProbeResult = 'works' | 'refused' | 'no_credit' | 'limited' | 'forbidden' | 'unknown'

export interface Probe {
  readonly result: ProbeResult
  /** One sentence for people, ours; never text of the provider. */
  readonly message: string
}

export interface Provider {
  readonly name: ProviderName
  /** Types it can probe. */
  readonly probes: readonly CredentialType[]
  /** Asks the provider with the least costly call that can tell no credit from a bad key. Never throws for an answer. */
  probe(type: CredentialType, fields: FieldValues): Promise<Probe>
}
